#include "gateway/log_level.hpp"

#include <algorithm>
#include <array>

namespace mooring::gateway {

namespace {
constexpr std::array<std::string_view, 8> names = {"debug", "info",     "notice", "warning",
                                                   "error", "critical", "alert",  "emergency"};
}

std::optional<int> log_severity(std::string_view level) {
  const auto found = std::ranges::find(names, level);
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

std::string_view log_level_name(int severity) {
  return names.at(static_cast<std::size_t>(severity));
}

bool is_wanted(std::string_view least, const protocol::Frame& log_message) {
  const auto wanted = log_severity(least);
  const auto severity = log_severity(protocol::string_member(log_message.params(), "level"));
  return wanted && severity && *severity >= *wanted;
}

}  // namespace mooring::gateway
