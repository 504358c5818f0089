#include "auth/token_endpoint.hpp"

#include <gtest/gtest.h>

#include "core/base64.hpp"

namespace mooring::auth {
namespace {

Reply answer(int status, std::string body, Headers headers = {}) {
  return {status, std::move(headers), std::move(body), {}};
}

SystemTime at(long long seconds) { return SystemTime(std::chrono::seconds(seconds)); }

TEST(TokenAnswer, ExpiresInInEveryForm) {
  struct Row {
    const char* member;
    std::optional<long long> seconds;
  };
  constexpr Row rows[] = {
      {R"(,"expires_in":3600)", 3600},
      {R"(,"expires_in":"3600")", 3600},
      {"", std::nullopt},
      {R"(,"expires_in":0)", 0},
      {R"(,"expires_in":-5)", 0},
      {R"(,"expires_in":1.5)", 1},
      {R"(,"expires_in":null)", std::nullopt},
      {R"(,"expires_in":"soon")", std::nullopt},
      {R"(,"expires_in":1e300)", 315360000}
  };
  for (const auto& row : rows) {
    const auto tokens = read_token_answer(answer(
        200, std::string(R"({"access_token":"t-123456","token_type":"bearer")") + row.member + "}"
    ));
    ASSERT_TRUE(tokens) << row.member;
    EXPECT_EQ(tokens->expires_in.has_value(), row.seconds.has_value()) << row.member;
    if (row.seconds && tokens->expires_in) EXPECT_EQ(tokens->expires_in->count(), *row.seconds);
  }
}

TEST(TokenAnswer, AUTH_15_OnlyADefiniteRefusalIsOne) {
  struct Row {
    int status;
    const char* body;
    bool transient;
  };
  constexpr Row rows[] = {
      {400, R"({"error":"invalid_grant"})", false},
      {401, R"({"error":"invalid_client"})", false},
      {400, R"({"error":"temporarily_unavailable"})", true},
      {400, "<html>", true},
      {403, "", true},
      {404, "not here", true},
      {429, R"({"error":"invalid_grant"})", true},
      {500, R"({"error":"invalid_grant"})", true},
      {503, "", true},
      {200, "<html>", true},
      {200, "{}", true},
      {0, "", true},
  };
  for (const auto& row : rows) {
    const auto error = read_token_answer(answer(row.status, row.body));
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().transient, row.transient) << row.status << row.body;
    EXPECT_FALSE(error.error().text.empty());
  }
  const auto busy = read_token_answer(answer(429, "", {{"Retry-After", "7"}}));
  EXPECT_EQ(busy.error().retry_after, std::chrono::seconds(7));
}

TEST(TokenAnswer, AUTH_18_NoTokenInWhatIsTold) {
  const auto error = read_token_answer(
      answer(400, R"({"error":"invalid_grant","error_description":"Bearer abcdefgh12345 is\nbad"})")
  );
  EXPECT_EQ(error.error().text.find("abcdefgh12345"), std::string::npos);
  EXPECT_EQ(error.error().text.find('\n'), std::string::npos);
}

class Request : public ::testing::Test {
 protected:
  TokenRequest make(ClientAuth method, std::shared_ptr<DpopProver> prover = nullptr) {
    TokenClient client;
    client.registration.client_id = "my id";
    client.registration.client_secret = "s+cret";
    client.registration.method = method;
    client.prover = std::move(prover);
    if (method == ClientAuth::private_key_jwt) client.key = SigningKey::generate();
    return {
        *core::Url::parse("https://as.example.com/token?x=1"),
        "https://as.example.com",
        refresh_grant("r1", "https://mcp.example.com"),
        std::move(client),
        random,
        at(1000)
    };
  }
  static std::string field(const std::string& body, std::string_view name) {
    for (const auto& [key, value] : form_decode(body)) {
      if (key == name) return value;
    }
    return {};
  }
  core::SeededRandom random{1};
};

TEST_F(Request, ClientAuthentication) {
  auto basic = make(ClientAuth::basic).next();
  const auto expected = "Basic " + core::base64_encode("my+id:s%2Bcret");
  bool found = false;
  for (const auto& [name, value] : basic->headers) found |= value == expected;
  EXPECT_TRUE(found);
  EXPECT_EQ(field(basic->body, "client_secret"), "");
  auto post = make(ClientAuth::post).next();
  EXPECT_EQ(field(post->body, "client_secret"), "s+cret");
  EXPECT_EQ(field(post->body, "resource"), "https://mcp.example.com");
  auto none = make(ClientAuth::none).next();
  EXPECT_EQ(field(none->body, "client_id"), "my id");
  EXPECT_EQ(field(none->body, "client_secret"), "");
  auto jwt = make(ClientAuth::private_key_jwt).next();
  const auto assertion = field(jwt->body, "client_assertion");
  const auto first = assertion.find('.');
  const auto claims =
      *core::base64url_decode(assertion.substr(first + 1, assertion.rfind('.') - first - 1));
  EXPECT_NE(claims.find(R"("aud":"https://as.example.com")"), std::string::npos) << claims;
  EXPECT_NE(claims.find(R"("iss":"my id","sub":"my id")"), std::string::npos) << claims;
}

TEST_F(Request, ADpopNonceIsAnsweredOnce) {
  auto prover = std::make_shared<DpopProver>(SigningKey::generate(), random);
  auto request = make(ClientAuth::none, prover);
  ASSERT_TRUE(request.next());
  const auto wants = answer(400, R"({"error":"use_dpop_nonce"})", {{"DPoP-Nonce", "n1"}});
  request.take(wants);
  const auto again = request.next();
  ASSERT_TRUE(again);
  const auto proof = again->headers.back().second;
  const auto first = proof.find('.');
  const auto claims =
      *core::base64url_decode(proof.substr(first + 1, proof.rfind('.') - first - 1));
  EXPECT_NE(claims.find(R"("nonce":"n1")"), std::string::npos) << claims;
  EXPECT_NE(claims.find(R"("htu":"https://as.example.com/token")"), std::string::npos) << claims;
  request.take(wants);
  EXPECT_FALSE(request.next());
  EXPECT_FALSE(request.result());
}

TEST(Granted, AUTH_07_TheRefreshTokenStaysWhereNoneIsSent) {
  Grant before;
  before.refresh_token = "old";
  before.requested = {"a"};
  Tokens tokens;
  tokens.access_token = "new";
  tokens.expires_in = std::chrono::seconds(60);
  auto after = granted(before, tokens, at(100));
  EXPECT_EQ(after.refresh_token, "old");
  EXPECT_EQ(after.expires, at(160));
  EXPECT_EQ(after.scopes, (std::vector<std::string>{"a"}));
  tokens.refresh_token = "rotated";
  tokens.expires_in.reset();
  after = granted(after, tokens, at(200));
  EXPECT_EQ(after.refresh_token, "rotated");
  EXPECT_FALSE(after.expires);
}

}  // namespace
}  // namespace mooring::auth
