#include "auth/grant.hpp"

#include <gtest/gtest.h>

namespace mooring::auth {
namespace {

Grant sample() {
  Grant grant;
  grant.issuer = "https://as.example.com";
  grant.resource = "https://mcp.example.com";
  grant.access_token = "a\"b";
  grant.refresh_token = "r";
  grant.scopes = {"x", "y"};
  grant.requested = {"x"};
  grant.issued = SystemTime(std::chrono::seconds(5));
  grant.expires = SystemTime(std::chrono::seconds(65));
  grant.client.client_id = "c";
  grant.client.method = ClientAuth::post;
  grant.client.kind = Registration::Kind::dynamic;
  return grant;
}

TEST(Grant, ThroughJsonAndBack) {
  const auto grant = sample();
  EXPECT_EQ(*grant_from_json(to_json(grant)), grant);
  EXPECT_EQ(*registration_from_json(to_json(grant.client)), grant.client);
  EXPECT_FALSE(grant_from_json("[]"));
  EXPECT_FALSE(grant_from_json("{"));
}

TEST(Grant, AUTH_08_NoSecondsLeftIsExpired) {
  const auto grant = sample();
  EXPECT_FALSE(grant.expired(SystemTime(std::chrono::seconds(64))));
  EXPECT_TRUE(grant.expired(SystemTime(std::chrono::seconds(65))));
  Grant endless;
  EXPECT_FALSE(endless.expired(SystemTime(std::chrono::hours(1'000'000))));
}

TEST(Grant, Scopes) {
  EXPECT_EQ(split_scopes(" a  b a "), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(join_scopes({"a", "b"}), "a b");
  EXPECT_EQ(united({"a"}, {"b", "a"}), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace mooring::auth
