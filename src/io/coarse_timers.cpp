#include "io/coarse_timers.hpp"

namespace mooring::io {

namespace {
constexpr std::chrono::steady_clock::duration grid = std::chrono::milliseconds(8);
constexpr std::uint64_t last_tick = (std::uint64_t{1} << 40) - 1;  // some 270 years
}  // namespace

CoarseTimers::CoarseTimers(asio::io_context& context) : start_(now() - grid), timer_(context) {}

CoarseTimers::Tick CoarseTimers::tick_of(core::TimePoint at) const {
  if (at <= start_ + grid) return 1;
  const auto ticks = (at - start_ - std::chrono::steady_clock::duration(1)) / grid + 1;
  return std::min(static_cast<Tick>(ticks), last_tick);
}

core::TimePoint CoarseTimers::time_of(Tick tick) const {
  return start_ + grid * static_cast<std::chrono::steady_clock::rep>(tick);
}

core::Timers::Id CoarseTimers::arm(core::TimePoint at, std::function<void()> fire) {
  const Tick tick = tick_of(at);
  Id id = 0;
  do {
    sequence_ = (sequence_ + 1) & ((Id{1} << sequence_bits) - 1);
    id = (tick << sequence_bits) | sequence_;
  } while (!armed_.try_emplace(id, std::move(fire)).second);
  if (waiting_for_ == 0 || tick < waiting_for_) wait_for(tick);
  return id;
}

void CoarseTimers::cancel(Id id) { armed_.erase(id); }

void CoarseTimers::wait_for(Tick tick) {
  waiting_for_ = tick;
  timer_.expires_at(time_of(tick));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) fire_due();
  });
}

void CoarseTimers::fire_due() {
  waiting_for_ = 0;
  const auto due = now();
  while (!armed_.empty()) {
    const auto first = armed_.begin();
    const Tick tick = first->first >> sequence_bits;
    if (time_of(tick) > due) {
      if (waiting_for_ == 0 || tick < waiting_for_) wait_for(tick);
      return;
    }
    auto fire = std::move(first->second);
    armed_.erase(first);
    fire();
  }
}

}  // namespace mooring::io
