#include "auth/server/protected_resource.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "auth/dpop.hpp"

namespace mooring::test_auth {
namespace {

using namespace testing;

struct ProtectedResourceT : Test {
  auth::Reply send(std::string method, std::string body = {}, std::string path = "/mcp") {
    auth::Request request;
    request.method = std::move(method);
    request.url = *core::Url::parse("https://mcp.test" + path);
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    if (!session.empty()) request.headers.emplace_back("Mcp-Session-Id", session);
    request.body = std::move(body);
    return server.handle(request, now);
  }
  auth::Reply rpc(std::string_view method, std::string_view params = "{}") {
    return send(
        "POST",
        fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"{}","params":{}}})", method, params)
    );
  }
  void sign_in(Scopes scopes = {"read"}) {
    token = authority.issue("app", server.resource(), scopes, now).access_token;
  }
  void start() {
    const auto reply = rpc("initialize", R"({"protocolVersion":"2025-11-25"})");
    ASSERT_EQ(reply.status, 200) << reply.header("www-authenticate");
    session = reply.header("mcp-session-id");
  }

  core::SeededRandom random{1};
  AuthorizationServer authority{random};
  ProtectedResource server{random, authority};
  auth::SystemTime now{std::chrono::seconds(1'800'000'000)};
  std::string token, session;
};

TEST_F(ProtectedResourceT, says_where_to_sign_in) {
  server.options().challenge_scopes = {"read", "write"};
  const auto refused = rpc("initialize");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(
      refused.header("www-authenticate"),
      "Bearer resource_metadata=\"https://mcp.test/.well-known/oauth-protected-resource/mcp\", "
      "scope=\"read write\""
  );
  const auto body = parse_object(send("GET", {}, "/.well-known/oauth-protected-resource/mcp").body);
  EXPECT_EQ(text(body, "resource"), "https://mcp.test/mcp");
  EXPECT_EQ(body.at("authorization_servers"), json::array{"https://as.test"});
  EXPECT_EQ(send("GET", {}, "/.well-known/oauth-protected-resource").status, 404);
  server.options().challenge = "Bearer";
  EXPECT_EQ(rpc("initialize").header("www-authenticate"), "Bearer");
  server.options().challenge = "";
  EXPECT_EQ(rpc("initialize").header("www-authenticate"), "");
}

TEST_F(ProtectedResourceT, serves_whoever_has_a_token_for_it) {
  sign_in();
  start();
  EXPECT_EQ(send("POST", R"({"jsonrpc":"2.0","method":"notifications/initialized"})").status, 202);
  EXPECT_THAT(rpc("tools/list").body, HasSubstr("readOnlyHint"));
  EXPECT_THAT(
      rpc("tools/call", R"({"name":"echo","arguments":{"text":"hi"}})").body, HasSubstr("\"hi\"")
  );
  rpc("tools/call", R"({"name":"count"})");
  EXPECT_EQ(server.executed("count"), 1);
  EXPECT_EQ(send("GET").status, 405);
  EXPECT_THAT(server.tokens_of(session), ElementsAre(token));
  authority.expire_access_tokens();
  EXPECT_THAT(std::string(rpc("ping").header("www-authenticate")), HasSubstr("invalid_token"));
  sign_in();
  EXPECT_EQ(rpc("ping").status, 200);
  EXPECT_THAT(server.tokens_of(session), SizeIs(2));
  server.refuse_next();
  EXPECT_EQ(rpc("ping").status, 401);
  server.forget_sessions();
  const auto lost = rpc("ping");
  EXPECT_EQ(lost.status, 404);
  EXPECT_THAT(lost.body, HasSubstr("Session not found"));
  EXPECT_EQ(server.initializes(), 1);
}

TEST_F(ProtectedResourceT, wants_more_for_some_tools) {
  server.options().tool_scopes["count"] = {"write"};
  sign_in();
  start();
  const auto refused = rpc("tools/call", R"({"name":"count"})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(
      std::string(refused.header("www-authenticate")),
      StartsWith("Bearer error=\"insufficient_scope\", scope=\"write\"")
  );
  EXPECT_EQ(server.executed("count"), 0);
  sign_in({"read", "write"});
  EXPECT_EQ(rpc("tools/call", R"({"name":"count"})").status, 200);
}

TEST_F(ProtectedResourceT, lost_answers_leave_their_work_behind) {
  sign_in();
  start();
  server.lose_next(Endpoint::mcp);
  EXPECT_EQ(rpc("tools/call", R"({"name":"count"})").status, 0);
  EXPECT_EQ(server.executed("count"), 1);
}

/// Against the real prover: one of the two would have to be wrong in the same way.
TEST_F(ProtectedResourceT, takes_bound_tokens_with_a_fresh_proof_only) {
  server.options().dpop = Dpop::required;
  server.options().dpop_nonce = true;
  authority.options().dpop = Dpop::required;
  Client robot;
  robot.id = "robot";
  robot.secret = "s3cret";
  robot.method = auth::ClientAuth::post;
  authority.add_client(robot);
  auth::DpopProver prover(auth::SigningKey::generate(), random, [] {
    return auth::SystemTime(std::chrono::seconds(1'800'000'000));
  });
  auto asks = auth::form_post(
      *core::Url::parse(authority.url(Endpoint::token)), {{"grant_type", "client_credentials"},
                                                          {"client_id", "robot"},
                                                          {"client_secret", "s3cret"},
                                                          {"resource", server.resource()}}
  );
  asks.headers.emplace_back("DPoP", prover.proof("POST", asks.url, {}));
  const auto body = parse_object(authority.handle(asks, now).body);
  ASSERT_EQ(text(body, "token_type"), "DPoP");
  token = text(body, "access_token");
  EXPECT_EQ(rpc("initialize").status, 401) << "as a bearer token";

  auth::Request request;
  request.method = "POST";
  request.url = *core::Url::parse(server.url());
  request.body = R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})";
  const auto proven = [&] {
    request.headers = {
        {"Authorization", "DPoP " + token}, {"DPoP", prover.proof("POST", request.url, token)}
    };
    return server.handle(request, now);
  };
  const auto refused = proven();
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(
      std::string(refused.header("www-authenticate")), StartsWith("DPoP error=\"use_dpop_nonce\"")
  );
  prover.nonce(request.url, refused.header("dpop-nonce"));
  EXPECT_EQ(proven().status, 200);
  EXPECT_EQ(server.handle(request, now).status, 401) << "the same proof again";
  server.renew_nonce();
  EXPECT_EQ(proven().status, 401);
}

}  // namespace
}  // namespace mooring::test_auth
