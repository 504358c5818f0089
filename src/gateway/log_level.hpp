#pragma once

#include <optional>
#include <string_view>

#include "protocol/frame.hpp"

namespace mooring::gateway {

/// Severity of a `notifications/message` (RFC 5424 names, specification "Logging"), 0 = debug … 7 =
/// emergency.
std::optional<int> log_severity(std::string_view level);
std::string_view log_level_name(int severity);
/// A modern client says with each request from which level on it wants `notifications/message`;
/// without a word (`least` empty), none.
bool is_wanted(std::string_view least, const protocol::Frame& log_message);

}  // namespace mooring::gateway
