#include "gateway/rate_limit.hpp"

#include <gtest/gtest.h>

namespace mooring::gateway {
namespace {

using std::chrono::seconds;

TEST(RateLimit, SAMP_01a_the_third_in_a_minute_is_refused_and_fine_again_after_it) {
  RateLimit limit;
  const core::TimePoint start{};
  EXPECT_TRUE(limit.allow(start, 2));
  EXPECT_TRUE(limit.allow(start + seconds(10), 2));
  EXPECT_FALSE(limit.allow(start + seconds(20), 2));
  EXPECT_FALSE(limit.allow(start + seconds(59), 2));
  EXPECT_TRUE(limit.allow(start + seconds(60), 2)) << "the first has left the window";
  EXPECT_FALSE(limit.allow(start + seconds(61), 2));
  EXPECT_TRUE(limit.allow(start + seconds(70), 2));
}

TEST(RateLimit, refused_events_do_not_count) {
  RateLimit limit;
  const core::TimePoint start{};
  EXPECT_TRUE(limit.allow(start, 1));
  for (int second = 1; second < 60; ++second) EXPECT_FALSE(limit.allow(start + seconds(second), 1));
  EXPECT_TRUE(limit.allow(start + seconds(60), 1));
}

TEST(RateLimit, nothing_passes_a_limit_of_zero) {
  EXPECT_FALSE(RateLimit().allow({}, 0));
  EXPECT_FALSE(RateLimit().allow({}, -1));
}

TEST(RateLimit, a_changed_limit_holds_from_the_next_event_on) {
  RateLimit limit;
  const core::TimePoint start{};
  EXPECT_TRUE(limit.allow(start, 1));
  EXPECT_FALSE(limit.allow(start, 1));
  EXPECT_TRUE(limit.allow(start, 2));
  EXPECT_FALSE(limit.allow(start, 1));
}

}  // namespace
}  // namespace mooring::gateway
