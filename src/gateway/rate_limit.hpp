#pragma once

#include <deque>

#include "core/clock.hpp"

namespace mooring::gateway {

/// At most `per_minute` events in any 60 s.
class RateLimit {
 public:
  explicit RateLimit(int per_minute) : per_minute_(per_minute) {}
  bool allow(core::TimePoint now);

 private:
  int per_minute_;
  std::deque<core::TimePoint> recent_;
};

}  // namespace mooring::gateway
