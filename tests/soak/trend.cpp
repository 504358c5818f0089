#include "soak/trend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace mooring::soak {
namespace {

struct Figure {
  const char* name;
  std::size_t Vitals::* what;
  double share;      ///< growth that is no growth: of the early figure,
  std::size_t plus;  ///< and that much besides
};

// RSS: large results are in hand at random, and the allocator keeps what a peak needed: a tenth of
// a gateway's usual size either way. Descriptors: each call in hand is a connection or two, and
// hung servers make calls pile up. Threads: none is ever made after the start.
constexpr std::array figures{
    Figure{"RSS KiB", &Vitals::rss_kib, 0.15, 6 * 1024},
    Figure{"descriptors", &Vitals::descriptors, 0.25, 16},
    Figure{"threads", &Vitals::threads, 0, 0},
};

}  // namespace

Trend::Trend(double seconds)
    : warm_(std::min(120.0, seconds / 3)), length_(std::max(10.0, seconds / 6)) {}

void Trend::add(double at, const Vitals& now) { samples_.push_back({at, now}); }

std::size_t Trend::median(std::size_t Vitals::* what, double from, double to) const {
  std::vector<std::size_t> values;
  for (const auto& sample : samples_) {
    if (sample.at >= from && sample.at <= to) values.push_back(sample.vitals.*what);
  }
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Trend::Windows Trend::windows(std::size_t Vitals::* what) const {
  const double end = samples_.back().at;
  std::size_t most = 0;
  for (const auto& sample : samples_) most = std::max(most, sample.vitals.*what);
  return {median(what, warm_, warm_ + length_), median(what, end - length_, end), most};
}

void Trend::check(Journal& journal) const {
  for (const auto& figure : figures) {
    const auto found = windows(figure.what);
    const auto allowed =
        static_cast<double>(found.early) * (1 + figure.share) + static_cast<double>(figure.plus);
    if (static_cast<double>(found.late) <= allowed) continue;
    journal.violation(
        fmt::format("{} grow", figure.name),
        fmt::format(
            "median {} from {:.0f} s on, {} in the last {:.0f} s; allowed are {:.0f}", found.early,
            warm_, found.late, length_, allowed
        )
    );
  }
}

std::vector<std::string> Trend::lines() const {
  std::vector<std::string> all = {"seconds,rss_kib,descriptors,threads"};
  for (const auto& [at, now] : samples_) {
    all.push_back(fmt::format("{:.1f},{},{},{}", at, now.rss_kib, now.descriptors, now.threads));
  }
  return all;
}

std::string Trend::table() const {
  std::string text;
  for (const auto& figure : figures) {
    const auto found = windows(figure.what);
    text += fmt::format(
        "  {:<12} {:>8} after warm-up  {:>8} at the end  {:>8} at most\n", figure.name, found.early,
        found.late, found.most
    );
  }
  return text;
}

}  // namespace mooring::soak
