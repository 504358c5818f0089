#pragma once

#include <chrono>

namespace mooring::core {

/// Monotonic time, as every deadline and every backoff uses it.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::milliseconds;

}  // namespace mooring::core
