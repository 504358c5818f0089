#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "core/timers.hpp"
#include "io/asio.hpp"

/// What coroutines wait on. Everything here belongs to one worker and is used on its thread alone.
namespace mooring::io {

/// A cancellation token (Seastar's abort_source). Aborting is final; callbacks run at once, each at
/// most once. Subscribing allocates nothing: the subscriptions are the list.
class AbortSource {
  struct Link {
    Link* before = this;
    Link* after = this;

    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    bool alone() const { return after == this; }
    void join(Link& list);      ///< at its end
    void replace(Link& other);  ///< takes its place
    void leave();
  };

 public:
  class Subscription : Link {  ///< unsubscribes when destroyed; may outlive the source
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept;
    Subscription& operator=(Subscription&&) noexcept;
    ~Subscription() { leave(); }

   private:
    friend class AbortSource;
    std::function<void()> fire_;
  };

  AbortSource() = default;
  AbortSource(const AbortSource&) = delete;
  AbortSource& operator=(const AbortSource&) = delete;
  ~AbortSource();

  void abort();
  bool aborted() const { return aborted_; }
  /// `fire` runs inside `abort()`, or at once when already aborted.
  Subscription subscribe(std::function<void()> fire);

 private:
  static void part(Link& list);

  Link subscriptions_;
  bool aborted_ = false;
};

/// A condition coroutines wait for. `set` lets every present and future waiter through until
/// `reset`; `notify` wakes the present waiters only.
class Event {
 public:
  Event(asio::any_io_executor executor, core::Timers& timers);
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();  ///< wakes the waiters; they see false

  void set();
  void reset();
  bool is_set() const;
  void notify();
  /// True when set or notified; false when `until` passed, `abort` fired or the event went away.
  awaitable<bool> wait(
      std::optional<core::TimePoint> until = std::nullopt, AbortSource* abort = nullptr
  );

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// False when aborted before the time.
awaitable<bool> sleep_until(
    core::Timers& timers, core::TimePoint until, AbortSource* abort = nullptr
);

/// Owns coroutines (Seastar's gate). An exception that leaves a task is logged as an error and ends
/// that task alone.
class TaskGroup {
 public:
  explicit TaskGroup(asio::any_io_executor executor);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup();  ///< must be empty: join first

  void spawn(awaitable<void> task);
  std::size_t size() const;
  /// Waits until every task has ended. Tasks may still spawn others meanwhile.
  awaitable<void> join();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mooring::io
