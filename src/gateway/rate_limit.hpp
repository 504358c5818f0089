#pragma once

#include <deque>

#include "core/clock.hpp"

namespace mooring::gateway {

/// At most so many events in any 60 s.
class RateLimit {
 public:
  /// The limit may change from one event to the next.
  bool allow(core::TimePoint now, int per_minute);

 private:
  std::deque<core::TimePoint> recent_;
};

}  // namespace mooring::gateway
