#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "core/timers.hpp"
#include "io/async.hpp"

namespace mooring::io {

/// What may end an exchange early, in one place: its caller, its client's end, and a deadline that
/// moves from stage to stage. When it fires it calls what the present stage gave it, which has to
/// make that stage's wait return.
class Interrupt {
 public:
  Interrupt(core::Timers& timers, AbortSource* caller, AbortSource& client)
      : timers_(timers),
        client_(client.subscribe([this] { fire(aborted_); })),
        caller_(
            caller != nullptr ? caller->subscribe([this] { fire(aborted_); })
                              : AbortSource::Subscription()
        ) {}
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  ~Interrupt() { timers_.cancel(timer_); }

  /// Replaces the deadline; forgets that an earlier one passed.
  void until(std::optional<core::TimePoint> deadline) {
    if (armed_for_ == deadline && !timed_out_) return;
    timers_.cancel(timer_);
    timer_ = 0;
    timed_out_ = false;
    armed_for_ = deadline;
    if (!deadline) return;
    if (*deadline <= timers_.now()) return fire(timed_out_);
    timer_ = timers_.arm(*deadline, [this] { fire(timed_out_); });
  }
  /// `stop` is called when it fires, at once if it has.
  void on_fire(std::function<void()> stop) {
    stop_ = std::move(stop);
    if (fired() && stop_) stop_();
  }

  bool aborted() const { return aborted_; }
  bool timed_out() const { return timed_out_; }
  bool fired() const { return aborted_ || timed_out_; }

 private:
  void fire(bool& what) {
    what = true;
    if (stop_) stop_();
  }

  core::Timers& timers_;
  core::Timers::Id timer_ = 0;
  std::optional<core::TimePoint> armed_for_;
  std::function<void()> stop_;
  bool aborted_ = false;
  bool timed_out_ = false;
  AbortSource::Subscription client_;  ///< last: they may fire at once
  AbortSource::Subscription caller_;
};

}  // namespace mooring::io
