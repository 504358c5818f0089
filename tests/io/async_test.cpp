#include "io/async.hpp"

#include "io/support.hpp"

namespace mooring::io {
namespace {

using namespace testing;

TEST(AbortSource, calls_back_once_and_late_subscribers_at_once) {
  AbortSource source;
  int calls = 0;
  auto first = source.subscribe([&] { ++calls; });
  {
    auto second = source.subscribe([&] { calls += 100; });
  }
  source.abort();
  source.abort();
  EXPECT_EQ(calls, 1);
  auto late = source.subscribe([&] { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST(AbortSource, a_callback_may_end_other_subscriptions_and_the_source) {
  auto source = std::make_unique<AbortSource>();
  int calls = 0;
  AbortSource::Subscription second;
  auto first = source->subscribe([&] {
    ++calls;
    second = {};
    source.reset();
  });
  second = source->subscribe([&] { ++calls; });
  source->abort();
  EXPECT_EQ(calls, 1);
}

TEST(AbortSource, a_subscription_may_outlive_the_source) {
  AbortSource::Subscription subscription;
  {
    AbortSource source;
    subscription = source.subscribe([] { FAIL(); });
  }
}

struct EventTest : ::testing::Test {
  Loop loop{Loop::Time::manual};
  TaskGroup tasks{loop.worker.executor()};
  std::vector<bool> results;

  awaitable<void> waits(
      Event& event, std::optional<core::TimePoint> until = {}, AbortSource* abort = nullptr
  ) {
    const bool result = co_await event.wait(until, abort);
    results.push_back(result);
  }
  std::unique_ptr<Event> make() {
    return std::make_unique<Event>(loop.worker.executor(), loop.worker.timers());
  }
};

TEST_F(EventTest, set_lets_present_and_future_waiters_through) {
  auto event = make();
  loop.run([](EventTest& t, Event& e) -> awaitable<void> {
    t.tasks.spawn(t.waits(e));
    t.tasks.spawn(t.waits(e));
    co_await settle();
    EXPECT_TRUE(t.results.empty());
    e.set();
    EXPECT_TRUE(t.results.empty()) << "resumed inside set()";
    co_await t.tasks.join();
    EXPECT_TRUE(co_await e.wait());
    e.reset();
    EXPECT_FALSE(e.is_set());
  }(*this, *event));
  EXPECT_EQ(results, (std::vector<bool>{true, true}));
}

TEST_F(EventTest, notify_wakes_only_who_waits_already) {
  auto event = make();
  loop.run([](EventTest& t, Event& e) -> awaitable<void> {
    t.tasks.spawn(t.waits(e));
    co_await settle();
    e.notify();
    t.tasks.spawn(t.waits(e, t.loop.time().now() + 5s));
    co_await settle();
    EXPECT_EQ(t.results, (std::vector<bool>{true}));
    t.loop.time().advance(5s);
    co_await t.tasks.join();
  }(*this, *event));
  EXPECT_EQ(results, (std::vector<bool>{true, false}));
  EXPECT_EQ(loop.time().armed(), 0U);
}

TEST_F(EventTest, abort_and_a_passed_deadline_are_false) {
  auto event = make();
  loop.run([](EventTest& t, Event& e) -> awaitable<void> {
    AbortSource abort;
    t.tasks.spawn(t.waits(e, t.loop.time().now() + 5s, &abort));
    co_await settle();
    abort.abort();
    co_await t.tasks.join();
    EXPECT_FALSE(co_await e.wait(std::nullopt, &abort));
    EXPECT_FALSE(co_await e.wait(t.loop.time().now()));
  }(*this, *event));
  EXPECT_EQ(results, (std::vector<bool>{false}));
  EXPECT_EQ(loop.time().armed(), 0U);
}

TEST_F(EventTest, waiters_survive_the_event) {
  auto event = make();
  loop.run([](EventTest& t, std::unique_ptr<Event>& e) -> awaitable<void> {
    AbortSource abort;
    t.tasks.spawn(t.waits(*e, t.loop.time().now() + 5s, &abort));
    co_await settle();
    e.reset();
    abort.abort();  // too late to matter
    co_await t.tasks.join();
  }(*this, event));
  EXPECT_EQ(results, (std::vector<bool>{false}));
}

TEST_F(EventTest, sleep_ends_at_its_time_or_with_the_abort) {
  loop.run([](EventTest& t) -> awaitable<void> {
    AbortSource abort;
    auto& timers = t.loop.worker.timers();
    const auto sleeper = [](EventTest& test, core::TimePoint at,
                            AbortSource* a) -> awaitable<void> {
      test.results.push_back(co_await sleep_until(test.loop.worker.timers(), at, a));
    };
    t.tasks.spawn(sleeper(t, timers.now() + 1s, &abort));
    t.tasks.spawn(sleeper(t, timers.now() + 2s, &abort));
    co_await settle();
    t.loop.time().advance(1s);
    co_await settle();
    EXPECT_EQ(t.results, (std::vector<bool>{true}));
    abort.abort();
    co_await t.tasks.join();
    EXPECT_FALSE(co_await sleep_until(timers, timers.now() + 1s, &abort));
  }(*this));
  EXPECT_EQ(results, (std::vector<bool>{true, false}));
}

TEST_F(EventTest, a_group_joins_tasks_that_spawn_and_survives_exceptions) {
  loop.run([](EventTest& t) -> awaitable<void> {
    const auto leaf = [](EventTest& test) -> awaitable<void> {
      co_await settle();
      test.results.push_back(true);
    };
    const auto throws = [](EventTest& test, auto spawned) -> awaitable<void> {
      co_await settle();
      test.tasks.spawn(spawned(test));
      throw std::runtime_error("expected in the log");
    };
    t.tasks.spawn(throws(t, leaf));
    EXPECT_EQ(t.tasks.size(), 1U);
    co_await t.tasks.join();
    EXPECT_EQ(t.tasks.size(), 0U);
  }(*this));
  EXPECT_EQ(results, (std::vector<bool>{true}));
}

}  // namespace
}  // namespace mooring::io
