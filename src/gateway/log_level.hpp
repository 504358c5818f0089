#pragma once

#include <optional>
#include <string_view>

namespace mooring::gateway {

/// Severity of a `notifications/message` (RFC 5424 names, specification "Logging"), 0 = debug … 7 =
/// emergency.
std::optional<int> log_severity(std::string_view level);
std::string_view log_level_name(int severity);

}  // namespace mooring::gateway
