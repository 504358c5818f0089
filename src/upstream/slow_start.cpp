#include "upstream/slow_start.hpp"

#include <algorithm>

namespace mooring::upstream {

void SlowStart::begin() {
  const auto now = timers_.now();
  const bool short_lived = began_ != core::TimePoint{} && now - began_ < length;
  began_ = now;
  if (short_lived) until_ = now + length;
}

awaitable<bool> SlowStart::enter(io::AbortSource& abort) {
  while (!try_enter()) {
    const auto turn = std::make_shared<io::Event>(executor_, timers_);
    waiting_.push_back(turn);
    co_await turn->wait(until_, &abort);
    if (const auto still = std::ranges::find(waiting_, turn); still != waiting_.end())
      waiting_.erase(still);
    if (abort.aborted()) {
      // A turn that came at the same moment is for the next.
      pass_on();
      co_return false;
    }
  }
  co_return true;
}

void SlowStart::leave() {
  --inside_;
  pass_on();
}

void SlowStart::pass_on() {
  if (waiting_.empty() || inside_ >= window) return;
  waiting_.front()->set();
  waiting_.pop_front();
}

}  // namespace mooring::upstream
