#include "core/rfc3339.hpp"

#include <gtest/gtest.h>

namespace mooring::core {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

const Time moment(1'800'000'000s);

TEST(Rfc3339, is_written_in_utc) {
  EXPECT_EQ(rfc3339(moment), "2027-01-15T08:00:00Z");
  EXPECT_EQ(rfc3339_millis(moment + 7ms), "2027-01-15T08:00:00.007Z");
  EXPECT_EQ(rfc3339_millis(Time(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, is_read_with_fractions_and_offsets) {
  EXPECT_EQ(parse_rfc3339("2027-01-15T08:00:00Z"), moment);
  EXPECT_EQ(parse_rfc3339("2027-01-15t08:00:00.25z"), moment + 250ms);
  EXPECT_EQ(parse_rfc3339("2027-01-15 08:00:00.123456789Z"), moment + 123ms);
  EXPECT_EQ(parse_rfc3339("2027-01-15T09:30:00+01:30"), moment);
  EXPECT_EQ(parse_rfc3339("2027-01-14T22:00:00-10:00"), moment);
  EXPECT_EQ(parse_rfc3339("2027-01-15T07:59:60Z"), moment);
  EXPECT_EQ(parse_rfc3339(rfc3339_millis(moment + 999ms)), moment + 999ms);
}

TEST(Rfc3339, anything_else_is_nothing) {
  for (const auto* text :
       {"", "yesterday", "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00Z",
        "2027-13-15T08:00:00Z", "2027-02-29T08:00:00Z", "2027-01-15T24:00:00Z",
        "2027-01-15T08:60:00Z", "2027-01-15T08:00:61Z", "2027-01-15T08:00:00.Z",
        "2027-01-15T08:00:00Zx", "2027-01-15T08:00:00+1:00", "2027-01-15T08:00:00+24:00",
        "2027-01-15T08:00:00 01:00", "-027-01-15T08:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace mooring::core
