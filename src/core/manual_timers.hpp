#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/timers.hpp"

namespace mooring::core {

/// Time for tests: stands still until told otherwise. Timers fire in order of their time, and of
/// arming where that is equal; one armed by a callback fires within the same `advance` when it is
/// due by then. On the owning thread only.
class ManualTimers final : public Timers {
 public:
  explicit ManualTimers(TimePoint start = TimePoint(std::chrono::hours(1))) : now_(start) {}

  TimePoint now() const override { return now_; }
  Id arm(TimePoint at, std::function<void()> fire) override;
  void cancel(Id id) override;
  using Timers::arm_after;

  /// Moves the clock on and fires what is due, the clock standing at each timer's own time while it
  /// fires.
  void advance(Duration by);
  /// Moves the clock to the next timer and fires it. False: none is armed.
  bool advance_to_next();
  std::optional<TimePoint> next() const;
  std::size_t armed() const { return timers_.size(); }

 private:
  void fire_first();

  TimePoint now_;
  Id last_id_ = 0;
  std::map<std::pair<TimePoint, Id>, std::function<void()>> timers_;
  std::unordered_map<Id, TimePoint> times_;  ///< of what is armed
};

}  // namespace mooring::core
