#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/timers.hpp"
#include "io/asio.hpp"

namespace mooring::io {

/// Real time for one event loop: all timers share one kernel timer, their deadlines rounded up to a
/// grid of 8 ms, on a wheel that turns once a minute. A deadline that is armed and cancelled once a
/// call costs a place in the list of its spoke and nothing else. Never early.
class CoarseTimers final : public core::Timers {
 public:
  explicit CoarseTimers(asio::io_context& context);

  core::TimePoint now() const override { return held_ ? *held_ : std::chrono::steady_clock::now(); }
  /// Until `go_on`, `now` says what time it is now: a call asks ten times, and asking the system
  /// costs as much as a memory allocation.
  void hold() { held_ = std::chrono::steady_clock::now(); }
  void go_on() { held_.reset(); }
  Id arm(core::TimePoint at, std::function<void()> fire) override;
  void cancel(Id id) override;

 private:
  using Tick = std::uint64_t;
  using Place = std::uint32_t;
  static constexpr Place nowhere = ~Place{0};
  static constexpr std::size_t spokes = 8192;
  /// The timers whose ticks are the same modulo `spokes`, in the order in which they were armed.
  struct Spoke {
    Place first = nowhere;
    Place last = nowhere;
  };
  /// A timer, or room for one. Its id is its place and how often that was taken before.
  struct Slot {
    std::function<void()> fire;
    Tick tick = 0;  ///< 0: free
    Place before = nowhere;
    Place after = nowhere;  ///< of a free one: the next that is free
    std::uint32_t taken = 0;
  };

  Tick tick_of(core::TimePoint at) const;
  core::TimePoint time_of(Tick tick) const;
  Place take_slot();
  std::function<void()> release(Place place);
  std::optional<Place> due_in(const Spoke& spoke, Tick tick) const;
  std::optional<Tick> next_tick() const;
  void wait_for(Tick tick);
  void fire_due();

  std::optional<core::TimePoint> held_;
  core::TimePoint start_;
  boost::asio::steady_timer timer_;
  std::vector<Spoke> wheel_ = std::vector<Spoke>(spokes);
  std::array<std::uint64_t, spokes / 64> taken_ = {};  ///< a bit for each spoke that holds timers
  std::vector<Slot> slots_;
  Place free_ = nowhere;
  Tick now_at_ = 1;       ///< no timer is for an earlier tick
  Tick waiting_for_ = 0;  ///< 0: not waiting
};

}  // namespace mooring::io
