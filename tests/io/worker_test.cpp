#include "io/worker.hpp"

#include <atomic>
#include <future>

#include "io/support.hpp"

namespace mooring::io {
namespace {

using namespace testing;

TEST(Worker, runs_what_is_posted_on_its_own_thread) {
  Worker worker(3);
  EXPECT_EQ(worker.index(), 3U);
  worker.start();
  std::promise<bool> there;
  worker.post([&] { there.set_value(worker.on_this_thread()); });
  EXPECT_TRUE(there.get_future().get());
  EXPECT_FALSE(worker.on_this_thread());
  worker.stop();
  worker.join();
}

TEST(Worker, stops_from_inside) {
  Worker worker(0);
  worker.post([&] { worker.stop(); });
  worker.run();
}

TEST(Worker, real_timers_are_never_early_and_fire_in_order) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    auto& timers = l.worker.timers();
    Event done(l.worker.executor(), timers);
    std::vector<int> order;
    bool inside = true;
    const auto begin = timers.now();
    timers.arm(begin + 30ms, [&] {
      EXPECT_GE(timers.now(), begin + 30ms);
      order.push_back(2);
      done.set();
    });
    timers.arm(begin + 3ms, [&] {
      EXPECT_GE(timers.now(), begin + 3ms);
      order.push_back(1);
    });
    timers.arm(begin - 1s, [&] {
      EXPECT_FALSE(inside);
      order.push_back(0);
    });
    const auto cancelled = timers.arm(begin + 4ms, [&] { order.push_back(99); });
    inside = false;
    timers.cancel(cancelled);
    timers.cancel(cancelled);
    timers.cancel(0);
    co_await done.wait();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
  }(loop));
}

TEST(Worker, a_timer_of_a_later_turn_of_the_wheel_waits_for_it) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    auto& timers = l.worker.timers();
    Event done(l.worker.executor(), timers);
    const auto soon = timers.now() + 20ms;
    const auto turn = 8192 * 8ms;
    bool early = false;
    const auto later = timers.arm(soon + turn, [&] { early = true; });
    const auto much_later = timers.arm(soon + 100 * turn, [&] { early = true; });
    timers.arm(soon, [&] { done.set(); });
    const auto last = timers.arm(soon + 2 * turn, [&] { early = true; });
    co_await done.wait();
    // The next look at their spoke is over, too.
    co_await sleep_until(timers, timers.now() + 20ms);
    EXPECT_FALSE(early);
    for (const auto id : {later, much_later, last}) timers.cancel(id);
  }(loop));
}

TEST(Worker, a_timer_may_arm_and_cancel_others) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    auto& timers = l.worker.timers();
    Event done(l.worker.executor(), timers);
    const auto far = timers.arm_after(1h, [] { FAIL(); });
    timers.arm_after(5ms, [&] {
      timers.cancel(far);
      timers.arm_after(5ms, [&] { done.set(); });
    });
    co_await done.wait();
  }(loop));
}

TEST(Worker, an_id_of_a_timer_that_is_over_names_no_later_one) {
  Loop loop;
  loop.run([](Loop& l) -> awaitable<void> {
    auto& timers = l.worker.timers();
    Event done(l.worker.executor(), timers);
    const auto over = timers.arm_after(5ms, [] { FAIL(); });
    timers.cancel(over);
    const auto later = timers.arm_after(5ms, [&] { done.set(); });
    EXPECT_NE(over, later);
    timers.cancel(over);
    EXPECT_TRUE(co_await done.wait());
  }(loop));
}

TEST(Worker, a_turn_ends_when_what_was_ready_has_been_handled) {
  Worker worker(0);
  std::string order;
  const auto waits = [](Worker& w, std::string& to, char first, char last) -> awaitable<void> {
    to += first;
    co_await w.enter(Worker::Stage::answers);
    to += last;
    co_await w.enter(Worker::Stage::answers);
    to += '.';
  };
  asio::co_spawn(worker.context(), waits(worker, order, 'a', 'A'), [](std::exception_ptr) {});
  asio::co_spawn(worker.context(), waits(worker, order, 'b', 'B'), [](std::exception_ptr) {});
  worker.post([&] { order += 'c'; });
  worker.context().poll();
  EXPECT_EQ(order, "abcAB..");
}

TEST(Worker, a_turn_goes_through_its_stages_in_order) {
  using Stage = Worker::Stage;
  Worker worker(0);
  std::string order;
  const auto through = [](Worker& w, std::string& to,
                          std::vector<Stage> stages) -> awaitable<void> {
    for (const auto stage : stages) {
      co_await w.enter(stage);
      to += "qcprsa"[static_cast<int>(stage)];
    }
  };
  const auto spawn = [&](std::vector<Stage> stages) {
    asio::co_spawn(worker.context(), through(worker, order, stages), [](std::exception_ptr) {});
  };
  spawn({Stage::answers});
  spawn({Stage::requests, Stage::sends});
  spawn({Stage::responses, Stage::answers, Stage::requests});  // the last in the next turn
  spawn({Stage::requests, Stage::sends});
  worker.context().poll();
  EXPECT_EQ(order, "qqpssaaq");
}

TEST(Worker, its_clock_stands_still_within_a_stage_and_goes_on_after_it) {
  using Stage = Worker::Stage;
  Worker worker(0);
  std::vector<core::TimePoint> told;
  const auto reads = [](Worker& w, std::vector<core::TimePoint>& to,
                        Stage stage) -> awaitable<void> {
    co_await w.enter(stage);
    to.push_back(w.timers().now());
    const auto begun = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() == begun) continue;
  };
  for (const auto stage : {Stage::calls, Stage::calls, Stage::answers}) {
    asio::co_spawn(worker.context(), reads(worker, told, stage), [](std::exception_ptr) {});
  }
  worker.context().poll();
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0], told[1]);
  EXPECT_LT(told[1], told[2]);
  const auto after = worker.timers().now();
  EXPECT_LT(told[2], after);
  EXPECT_LE(after, std::chrono::steady_clock::now());
}

TEST(Worker, destroys_coroutines_that_wait_for_the_end_of_a_turn) {
  auto held = std::make_shared<int>(1);
  {
    Worker worker(0);
    const auto waits = [](Worker& w, std::shared_ptr<int> copy) -> awaitable<void> {
      co_await w.enter(Worker::Stage::answers);
      *copy = 2;
    };
    asio::co_spawn(worker.context(), waits(worker, held), [](std::exception_ptr) {});
    worker.context().run_one();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 1);
}

TEST(Worker, destroys_coroutines_that_still_wait) {
  auto held = std::make_shared<int>(1);
  {
    Worker worker(0);
    const auto waits = [](Worker& w, std::shared_ptr<int> copy) -> awaitable<void> {
      boost::asio::ip::tcp::acceptor acceptor(
          w.context(), {boost::asio::ip::address_v4::loopback(), 0}
      );
      co_await acceptor.async_accept(asio::use_awaitable);
      *copy = 2;
    };
    asio::co_spawn(worker.context(), waits(worker, held), [](std::exception_ptr) {});
    worker.context().poll();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace mooring::io
