#include "auth/exchange.hpp"

#include <gtest/gtest.h>

#include "auth/fetch_policy.hpp"

namespace mooring::auth {
namespace {

TEST(Exchange, FormEncoding) {
  EXPECT_EQ(form_encode("a b+c%&=ü~*-._"), "a+b%2Bc%25%26%3D%C3%BC%7E*-._");
  EXPECT_EQ(form_encode({{"a", "1 2"}, {"b", ""}}), "a=1+2&b=");
}

TEST(Exchange, FormDecoding) {
  const auto fields = form_decode("code=a%2Bb+c&state=%zz&empty=&&flag");
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"code", "a+b c"}, {"state", "%zz"}, {"empty", ""}, {"flag", ""}
  };
  EXPECT_EQ(fields, expected);
}

TEST(Exchange, HeadersAreFoundInAnyCase) {
  Reply reply;
  reply.headers = {{"DPoP-Nonce", "n"}};
  EXPECT_EQ(reply.header("dpop-nonce"), "n");
  EXPECT_EQ(reply.header("retry-after"), "");
}

bool allows(const FetchPolicy& policy, std::string_view url) {
  return policy.check(*core::Url::parse(url)).has_value();
}

TEST(FetchPolicy, APublicServerSendsUsNowhereInside) {
  const FetchPolicy policy(false);
  EXPECT_TRUE(allows(policy, "https://as.example.com/token"));
  for (const auto* url :
       {"http://as.example.com/token", "https://127.0.0.1/x", "https://localhost/x",
        "https://10.0.0.1/x", "https://172.16.0.1/", "https://192.168.1.1/", "https://[::1]/",
        "https://[fd00::1]/", "https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/",
        "https://100.64.0.1/", "http://127.0.0.1/x", "https://user:pw@as.example.com/"}) {
    EXPECT_FALSE(allows(policy, url)) << url;
  }
  EXPECT_FALSE(policy.admits("10.1.2.3"));
  EXPECT_FALSE(policy.admits("64:ff9b::7f00:1"));
  EXPECT_TRUE(policy.admits("203.0.114.1"));
  EXPECT_TRUE(policy.admits("2606:4700::1"));
}

TEST(FetchPolicy, AServerInsideMayHaveItsAuthorizationServerInside) {
  const FetchPolicy policy(true);
  EXPECT_TRUE(allows(policy, "http://127.0.0.1:9000/token"));
  EXPECT_TRUE(allows(policy, "https://10.0.0.1/token"));
  EXPECT_FALSE(allows(policy, "http://10.0.0.1/token"));
  EXPECT_TRUE(policy.admits("10.1.2.3"));
}

}  // namespace
}  // namespace mooring::auth
