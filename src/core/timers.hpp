#pragma once

#include <cstdint>
#include <functional>

#include "core/clock.hpp"

namespace mooring::core {

/// The only source of time and of waiting. One instance belongs to one worker and is used on its
/// thread alone. Callbacks run on that thread, never from inside `arm`. Real timers are coarse:
/// they fire up to 10 ms late, never early.
class Timers {
 public:
  using Id = std::uint64_t;  ///< 0 is never a live timer

  virtual ~Timers() = default;
  virtual TimePoint now() const = 0;
  /// Calls `fire` once, as soon as `now() >= at`.
  virtual Id arm(TimePoint at, std::function<void()> fire) = 0;
  /// After this `fire` is not called. Unknown and fired ids are ignored.
  virtual void cancel(Id id) = 0;

  Id arm_after(Duration delay, std::function<void()> fire) {
    return arm(now() + delay, std::move(fire));
  }
};

}  // namespace mooring::core
