#include "gateway/rate_limit.hpp"

#include <gtest/gtest.h>

namespace mooring::gateway {
namespace {

using std::chrono::seconds;

TEST(RateLimit, SAMP_01a_the_third_in_a_minute_is_refused_and_fine_again_after_it) {
  RateLimit limit(2);
  const core::TimePoint start{};
  EXPECT_TRUE(limit.allow(start));
  EXPECT_TRUE(limit.allow(start + seconds(10)));
  EXPECT_FALSE(limit.allow(start + seconds(20)));
  EXPECT_FALSE(limit.allow(start + seconds(59)));
  EXPECT_TRUE(limit.allow(start + seconds(60))) << "the first has left the window";
  EXPECT_FALSE(limit.allow(start + seconds(61)));
  EXPECT_TRUE(limit.allow(start + seconds(70)));
}

TEST(RateLimit, refused_events_do_not_count) {
  RateLimit limit(1);
  const core::TimePoint start{};
  EXPECT_TRUE(limit.allow(start));
  for (int second = 1; second < 60; ++second) EXPECT_FALSE(limit.allow(start + seconds(second)));
  EXPECT_TRUE(limit.allow(start + seconds(60)));
}

TEST(RateLimit, nothing_passes_a_limit_of_zero) {
  EXPECT_FALSE(RateLimit(0).allow({}));
  EXPECT_FALSE(RateLimit(-1).allow({}));
}

}  // namespace
}  // namespace mooring::gateway
