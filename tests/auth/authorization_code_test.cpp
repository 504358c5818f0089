#include "auth/authorization_code.hpp"

#include <gtest/gtest.h>

#include "auth/exchange.hpp"
#include "core/base64.hpp"
#include "core/hash.hpp"

namespace mooring::auth {
namespace {

class AuthorizationCode : public ::testing::Test {
 protected:
  AuthorizationCode() {
    where.server.issuer = "https://as.example.com";
    where.server.authorization_endpoint = "https://as.example.com/authorize?tenant=1";
    where.server.code_challenge_methods = {{"plain", "S256"}};
    where.resource = "https://mcp.example.com/mcp";
    client.client_id = "id";
  }
  Result<AuthorizationRequest> begin() {
    return begin_authorization(
        where, client, {"a", "offline_access"}, "http://127.0.0.1:1/callback", FetchPolicy(false),
        random
    );
  }
  static std::string value(const AuthorizationRequest& request, std::string_view name) {
    for (const auto& [key, text] : form_decode(request.url.substr(request.url.find('?') + 1))) {
      if (key == name) return text;
    }
    return {};
  }

  core::SeededRandom random{7};
  Discovered where;
  Registration client;
};

TEST_F(AuthorizationCode, TheRequest) {
  const auto request = begin();
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_TRUE(request->url.starts_with("https://as.example.com/authorize?tenant=1&"));
  EXPECT_EQ(value(*request, "resource"), "https://mcp.example.com/mcp");
  EXPECT_EQ(value(*request, "scope"), "a offline_access");
  EXPECT_EQ(value(*request, "state"), request->state);
  EXPECT_EQ(
      value(*request, "code_challenge"), core::base64url_encode(core::sha256(request->verifier))
  );
  EXPECT_EQ(request->url.find(request->verifier), std::string::npos);
}

TEST_F(AuthorizationCode, WithoutS256Nothing) {
  where.server.code_challenge_methods = {{"plain"}};
  EXPECT_FALSE(begin());
  where.server.code_challenge_methods.reset();
  EXPECT_FALSE(begin());
  where.legacy = true;
  EXPECT_TRUE(begin());
}

TEST_F(AuthorizationCode, ThePageIsNoFileAndNoAddressInside) {
  for (const auto* page :
       {"file:///etc/passwd", "javascript:alert(1)", "http://as.example.com/",
        "https://192.168.0.1/"}) {
    where.server.authorization_endpoint = page;
    EXPECT_FALSE(begin()) << page;
  }
}

TEST_F(AuthorizationCode, AUTH_12_b_TheStateHasToBeOurs) {
  const auto request = *begin();
  EXPECT_EQ(*read_callback(request, "/callback?code=c&state=" + request.state), "c");
  EXPECT_FALSE(read_callback(request, "/callback?code=c&state=other"));
  EXPECT_FALSE(read_callback(request, "/callback?code=c"));
  EXPECT_FALSE(read_callback(request, "?code=c&state=" + request.state + "&state=" + request.state)
  );
  EXPECT_FALSE(read_callback(request, "?state=" + request.state));
}

/// RFC 9207 §2.4 as a table.
TEST_F(AuthorizationCode, TheIssuerHasToBeTheOneThatWasAsked) {
  struct Row {
    bool promised;
    const char* iss;
    bool good;
  };
  constexpr Row rows[] = {
      {true, "&iss=https://as.example.com", true},    {true, "", false},
      {true, "&iss=https://evil.example.com", false}, {true, "&iss=https://as.example.com/", false},
      {false, "&iss=https://as.example.com", true},   {false, "", true},
      {false, "&iss=https://evil.example.com", false}
  };
  for (const auto& row : rows) {
    where.server.iss_parameter_supported = row.promised;
    const auto request = *begin();
    const auto code = read_callback(request, "?code=c&state=" + request.state + row.iss);
    EXPECT_EQ(code.has_value(), row.good) << row.promised << row.iss;
  }
}

TEST_F(AuthorizationCode, ARefusalIsToldUnlessItIsForged) {
  const auto request = *begin();
  const auto refused = read_callback(
      request, "?error=access_denied&error_description=no%0Away&state=" + request.state
  );
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::login_needed);
  EXPECT_NE(refused.error().detail.find("access_denied: no way"), std::string::npos);
  const auto forged = read_callback(
      request, "?error=x&error_description=call+0900&iss=https://evil&state=" + request.state
  );
  EXPECT_EQ(forged.error().detail.find("0900"), std::string::npos);
}

TEST_F(AuthorizationCode, OfflineAccessOnlyWhereItIsKnown) {
  ServerMetadata server;
  EXPECT_EQ(scopes_to_ask({"a"}, server), (std::vector<std::string>{"a"}));
  server.scopes_supported = {"offline_access"};
  EXPECT_EQ(scopes_to_ask({"a"}, server), (std::vector<std::string>{"a", "offline_access"}));
  EXPECT_TRUE(scopes_to_ask({}, server).empty());
}

}  // namespace
}  // namespace mooring::auth
