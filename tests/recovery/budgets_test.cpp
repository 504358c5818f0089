#include <gtest/gtest.h>

#include <chrono>

#include "recovery/breaker.hpp"
#include "recovery/flap_budget.hpp"
#include "recovery/idle_ttl.hpp"

namespace mooring::recovery {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

constexpr core::TimePoint start{1h};

Breaker opened(int failures = 3, core::Duration cooldown = 60s) {
  Breaker breaker(failures, cooldown);
  for (int i = 0; i < failures; ++i) breaker.failed(start);
  return breaker;
}

TEST(Breaker, BRK_01_three_failures_in_a_row_open_it) {
  Breaker breaker(3, 60s);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(breaker.admit(start));
    breaker.failed(start);
  }
  EXPECT_EQ(breaker.state(start), State::open);
  EXPECT_FALSE(breaker.admit(start));
  EXPECT_EQ(breaker.open_until(), start + 60s) << "says when to retry";
}

TEST(Breaker, BRK_02_the_call_let_through_decides) {
  auto breaker = opened();
  EXPECT_FALSE(breaker.admit(start + 59s));
  EXPECT_EQ(breaker.state(start + 60s), State::half_open);
  EXPECT_TRUE(breaker.admit(start + 60s));
  auto failing = breaker;
  breaker.succeeded();
  EXPECT_EQ(breaker.state(start + 60s), State::closed) << "(a)";
  EXPECT_EQ(breaker.failures(), 0);
  EXPECT_FALSE(breaker.open_until());
  failing.failed(start + 61s);
  EXPECT_EQ(failing.state(start + 120s), State::open) << "(b)";
  EXPECT_EQ(failing.open_until(), start + 121s);
}

TEST(Breaker, BRK_03_a_success_between_starts_the_count_anew) {
  Breaker breaker(3, 60s);
  breaker.failed(start);
  breaker.failed(start);
  breaker.succeeded();
  breaker.failed(start);
  breaker.failed(start);
  EXPECT_EQ(breaker.state(start), State::closed);
  EXPECT_EQ(breaker.failures(), 2);
}

TEST(Breaker, BRK_04_breakers_are_apart) {
  const auto open = opened();
  Breaker other(3, 60s);
  EXPECT_EQ(open.state(start), State::open);
  EXPECT_TRUE(other.admit(start));
}

TEST(Breaker, BRK_05_a_handshake_closes_it) {
  auto breaker = opened();
  breaker.succeeded();
  EXPECT_TRUE(breaker.admit(start + 1s));
}

TEST(Breaker, BRK_06_what_is_not_reported_does_not_count) {
  Breaker breaker(3, 60s);
  breaker.failed(start);
  breaker.failed(start);
  breaker.abandoned();
  EXPECT_EQ(breaker.failures(), 2);
  EXPECT_TRUE(breaker.admit(start));
}

TEST(Breaker, BRK_07_half_open_lets_exactly_one_through) {
  auto breaker = opened();
  int admitted = 0;
  for (int i = 0; i < 10; ++i) admitted += breaker.admit(start + 60s) ? 1 : 0;
  EXPECT_EQ(admitted, 1);
  breaker.abandoned();
  EXPECT_TRUE(breaker.admit(start + 61s)) << "the cancelled one said nothing";
}

TEST(Breaker, BRK_08_threshold_and_cooldown_are_obeyed) {
  Breaker breaker(5, 10s);
  for (int i = 0; i < 4; ++i) breaker.failed(start);
  EXPECT_TRUE(breaker.admit(start));
  breaker.failed(start);
  EXPECT_FALSE(breaker.admit(start + 9s));
  EXPECT_TRUE(breaker.admit(start + 10s));
}

TEST(Breaker, late_failures_of_earlier_calls_do_not_prolong_it) {
  auto breaker = opened();
  breaker.failed(start + 30s);
  EXPECT_EQ(breaker.open_until(), start + 60s);
}

TEST(FlapBudget, EXP_26_three_rebuilds_a_minute) {
  FlapBudget budget;
  EXPECT_TRUE(budget.spend(start));
  EXPECT_TRUE(budget.spend(start + 1s));
  EXPECT_TRUE(budget.spend(start + 2s));
  EXPECT_FALSE(budget.spend(start + 3s));
  EXPECT_FALSE(budget.spend(start + 59s));
  EXPECT_TRUE(budget.spend(start + 60s)) << "the first is a minute old";
  EXPECT_FALSE(budget.spend(start + 60s));
}

TEST(FlapBudget, EXP_26_a_session_that_answered_costs_nothing) {
  FlapBudget budget;
  for (int i = 0; i < 3; ++i) budget.spend(start);
  EXPECT_FALSE(budget.spend(start));
  budget.restore();
  EXPECT_TRUE(budget.spend(start));
}

TEST(IdleTtl, nothing_is_known_at_first) {
  EXPECT_FALSE(IdleTtl().estimate());
  EXPECT_EQ(IdleTtl().keepalive(180s, 5s), 180s);
}

TEST(IdleTtl, KA_01_never_below_the_floor_and_never_where_it_is_off) {
  IdleTtl ttl;
  EXPECT_EQ(ttl.keepalive(1s, 5s), 5s);
  ttl.expired_after(2s);
  EXPECT_EQ(ttl.keepalive(180s, 5s), 5s);
  EXPECT_EQ(ttl.keepalive(0s, 5s), 0s);
}

TEST(IdleTtl, KA_05_the_keepalive_stays_below_what_expired) {
  IdleTtl ttl;
  ttl.expired_after(180s);
  EXPECT_EQ(ttl.estimate(), 90s);
  EXPECT_LT(ttl.keepalive(180s, 5s), 90s);
  ttl.survived(100s);
  EXPECT_EQ(ttl.estimate(), 100s);
  EXPECT_LT(ttl.keepalive(180s, 5s), 100s);
  EXPECT_EQ(ttl.keepalive(10s, 5s), 10s) << "what is configured may be less";
}

TEST(IdleTtl, converges_on_any_limit) {
  for (const auto limit : {12s, 30s, 100s, 170s}) {
    IdleTtl ttl;
    int losses = 0;
    for (int i = 0; i < 50; ++i) {
      const auto idle = ttl.keepalive(180s, 5s);
      if (idle >= limit) {
        ++losses;
        ttl.expired_after(idle);
      } else {
        ttl.survived(idle);
      }
    }
    EXPECT_LT(ttl.keepalive(180s, 5s), limit);
    EXPECT_LE(losses, 4) << limit.count();
  }
}

TEST(IdleTtl, what_was_seen_last_wins) {
  IdleTtl ttl;
  ttl.expired_after(3s);  // a restart, as it turns out
  ttl.survived(60s);
  EXPECT_EQ(ttl.estimate(), 60s);
  EXPECT_EQ(ttl.keepalive(180s, 5s), 180s) << "no limit is known";
  ttl.expired_after(40s);  // now there is one
  EXPECT_LE(*ttl.estimate(), 40s);
  EXPECT_LT(ttl.keepalive(180s, 5s), 40s);
}

}  // namespace
}  // namespace mooring::recovery
