#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::core {

/// "2027-01-15T08:00:00Z" (RFC 3339, whole seconds, UTC).
std::string rfc3339(std::chrono::system_clock::time_point time);
/// "2027-01-15T08:00:00.250Z"
std::string rfc3339_millis(std::chrono::system_clock::time_point time);
/// Any RFC 3339 date-time: fractions (to milliseconds) and offsets too. Nothing where it is none.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);

}  // namespace mooring::core
