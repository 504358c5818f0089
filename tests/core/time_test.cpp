#include <gtest/gtest.h>

#include <vector>

#include "core/backoff.hpp"
#include "core/manual_timers.hpp"

namespace mooring::core {
namespace {

using namespace std::chrono_literals;

struct Middle final : Random {  // uniform01() = 0.5: no jitter
  std::uint64_t next() override { return std::uint64_t{1} << 63; }
};

TEST(Backoff, doubles_up_to_the_cap) {
  Middle random;
  Backoff backoff{.initial = 1s, .max = 60s};
  std::vector<Duration> waits;
  for (int i = 0; i < 9; ++i) waits.push_back(backoff.next(random));
  EXPECT_EQ(waits, (std::vector<Duration>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}));
  EXPECT_EQ(backoff.attempts(), 9);
  backoff.reset();
  EXPECT_EQ(backoff.next(random), 1s);
}

TEST(Backoff, SM_07_never_over_the_cap_plus_jitter_and_differs_between_servers) {
  SeededRandom random(1);
  SeededRandom other(2);
  Backoff one;
  Backoff two;
  bool differs = false;
  for (int i = 0; i < 10'000; ++i) {
    const Duration wait = one.next(random);
    EXPECT_LE(wait, 72s);
    EXPECT_GE(wait, i == 0 ? 800ms : 1s);
    differs = differs || wait != two.next(other);
  }
  EXPECT_TRUE(differs);
}

TEST(Backoff, odd_settings) {
  Middle random;
  Backoff none{.initial = 0ms, .max = 60s};
  Backoff capped{.initial = 10s, .max = 3s};
  Backoff huge{.initial = 1ms, .max = Duration::max() / 4, .jitter = 0};
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(none.next(random), 0ms);
    EXPECT_EQ(capped.next(random), 3s);
    EXPECT_GT(huge.next(random), 0ms);
  }
}

TEST(ManualTimers, fires_in_order_of_time_then_of_arming) {
  ManualTimers timers;
  std::vector<int> fired;
  timers.arm_after(20ms, [&] { fired.push_back(3); });
  timers.arm_after(10ms, [&] { fired.push_back(1); });
  timers.arm_after(10ms, [&] { fired.push_back(2); });
  const TimePoint start = timers.now();
  timers.advance(9ms);
  EXPECT_TRUE(fired.empty());
  timers.advance(1ms);
  EXPECT_EQ(fired, (std::vector{1, 2}));
  timers.advance(1h);
  EXPECT_EQ(fired, (std::vector{1, 2, 3}));
  EXPECT_EQ(timers.now(), start + 10ms + 1h);
  EXPECT_EQ(timers.armed(), 0U);
}

TEST(ManualTimers, callbacks_see_their_own_time_and_may_arm_and_cancel) {
  ManualTimers timers;
  const TimePoint start = timers.now();
  std::vector<Duration> seen;
  Timers::Id doomed = 0;
  const auto note = [&] {
    seen.push_back(std::chrono::duration_cast<Duration>(timers.now() - start));
  };
  timers.arm_after(10ms, [&] {
    note();
    timers.cancel(doomed);
    timers.arm_after(5ms, note);
  });
  doomed = timers.arm_after(12ms, [] { FAIL(); });
  timers.advance(100ms);
  EXPECT_EQ(seen, (std::vector<Duration>{10ms, 15ms}));
  timers.cancel(doomed);
  timers.cancel(0);
}

TEST(ManualTimers, arming_in_the_past_waits_for_the_next_move) {
  ManualTimers timers;
  bool fired = false;
  timers.arm(timers.now() - 1s, [&] { fired = true; });
  EXPECT_FALSE(fired);
  const TimePoint before = timers.now();
  timers.advance(0ms);
  EXPECT_TRUE(fired);
  EXPECT_EQ(timers.now(), before);
}

TEST(ManualTimers, advance_to_next) {
  ManualTimers timers;
  EXPECT_FALSE(timers.advance_to_next());
  EXPECT_FALSE(timers.next());
  const TimePoint start = timers.now();
  timers.arm_after(7ms, [] {});
  EXPECT_EQ(timers.next(), start + 7ms);
  EXPECT_TRUE(timers.advance_to_next());
  EXPECT_EQ(timers.now(), start + 7ms);
}

}  // namespace
}  // namespace mooring::core
