#include "core/rfc3339.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace mooring::core {

namespace {

using Clock = std::chrono::system_clock;
namespace chrono = std::chrono;

/// Takes text from its front; once something was not as expected, `good` stays false.
struct Reader {
  std::string_view text;
  bool good = true;

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') {
        good = false;
        return 0;
      }
      value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return value;
  }
  bool take(std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) { good = take(any_of) && good; }

  chrono::milliseconds fraction() {
    if (!take(".,")) return {};
    int value = 0;
    int scale = 100;
    std::size_t count = 0;
    for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++count) {
      value += (text.front() - '0') * scale;
      scale /= 10;
      text.remove_prefix(1);
    }
    good = good && count > 0;
    return chrono::milliseconds(value);
  }
  /// What has to be taken off to get UTC.
  chrono::minutes offset() {
    if (take("Zz")) return {};
    const bool east = !text.empty() && text.front() == '+';
    expect("+-");
    const int hours = digits(2);
    expect(":");
    const int minutes = digits(2);
    good = good && hours < 24 && minutes < 60;
    const auto all = chrono::hours(hours) + chrono::minutes(minutes);
    return east ? all : -all;
  }
};

}  // namespace

std::string rfc3339(Clock::time_point time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(Clock::to_time_t(time)));
}

std::string rfc3339_millis(Clock::time_point time) {
  const auto whole = chrono::floor<chrono::seconds>(time);
  const auto millis = chrono::duration_cast<chrono::milliseconds>(time - whole).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(Clock::to_time_t(whole)), millis);
}

std::optional<Clock::time_point> parse_rfc3339(std::string_view text) {
  Reader read{text};
  const chrono::year year(read.digits(4));
  read.expect("-");
  const chrono::month month(static_cast<unsigned>(read.digits(2)));
  read.expect("-");
  const chrono::day day(static_cast<unsigned>(read.digits(2)));
  read.expect("Tt ");
  const int hours = read.digits(2);
  read.expect(":");
  const int minutes = read.digits(2);
  read.expect(":");
  const int seconds = read.digits(2);
  const auto fraction = read.fraction();
  const auto offset = read.offset();
  const chrono::year_month_day date(year, month, day);
  // 60: a leap second, which the clock does not know; it is the next second.
  const bool possible = hours < 24 && minutes < 60 && seconds <= 60 && date.ok();
  if (!read.good || !read.text.empty() || !possible) return std::nullopt;
  return chrono::sys_days(date) + chrono::hours(hours) + chrono::minutes(minutes) +
         chrono::seconds(seconds) + fraction - offset;
}

}  // namespace mooring::core
