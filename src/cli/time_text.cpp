#include "cli/time_text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace mooring::cli {

namespace {

std::tm local(Moment time) {
  const auto seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

std::string span(std::chrono::milliseconds duration) {
  const auto ms = std::max<long long>(duration.count(), 0);
  const auto seconds = ms / 1000;
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 10'000 && ms % 1000 != 0) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / 86400);
}

std::string ago(Moment time, Moment now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - time);
  return (seconds.count() <= 0 ? "0 s" : span(seconds)) + " ago";
}

std::string when(Moment time, Moment now) {
  const auto then = local(time);
  const auto today = local(now);
  if (then.tm_year == today.tm_year && then.tm_yday == today.tm_yday) {
    return fmt::format("{:%H:%M:%S}", then);
  }
  const auto apart = now > time ? now - time : time - now;
  if (apart < std::chrono::hours(300 * 24)) return fmt::format("{:%b %d %H:%M:%S}", then);
  return fmt::format("{:%Y-%m-%d %H:%M}", then);
}

}  // namespace mooring::cli
