#include "core/manual_timers.hpp"

namespace mooring::core {

Timers::Id ManualTimers::arm(TimePoint at, std::function<void()> fire) {
  const Id id = ++last_id_;
  timers_.emplace(std::pair{at, id}, std::move(fire));
  times_.emplace(id, at);
  return id;
}

void ManualTimers::cancel(Id id) {
  const auto found = times_.find(id);
  if (found == times_.end()) return;
  timers_.erase({found->second, id});
  times_.erase(found);
}

void ManualTimers::advance(Duration by) {
  const TimePoint until = now_ + by;
  while (!timers_.empty() && timers_.begin()->first.first <= until) fire_first();
  now_ = until;
}

bool ManualTimers::advance_to_next() {
  if (timers_.empty()) return false;
  fire_first();
  return true;
}

std::optional<TimePoint> ManualTimers::next() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

void ManualTimers::fire_first() {
  auto timer = timers_.extract(timers_.begin());
  times_.erase(timer.key().second);
  if (timer.key().first > now_) now_ = timer.key().first;
  timer.mapped()();
}

}  // namespace mooring::core
