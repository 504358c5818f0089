#pragma once

#include <list>
#include <memory>

#include "io/async.hpp"

namespace mooring::upstream {

/// A session that follows a short-lived one may die young, too: for its first second only so many
/// calls are under way on it at once, the others wait their turn here, where a lost session costs
/// them nothing. Without it, a server that forgets sessions over and over meets a thousand calls in
/// one burst, and the same calls are lost again and again. Belongs to one worker.
class SlowStart {
 public:
  static constexpr unsigned window = 16;
  static constexpr core::Duration length = std::chrono::seconds(1);

  SlowStart(asio::any_io_executor executor, core::Timers& timers)
      : executor_(std::move(executor)), timers_(timers) {}

  /// A new session stands.
  void begin();
  /// A turn at once, as nearly always.
  bool try_enter() {
    if (inside_ >= window && timers_.now() < until_) return false;
    ++inside_;
    return true;
  }
  /// Waits for a turn, in order; whoever got one (true) owes a `leave`. False: `abort` fired.
  awaitable<bool> enter(io::AbortSource& abort);
  void leave();

 private:
  void pass_on();

  asio::any_io_executor executor_;
  core::Timers& timers_;
  core::TimePoint began_{};  ///< the session that stands
  core::TimePoint until_{};
  unsigned inside_ = 0;
  std::list<std::shared_ptr<io::Event>> waiting_;
};

}  // namespace mooring::upstream
