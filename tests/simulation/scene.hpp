#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "draw.hpp"

namespace mooring::simulation {

/// A promise that was broken.
struct Violation {
  std::string rule;  ///< which, in one word
  std::string what;
  Duration at{0};  ///< since the beginning
};

/// What all actors of a run share: the time, what happens at which time, the written story, and the
/// first violation.
class Scene {
 public:
  explicit Scene(TimePoint begin, bool tell) : begin_(begin), now_(begin), tell_(tell) {}

  TimePoint now() const { return now_; }
  Duration since_begin() const { return std::chrono::duration_cast<Duration>(now_ - begin_); }
  void at(TimePoint when, std::function<void()> what) {
    events_.emplace(std::pair{std::max(when, now_), ++last_}, std::move(what));
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  std::optional<TimePoint> next() const {
    if (events_.empty()) return std::nullopt;
    return events_.begin()->first.first;
  }
  void move_to(TimePoint when) { now_ = std::max(now_, when); }
  /// One event that is due. False: none is.
  bool run_one() {
    if (events_.empty() || events_.begin()->first.first > now_) return false;
    auto event = events_.extract(events_.begin());
    event.mapped()();
    return true;
  }

  template <class... Args>
  void tell(std::string_view who, fmt::format_string<Args...> text, Args&&... args) {
    if (!tell_) return count();
    const auto line = fmt::format(text, std::forward<Args>(args)...);
    const auto ms = since_begin().count();
    fmt::print(stderr, "{:>5}.{:03} s  {:<8} {}\n", ms / 1000, ms % 1000, who, line);
    count();
  }
  template <class... Args>
  void broken(std::string_view rule, fmt::format_string<Args...> text, Args&&... args) {
    if (violation_) return;
    violation_ =
        Violation{std::string(rule), fmt::format(text, std::forward<Args>(args)...), since_begin()};
    tell("BROKEN", "{}: {}", violation_->rule, violation_->what);
  }
  const std::optional<Violation>& violation() const { return violation_; }
  /// Differs where two runs differed in what happened when.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  void count() {
    const auto ms = static_cast<std::uint64_t>(since_begin().count());
    fingerprint_ = (fingerprint_ ^ (ms + 1)) * 0x100000001b3ULL;
  }

  TimePoint begin_, now_;
  bool tell_;
  std::uint64_t last_ = 0;
  std::uint64_t fingerprint_ = 0xcbf29ce484222325ULL;
  std::map<std::pair<TimePoint, std::uint64_t>, std::function<void()>> events_;
  std::optional<Violation> violation_;
};

}  // namespace mooring::simulation
