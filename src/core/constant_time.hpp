#pragma once

#include <string_view>

namespace mooring::core {

/// Equality whose duration tells nothing about where two secrets differ (their lengths are not
/// hidden).
bool constant_time_equal(std::string_view left, std::string_view right);

}  // namespace mooring::core
