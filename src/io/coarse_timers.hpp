#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>

#include "core/timers.hpp"
#include "io/asio.hpp"

namespace mooring::io {

/// Real time for one event loop: all timers share one kernel timer, their deadlines rounded up to a
/// grid of 8 ms, so that a deadline that is armed and cancelled once a call costs a map insertion
/// and nothing else. Never early.
class CoarseTimers final : public core::Timers {
 public:
  explicit CoarseTimers(asio::io_context& context);

  core::TimePoint now() const override { return std::chrono::steady_clock::now(); }
  Id arm(core::TimePoint at, std::function<void()> fire) override;
  void cancel(Id id) override;

 private:
  /// A timer's id is its place in time: the tick of the grid above, a running number below.
  static constexpr unsigned sequence_bits = 24;
  using Tick = std::uint64_t;

  Tick tick_of(core::TimePoint at) const;
  core::TimePoint time_of(Tick tick) const;
  void wait_for(Tick tick);
  void fire_due();

  core::TimePoint start_;
  boost::asio::steady_timer timer_;
  std::map<Id, std::function<void()>> armed_;
  Id sequence_ = 0;
  Tick waiting_for_ = 0;  ///< 0: not waiting
};

}  // namespace mooring::io
