#include "chaos/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mooring::chaos {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const core::TimePoint start{1h};

std::vector<Fault> faults(const std::vector<std::string>& texts) {
  std::vector<Fault> all;
  for (const auto& text : texts) all.push_back(parse_fault(text).value());
  return all;
}

Plan plan_of(const std::vector<std::string>& texts, std::uint64_t seed = 7) {
  return Plan(faults(texts), seed, start);
}

Asked call(std::string method = "tools/call") {
  return {
      .http_method = "POST",
      .methods = {std::move(method)},
      .expects_response = true,
      .in_session = true,
      .reused = true
  };
}
Asked listening() { return {.http_method = "GET", .methods = {}, .in_session = true}; }

/// The numbers, from 1, of those among `count` calls that are hit.
std::vector<int> hits(Plan& plan, int count) {
  std::vector<int> all;
  for (int i = 1; i <= count; ++i) {
    const auto hit = plan.on_request(call(), start);
    if (!hit.fault) continue;
    plan.struck(*hit.fault);
    all.push_back(i);
  }
  return all;
}

TEST(Plan, WithoutAWhenEveryRequestIsHit) {
  auto plan = plan_of({"html"});
  EXPECT_THAT(hits(plan, 3), ElementsAre(1, 2, 3));
}

TEST(Plan, EveryNthRequest) {
  auto plan = plan_of({"html:every=3"});
  EXPECT_THAT(hits(plan, 10), ElementsAre(3, 6, 9));
}

TEST(Plan, OnceIsTheFirstTimeOnly) {
  auto always = plan_of({"html:once"});
  EXPECT_THAT(hits(always, 5), ElementsAre(1));
  auto third = plan_of({"html:every=3,once"});
  EXPECT_THAT(hits(third, 10), ElementsAre(3));
  auto lucky = plan_of({"html:p=0.3,once"});
  EXPECT_EQ(hits(lucky, 100).size(), 1U);
}

TEST(Plan, ProbabilityIsKeptAndRepeatsWithItsSeed) {
  auto one = plan_of({"html:p=0.2"}, 42);
  auto same = plan_of({"html:p=0.2"}, 42);
  auto other = plan_of({"html:p=0.2"}, 43);
  const auto first = hits(one, 2000);
  EXPECT_EQ(first, hits(same, 2000));
  EXPECT_NE(first, hits(other, 2000));
  EXPECT_GT(first.size(), 330U);
  EXPECT_LT(first.size(), 470U);
}

TEST(Plan, AFaultDoesNotDependOnThoseBesideIt) {
  const auto second_alone = [](const std::vector<std::string>& texts) {
    auto plan = plan_of(texts);
    std::vector<int> all;
    for (int i = 0; i < 200; ++i) {
      const auto hit = plan.on_request(call(), start);
      if (hit.delay) all.push_back(i);
    }
    return all;
  };
  // The delay stands at the same place; what stands before it differs.
  EXPECT_EQ(
      second_alone({"html:p=0.9", "delay:p=0.2"}), second_alone({"429:every=2", "delay:p=0.2"})
  );
}

TEST(Plan, MethodsAndVerbsChoose) {
  auto plan = plan_of({"html:method=tools/call+DELETE"});
  EXPECT_TRUE(plan.on_request(call(), start).fault);
  EXPECT_FALSE(plan.on_request(call("tools/list"), start).fault);
  EXPECT_FALSE(plan.on_request(listening(), start).fault);
  EXPECT_TRUE(plan.on_request({.http_method = "DELETE", .methods = {}}, start).fault);
  auto batch = call("ping");
  batch.methods.push_back("tools/call");
  EXPECT_TRUE(plan.on_request(batch, start).fault);
}

TEST(Plan, OnlyRequestsThatFitAreCounted) {
  auto plan = plan_of({"html:every=2,method=tools/call"});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(plan.on_request(call("ping"), start).fault);
  EXPECT_THAT(hits(plan, 4), ElementsAre(2, 4));
}

struct Fit {
  std::string_view fault;
  bool call, notification, get, fresh, no_session;
};

class Fits : public testing::TestWithParam<Fit> {};

TEST_P(Fits, TheKindOfTheRequest) {
  const auto& want = GetParam();
  const auto fault = parse_fault(want.fault).value();
  auto notification = call("notifications/cancelled");
  notification.expects_response = false;
  auto fresh = call();
  fresh.reused = false;
  auto no_session = call();
  no_session.in_session = false;
  EXPECT_EQ(fits(fault, call()), want.call);
  EXPECT_EQ(fits(fault, notification), want.notification);
  EXPECT_EQ(fits(fault, listening()), want.get);
  EXPECT_EQ(fits(fault, fresh), want.fresh);
  EXPECT_EQ(fits(fault, no_session), want.no_session);
}

INSTANTIATE_TEST_SUITE_P(
    All, Fits,
    testing::Values(
        Fit{"expire", true, true, true, true, false}, Fit{"401", true, true, true, true, true},
        Fit{"429", true, true, true, true, true}, Fit{"5xx", true, true, true, true, true},
        Fit{"reset-before", true, true, true, true, true},
        Fit{"reset-after", true, true, true, true, true}, Fit{"cut", true, false, true, true, true},
        Fit{"truncate", true, false, false, true, true}, Fit{"hang", true, true, true, true, true},
        Fit{"delay", true, true, true, true, true}, Fit{"restart", true, true, true, true, true},
        Fit{"garbage", true, false, false, true, true}, Fit{"html", true, true, true, true, true},
        Fit{"wrong-id", true, false, false, true, true},
        Fit{"error-session", true, false, false, true, true},
        Fit{"stale", true, true, false, false, true}
    )
);

