#include "auth/challenge.hpp"

#include <gtest/gtest.h>

namespace mooring::auth {
namespace {

TEST(Challenge, ParametersQuotedOrNot) {
  const auto challenge = oauth_challenge(
      R"(Bearer realm="a, \"b\"", resource_metadata="https://x/.well-known", Scope=read)"
  );
  EXPECT_EQ(challenge["realm"], "a, \"b\"");
  EXPECT_EQ(challenge["resource_metadata"], "https://x/.well-known");
  EXPECT_EQ(challenge["scope"], "read");
  EXPECT_EQ(challenge["error"], "");
}

TEST(Challenge, SeveralInOneHeader) {
  const auto all = parse_challenges(
      R"(Negotiate abc==, Basic realm="x", Bearer error="invalid_token", scope="a b")"
  );
  ASSERT_EQ(all.size(), 3U);
  EXPECT_TRUE(all[0].is("negotiate"));
  EXPECT_EQ(all[1]["realm"], "x");
  EXPECT_EQ(all[2]["scope"], "a b");
}

TEST(Challenge, DpopComesBeforeBearer) {
  EXPECT_TRUE(oauth_challenge(R"(Bearer realm="x", DPoP algs="ES256")").is("DPoP"));
  EXPECT_TRUE(oauth_challenge(R"(Basic realm="x")").scheme.empty());
}

TEST(Challenge, NonsenseEndsTheList) {
  for (const auto* text : {"", "=", "Bearer realm=\"open", ",,,", "\"", "Bearer ="})
    EXPECT_LE(parse_challenges(text).size(), 1U) << text;
  EXPECT_LE(parse_challenges(std::string(100000, ',') + "Bearer").size(), 1U);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "Bearer a=b, ";
  EXPECT_LE(parse_challenges(many).size(), 32U);
}

}  // namespace
}  // namespace mooring::auth
