#include "io/coarse_timers.hpp"

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
  const Tick tick = tick_of(at);
  const Place place = take_slot();
  auto& slot = slots_[place];
  auto& list = ticks_.try_emplace(tick, List{.tick = tick}).first->second;
  slot.fire = std::move(fire);
  slot.list = &list;
  slot.before = std::exchange(list.last, place);
  slot.after = nowhere;
  (slot.before == nowhere ? list.first : slots_[slot.before].after) = place;
  if (waiting_for_ == 0 || tick < waiting_for_) wait_for(tick);
  return (Id{slot.taken} << 32) | place;
}

void CoarseTimers::cancel(Id id) {
  const auto place = static_cast<Place>(id);
  if (place >= slots_.size()) return;
  const auto& slot = slots_[place];
  if (slot.list != nullptr && slot.taken == id >> 32) release(place);
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
  auto& list = *std::exchange(slot.list, nullptr);
  (slot.before == nowhere ? list.first : slots_[slot.before].after) = slot.after;
  (slot.after == nowhere ? list.last : slots_[slot.after].before) = slot.before;
  if (list.first == nowhere) ticks_.erase(list.tick);
  slot.after = std::exchange(free_, place);
  return std::exchange(slot.fire, nullptr);
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
  while (!ticks_.empty()) {
    const auto& next = ticks_.begin()->second;
    if (time_of(next.tick) > due) {
      if (waiting_for_ == 0 || next.tick < waiting_for_) wait_for(next.tick);
      return;
    }
    release(next.first)();
  }
}

}  // namespace mooring::io