TEST(Plan, TheFirstOneGivenWinsAndADelayGoesWithIt) {
  auto plan = plan_of({"delay:every=1", "html:every=2", "429:every=2"});
  auto first = plan.on_request(call(), start);
  EXPECT_EQ(first.delay, 0U);
  EXPECT_EQ(first.fault, std::nullopt);
  auto second = plan.on_request(call(), start);
  EXPECT_EQ(second.delay, 0U);
  EXPECT_EQ(second.fault, 1U);
  // What was due waits for its turn.
  auto third = plan.on_request(call(), start);
  EXPECT_EQ(third.fault, 2U);
}

TEST(Plan, EveryPeriodHitsTheNextRequestThatFits) {
  auto plan = plan_of({"html:every=10s"});
  EXPECT_FALSE(plan.on_request(call(), start + 9s).fault);
  EXPECT_TRUE(plan.on_request(call(), start + 12s).fault);
  EXPECT_FALSE(plan.on_request(call(), start + 13s).fault);
  EXPECT_TRUE(plan.on_request(call(), start + 20s).fault);
  // Periods without a request are not made up for.
  EXPECT_TRUE(plan.on_request(call(), start + 95s).fault);
  EXPECT_FALSE(plan.on_request(call(), start + 96s).fault);
  EXPECT_EQ(plan.next_time(), std::nullopt);
}

TEST(Plan, TheClockDrivesWhatNeedsNoRequest) {
  auto plan = plan_of({"expire:every=20s", "restart:every=50s,once", "html:every=1s"});
  EXPECT_EQ(plan.next_time(), start + 20s);
  EXPECT_THAT(plan.on_time(start + 19s), IsEmpty());
  EXPECT_THAT(plan.on_time(start + 20s), ElementsAre(0));
  EXPECT_EQ(plan.next_time(), start + 40s);
  EXPECT_THAT(plan.on_time(start + 61s), ElementsAre(0, 1));
  EXPECT_EQ(plan.next_time(), start + 80s);
  EXPECT_THAT(plan.on_time(start + 200s), ElementsAre(0));
  // By the clock they hit no request.
  EXPECT_EQ(plan.on_request(call(), start + 300s).fault, 2U);
}

TEST(Plan, ACutWithoutAStreamWaitsForTheNextOne) {
  auto plan = plan_of({"cut:every=5s"});
  EXPECT_FALSE(plan.on_request(listening(), start).fault);
  EXPECT_THAT(plan.on_time(start + 5s), ElementsAre(0));
  plan.missed(0);
  EXPECT_TRUE(plan.on_request(listening(), start + 6s).fault);
  EXPECT_THAT(plan.on_time(start + 10s), ElementsAre(0));
  plan.struck(0);
  EXPECT_FALSE(plan.on_request(listening(), start + 11s).fault);
}

TEST(Plan, WhatMissedComesAgain) {
  auto nth = plan_of({"truncate:every=2"});
  EXPECT_FALSE(nth.on_request(call(), start).fault);
  EXPECT_TRUE(nth.on_request(call(), start).fault);
  nth.missed(0);
  EXPECT_TRUE(nth.on_request(call(), start).fault);
  nth.struck(0);
  EXPECT_EQ(nth.entries().front().injected, 1U);
  auto once = plan_of({"truncate:once"});
  EXPECT_TRUE(once.on_request(call(), start).fault);
  EXPECT_FALSE(once.on_request(call(), start).fault);
  once.missed(0);
  EXPECT_TRUE(once.on_request(call(), start).fault);
  EXPECT_FALSE(once.on_request(call(), start).fault);
  auto sometimes = plan_of({"expire:every=5s,once"});
  EXPECT_THAT(sometimes.on_time(start + 5s), ElementsAre(0));
  sometimes.missed(0);
  EXPECT_THAT(sometimes.on_time(start + 6s), IsEmpty());
  EXPECT_THAT(sometimes.on_time(start + 10s), ElementsAre(0));
}

TEST(Plan, ByHandStrikesOnceAtARequestThatFits) {
  auto plan = plan_of({});
  const auto index = plan.arm(parse_fault("html:method=ping").value());
  ASSERT_TRUE(index);
  EXPECT_FALSE(plan.arm(parse_fault("html:method=ping").value())) << "it waits already";
  EXPECT_FALSE(plan.on_request(call(), start).fault);
  EXPECT_TRUE(plan.on_request(call("ping"), start).fault);
  EXPECT_FALSE(plan.on_request(call("ping"), start).fault);
  // Again, in the same account.
  EXPECT_EQ(plan.arm(parse_fault("html:method=ping").value()), index);
  EXPECT_TRUE(plan.on_request(call("ping"), start).fault);
  EXPECT_EQ(plan.entries().size(), 1U);
}

TEST(Plan, ByHandAndAtOnceNoRequestIsHit) {
  auto plan = plan_of({});
  const auto index = plan.arm(parse_fault("expire").value());
  ASSERT_TRUE(index);
  plan.take(*index);
  plan.struck(*index);
  EXPECT_FALSE(plan.on_request(call(), start).fault);
}

}  // namespace
}  // namespace mooring::chaos
