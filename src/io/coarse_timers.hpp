#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <vector>

#include "core/timers.hpp"
#include "io/asio.hpp"

namespace mooring::io {

/// Real time for one event loop: all timers share one kernel timer, their deadlines rounded up to a
/// grid of 8 ms, so that a deadline that is armed and cancelled once a call costs a place in the
/// list of its tick and nothing else. Never early.
class CoarseTimers final : public core::Timers {
 public:
  explicit CoarseTimers(asio::io_context& context);

  core::TimePoint now() const override { return std::chrono::steady_clock::now(); }
  Id arm(core::TimePoint at, std::function<void()> fire) override;
  void cancel(Id id) override;

 private:
  using Tick = std::uint64_t;
  using Place = std::uint32_t;
  static constexpr Place nowhere = ~Place{0};
  /// The timers of one tick, in the order in which they were armed.
  struct List {
    Tick tick = 0;
    Place first = nowhere;
    Place last = nowhere;
  };
  /// A timer, or room for one. Its id is its place and how often that was taken before.
  struct Slot {
    std::function<void()> fire;
    List* list = nullptr;  ///< null: free
    Place before = nowhere;
    Place after = nowhere;  ///< of a free one: the next that is free
    std::uint32_t taken = 0;
  };

  Tick tick_of(core::TimePoint at) const;
  core::TimePoint time_of(Tick tick) const;
  Place take_slot();
  std::function<void()> release(Place place);
  void wait_for(Tick tick);
  void fire_due();

  core::TimePoint start_;
  boost::asio::steady_timer timer_;
  std::map<Tick, List> ticks_;  ///< none of them empty
  std::vector<Slot> slots_;
  Place free_ = nowhere;
  Tick waiting_for_ = 0;  ///< 0: not waiting
};

}  // namespace mooring::io
