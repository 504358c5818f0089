#include "io/async.hpp"

#include <exception>

#include "core/log.hpp"

namespace mooring::io {

// ---- AbortSource

void AbortSource::Link::join(Link& list) {
  before = list.before;
  after = &list;
  before->after = after->before = this;
}

void AbortSource::Link::replace(Link& other) {
  if (other.alone()) return;
  before = other.before;
  after = other.after;
  before->after = after->before = this;
  other.before = other.after = &other;
}

void AbortSource::Link::leave() {
  before->after = after;
  after->before = before;
  before = after = this;
}

AbortSource::Subscription::Subscription(Subscription&& other) noexcept
    : fire_(std::move(other.fire_)) {
  replace(other);
}

AbortSource::Subscription& AbortSource::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  leave();
  fire_ = std::move(other.fire_);
  replace(other);
  return *this;
}

/// Everybody who is in it goes on alone.
void AbortSource::part(Link& list) {
  while (!list.alone()) list.after->leave();
}

AbortSource::~AbortSource() { part(subscriptions_); }

void AbortSource::abort() {
  if (aborted_) return;
  aborted_ = true;
  // A callback may end other subscriptions or this source: nothing of `this` is touched below.
  Link present;
  present.replace(subscriptions_);
  while (!present.alone()) {
    auto* next = static_cast<Subscription*>(present.after);
    next->leave();
    // It may end its own subscription, too.
    const auto fire = std::move(next->fire_);
    fire();
  }
}

AbortSource::Subscription AbortSource::subscribe(std::function<void()> fire) {
  Subscription subscription;
  if (aborted_) {
    fire();
    return subscription;
  }
  subscription.fire_ = std::move(fire);
  subscription.join(subscriptions_);
  return subscription;
}

// ---- waiting

namespace {

/// One coroutine that waits; lives in its frame.
class Waiter {
 public:
  using Handler = asio::async_result<asio::use_awaitable_t<>, void(bool)>::handler_type;
  using List = std::list<Waiter*>;

  explicit Waiter(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() { unlink(); }

  void link(List& list) {
    list_ = &list;
    place_ = list.insert(list.end(), this);
  }

  void finish(bool result) {
    if (result_) return;
    result_ = result;
    unlink();
    if (handler_) resume();
  }

  awaitable<bool> wait() {
    return asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
        [this](Handler handler) {
          handler_.emplace(std::move(handler));
          if (result_) resume();
        },
        asio::use_awaitable
    );
  }

 private:
  void unlink() {
    if (list_ != nullptr) list_->erase(place_);
    list_ = nullptr;
  }
  void resume() {
    // The resumed coroutine ends this object, so everything is moved out first.
    Handler handler = std::move(*handler_);
    handler_.reset();
    asio::post(executor_, [handler = std::move(handler), result = *result_]() mutable {
      handler(result);
    });
  }

  asio::any_io_executor executor_;
  List* list_ = nullptr;
  List::iterator place_;
  std::optional<bool> result_;
  std::optional<Handler> handler_;
};

/// A timer that does not outlive the frame it is in.
class Alarm {
 public:
  Alarm(core::Timers& timers, core::TimePoint at, Waiter& waiter)
      : timers_(timers), id_(timers.arm(at, [&waiter] { waiter.finish(false); })) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm() { timers_.cancel(id_); }

 private:
  core::Timers& timers_;
  core::Timers::Id id_;
};

}  // namespace

struct Event::State {
  State(asio::any_io_executor executor, core::Timers& t)
      : executor(std::move(executor)), timers(t) {}

  asio::any_io_executor executor;
  core::Timers& timers;
  bool set = false;
  Waiter::List waiters;

  void wake(bool result) {
    // Resumption is posted, so nobody can join the list while it is emptied.
    while (!waiters.empty()) waiters.front()->finish(result);
  }
};

Event::Event(asio::any_io_executor executor, core::Timers& timers)
    : state_(std::make_shared<State>(std::move(executor), timers)) {}

Event::~Event() { state_->wake(false); }

void Event::set() {
  state_->set = true;
  state_->wake(true);
}

void Event::reset() { state_->set = false; }

bool Event::is_set() const { return state_->set; }

void Event::notify() { state_->wake(true); }

awaitable<bool> Event::wait(std::optional<core::TimePoint> until, AbortSource* abort) {
  auto state = state_;  // the Event may go away while we wait
  if (state->set) co_return true;
  if (abort != nullptr && abort->aborted()) co_return false;
  if (until && *until <= state->timers.now()) co_return false;
  Waiter waiter(state->executor);
  waiter.link(state->waiters);
  AbortSource::Subscription aborted;
  if (abort != nullptr) aborted = abort->subscribe([&waiter] { waiter.finish(false); });
  std::optional<Alarm> alarm;
  if (until) alarm.emplace(state->timers, *until, waiter);
  co_return co_await waiter.wait();
}

awaitable<bool> sleep_until(core::Timers& timers, core::TimePoint until, AbortSource* abort) {
  if (abort != nullptr && abort->aborted()) co_return false;
  if (until <= timers.now()) co_return true;
  Waiter waiter(co_await asio::this_coro::executor);
  bool cut_short = false;
  AbortSource::Subscription aborted;
  if (abort != nullptr) {
    aborted = abort->subscribe([&] {
      cut_short = true;
      waiter.finish(false);
    });
  }
  Alarm alarm(timers, until, waiter);
  co_await waiter.wait();
  co_return !cut_short;
}

// ---- TaskGroup

struct TaskGroup::State {
  explicit State(asio::any_io_executor e) : executor(std::move(e)) {}

  asio::any_io_executor executor;
  std::size_t count = 0;
  Waiter::List joiners;

  void ended(const std::exception_ptr& error) {
    if (error) log(error);
    if (--count > 0) return;
    while (!joiners.empty()) joiners.front()->finish(true);
  }

  static void log(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      core::log::error("io", "a task ended with an exception: {}", e.what());
    } catch (...) {
      core::log::error("io", "a task ended with an exception of unknown type");
    }
  }
};

TaskGroup::TaskGroup(asio::any_io_executor executor)
    : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
  if (state_->count > 0) {
    core::log::debug("io", "a task group was left with {} running tasks", state_->count);
  }
}

void TaskGroup::spawn(awaitable<void> task) {
  ++state_->count;
  asio::co_spawn(
      state_->executor, std::move(task),
      [state = state_](const std::exception_ptr& error) { state->ended(error); }
  );
}

std::size_t TaskGroup::size() const { return state_->count; }

awaitable<void> TaskGroup::join() {
  auto state = state_;
  while (state->count > 0) {
    Waiter waiter(state->executor);
    waiter.link(state->joiners);
    co_await waiter.wait();
  }
}

}  // namespace mooring::io
