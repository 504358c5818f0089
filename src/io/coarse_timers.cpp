#include "io/coarse_timers.hpp"

#include <algorithm>
#include <bit>
#include <utility>

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
  const Tick tick = std::max(tick_of(at), now_at_);
  const Place place = take_slot();
  auto& slot = slots_[place];
  auto& spoke = wheel_[tick % spokes];
  slot.fire = std::move(fire);
  slot.tick = tick;
  slot.before = std::exchange(spoke.last, place);
  slot.after = nowhere;
  (slot.before == nowhere ? spoke.first : slots_[slot.before].after) = place;
  taken_[tick % spokes / 64] |= std::uint64_t{1} << (tick % 64);
  if (waiting_for_ == 0 || tick < waiting_for_) wait_for(tick);
  return (Id{slot.taken} << 32) | place;
}

void CoarseTimers::cancel(Id id) {
  const auto place = static_cast<Place>(id);
  if (place >= slots_.size()) return;
  const auto& slot = slots_[place];
  if (slot.tick != 0 && slot.taken == id >> 32) release(place);
}

CoarseTimers::Place CoarseTimers::take_slot() {
  if (free_ == nowhere) {
    slots_.emplace_back();
    free_ = static_cast<Place>(slots_.size() - 1);
  }
  const Place place = free_;
  free_ = slots_[place].after;
  // Never 0, so that no id is.
  if (++slots_[place].taken == 0) ++slots_[place].taken;
  return place;
}

std::function<void()> CoarseTimers::release(Place place) {
  auto& slot = slots_[place];
  const auto at = std::exchange(slot.tick, 0) % spokes;
  auto& spoke = wheel_[at];
  (slot.before == nowhere ? spoke.first : slots_[slot.before].after) = slot.after;
  (slot.after == nowhere ? spoke.last : slots_[slot.after].before) = slot.before;
  if (spoke.first == nowhere) taken_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
  slot.after = std::exchange(free_, place);
  return std::exchange(slot.fire, nullptr);
}

/// Others of the spoke are for a later turn of the wheel.
std::optional<CoarseTimers::Place> CoarseTimers::due_in(const Spoke& spoke, Tick tick) const {
  for (Place place = spoke.first; place != nowhere; place = slots_[place].after) {
    if (slots_[place].tick <= tick) return place;
  }
  return std::nullopt;
}

/// When to look again: nothing can be due before.
std::optional<CoarseTimers::Tick> CoarseTimers::next_tick() const {
  Tick tick = now_at_;
  // One word more than there are: the first is looked at from the middle on.
  for (std::size_t words = 0; words <= taken_.size(); ++words) {
    const auto ahead = taken_[tick % spokes / 64] >> (tick % 64);
    if (ahead != 0) return tick + static_cast<Tick>(std::countr_zero(ahead));
    tick += 64 - tick % 64;
  }
  return std::nullopt;
}

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
  while (const auto tick = next_tick()) {
    if (time_of(*tick) > due) {
      if (waiting_for_ == 0 || *tick < waiting_for_) wait_for(*tick);
      return;
    }
    // What is armed meanwhile for a time that has passed comes last on this spoke.
    now_at_ = *tick;
    while (const auto place = due_in(wheel_[*tick % spokes], *tick)) release (*place)();
    ++now_at_;
  }
}

}  // namespace mooring::io
