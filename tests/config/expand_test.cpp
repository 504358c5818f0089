#include "config/expand.hpp"

#include <gmock/gmock.h>

#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string expanded(std::string_view text) {
  return expand(text, env_of({{"A", "one"}, {"B", "two"}, {"EMPTY", ""}, {"NESTED", "${A}"}})).text;
}

TEST(Expand, every_form) {
  EXPECT_EQ(expanded("x${A}y${B}z"), "xoneytwoz");
  EXPECT_EQ(expanded("${env:A}"), "one");
  EXPECT_EQ(expanded("${A:-other}"), "one");
  EXPECT_EQ(expanded("${NO:-other}"), "other");
  EXPECT_EQ(expanded("${env:NO:-other}"), "other");
  EXPECT_EQ(expanded("${NO:-}"), "");
  EXPECT_EQ(expanded("${EMPTY}"), "");
  EXPECT_EQ(expanded("${EMPTY:-other}"), "other");
  EXPECT_EQ(expanded("${NO:-http://127.0.0.1:1/x}"), "http://127.0.0.1:1/x");
  EXPECT_EQ(expanded("${NO:-${ALSO:-${B}}}!"), "two!");
}

TEST(Expand, a_value_is_not_expanded_again) { EXPECT_EQ(expanded("${NESTED}"), "${A}"); }

TEST(Expand, what_cannot_be_replaced_stays) {
  for (const std::string text : {"$A", "${", "${}", "${A", "${1A}", "${A-b}", "$${", "a$b{c}"}) {
    EXPECT_EQ(expanded(text), text);
  }
}

TEST(Expand, says_what_was_used_and_what_is_missing) {
  const auto result = expand("${A} ${NO} ${input:token}", env_of({{"A", "one"}}));
  ASSERT_EQ(result.used.size(), 1U);
  EXPECT_EQ(result.used[0].name, "A");
  EXPECT_THAT(result.unset, ElementsAre("${NO}"));
  EXPECT_THAT(result.inputs, ElementsAre("${input:token}"));
  EXPECT_EQ(result.text, "one ${NO} ${input:token}");
  EXPECT_THAT(expand("plain", env_of({})).unset, IsEmpty());
}

TEST(Expand, deep_nesting_ends) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "${N:-";
  text += std::string(1000, '}');
  EXPECT_LE(expanded(text).size(), text.size());
}

}  // namespace
}  // namespace mooring::config
