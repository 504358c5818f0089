// Sign-ins that change under a gateway that runs: others sign in and out, secrets are replaced,
// documents are gone for a while.
#include <gmock/gmock.h>

#include "core/redact.hpp"
#include "signed_in.hpp"

namespace mooring::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

class Changing : public SignedIn {
 protected:
  void reconnect(const TestGateway& gateway) {
    EXPECT_EQ(client.send("POST", gateway.url() + "/api/v1/servers/one/reconnect").status / 100, 2);
  }
  static void forget(auth::CredentialStore& store, const auth::GrantKey& key) {
    std::promise<Result<void>> gone;
    store.forget(key, [&](Result<void> done) { gone.set_value(std::move(done)); });
    ASSERT_TRUE(gone.get_future().get());
  }
};

TEST_F(Changing, a_logout_takes_the_token_from_a_gateway_that_runs) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  forget(gateway->credentials(), key());
  reconnect(*gateway);
  const auto status = gateway->wait_state("one", "login_needed");
  EXPECT_THAT(text(status, "/reason"), HasSubstr("signed out")) << status;
  EXPECT_EQ(at(session.tool("echo"), "/error/data/mooring/needs_reauth"), true);
  EXPECT_EQ(refreshes(), 0);
  EXPECT_FALSE(kept(gateway->credentials(), key()));
}

TEST_F(Changing, a_logout_is_noticed_when_the_token_is_due) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  forget(gateway->credentials(), key());
  expire();
  EXPECT_EQ(at(session.tool("echo"), "/error/data/mooring/needs_reauth"), true);
  EXPECT_EQ(refreshes(), 0);
  EXPECT_FALSE(kept(gateway->credentials(), key()));
}

TEST_F(Changing, a_login_for_more_is_used_at_once) {
  server.with([](auto&, auto& mcp) { mcp.options().tool_scopes = {{"count", {"write"}}}; });
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  EXPECT_EQ(at(session.tool("count"), "/error/data/mooring/needs_reauth"), true);
  keep(gateway->credentials(), key(), issue({"read", "write"}));
  reconnect(*gateway);
  ASSERT_TRUE(server.wait_until([](auto&, auto& mcp) { return mcp.initializes() == 2; }));
  const auto answer = session.tool("count");
  EXPECT_TRUE(at(answer, "/error").is_null()) << answer;
}

TEST_F(Changing, a_scope_is_no_way_into_a_shell) {
  server.with([](auto&, auto& mcp) {
    mcp.options().tool_scopes = {{"count", {"write", "x';touch${IFS}evil;'"}}};
  });
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  const auto login = text(session.tool("count"), "/error/data/mooring/login");
  EXPECT_THAT(login, HasSubstr("--scope 'write'"));
  EXPECT_THAT(login, Not(HasSubstr("touch")));
}

TEST_F(Changing, AUTH_09_another_issuer_is_not_shown_the_secret_of_a_client_that_needs_no_person) {
  server.with([](auto& as, auto&) {
    test_auth::Client app;
    app.id = "app";
    app.secret = "planted-client-secret";
    app.method = auth::ClientAuth::basic;
    as.add_client(app);
  });
  const auto gateway = start(
      std::nullopt, {},
      R"(,"auth":{"grant":"client_credentials","client_id":"app","client_secret":"planted-client-secret"})"
  );
  Session session(client, gateway->mcp("one"));
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  SocketServer other;
  server.with([&](auto& as, auto& mcp) {
    as.expire_access_tokens();
    mcp.options().issuers = {other.issuer()};
  });
  EXPECT_FALSE(at(session.tool("echo"), "/error").is_null());
  const auto status = gateway->wait_state("one", "parked");
  EXPECT_THAT(text(status, "/reason"), HasSubstr("auth.issuer")) << status;
  EXPECT_TRUE(other.with([](auto& as, auto&) { return as.presented().empty(); }));
  EXPECT_EQ(other.with([](auto& as, auto&) { return as.grants("client_credentials"); }), 0);
}

TEST_F(Changing, a_client_that_is_not_accepted_leaves_the_sign_in_alone) {
  auto grant = issue();
  grant.client.kind = auth::Registration::Kind::configured;
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  server.with([](auto& as, auto&) {
    as.expire_access_tokens();
    as.fail_next(Endpoint::token, 1, 401, R"({"error":"invalid_client"})");
  });
  EXPECT_FALSE(at(session.tool("echo"), "/error").is_null());
  const auto failed = gateway->wait_state("one", "parked");
  EXPECT_EQ(text(failed, "/state"), "parked") << failed;
  EXPECT_EQ(kept(gateway->credentials(), key())->refresh_token, grant.refresh_token);
  reconnect(*gateway);
  gateway->wait_state("one", "ready");
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
}

TEST_F(Changing, documents_that_are_gone_for_a_while_need_no_person) {
  const auto gateway = start(issue(), {.time = Background::Time::manual});
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  server.with([](auto& as, auto&) { as.fail_next(Endpoint::metadata, 2, 404); });
  auto call = session.start_tool("echo");
  gateway->wait_state("one", "backing_off");
  server.with([](auto& as, auto&) { as.clear_faults(); });
  gateway->advance(std::chrono::seconds(12));
  gateway->wait_state("one", "ready");
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
}

TEST_F(Changing, AUTH_15_trouble_at_the_token_endpoint_asks_nobody_to_sign_in) {
  const auto gateway = start(issue(), {.time = Background::Time::manual});
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  server.with([](auto& as, auto&) { as.fail_next(Endpoint::token, 1000, 503); });
  auto call = session.start_tool("echo");
  const auto status = gateway->wait_state("one", "backing_off");
  EXPECT_EQ(text(status, "/failure_kind"), "transient") << status;
  gateway->advance(std::chrono::seconds(16));
  const auto answer = call.response(session.last_id());
  EXPECT_FALSE(at(answer, "/error").is_null()) << answer;
  EXPECT_TRUE(at(answer, "/error/data/mooring/needs_reauth").is_null()) << answer;
}

TEST_F(Changing, a_scope_that_the_handshake_wants_is_asked_for_once) {
  server.with([](auto&, auto& mcp) { mcp.options().session_scopes = {"write"}; });
  const auto gateway = start(issue(), {.time = Background::Time::manual});
  const auto status = gateway->wait_state("one", "login_needed");
  EXPECT_THAT(text(status, "/reason"), HasSubstr("--scope 'write'")) << status;
  const auto asked = server.with([](auto&, auto& mcp) { return mcp.seen().size(); });
  gateway->advance(std::chrono::minutes(10));
  EXPECT_EQ(server.with([](auto&, auto& mcp) { return mcp.seen().size(); }), asked);
  keep(gateway->credentials(), key(), issue({"read", "write"}));
  // It looks every five seconds, counted from the end of its last look.
  for (int i = 0; i < 100 && text(gateway->status("one"), "/state") != "ready"; ++i)
    gateway->advance(std::chrono::seconds(5));
  EXPECT_EQ(text(gateway->wait_state("one", "ready"), "/state"), "ready");
}

TEST_F(Changing, where_no_person_is_needed_nobody_is_asked_to_sign_in) {
  server.with([](auto& as, auto&) { as.fail_next(Endpoint::metadata, 1000, 404); });
  const auto gateway = start(
      std::nullopt, {.time = Background::Time::manual},
      R"(,"auth":{"grant":"client_credentials","client_id":"app","client_secret":"planted-client-secret"})"
  );
  const auto status = gateway->wait_state("one", "failed");
  EXPECT_EQ(text(status, "/state"), "failed") << status;
  EXPECT_THAT(text(status, "/reason"), HasSubstr("check the credentials")) << status;
  EXPECT_THAT(text(status, "/reason"), Not(HasSubstr("mooring login"))) << status;
}

/// What could not be written to the store is newer than what stands there.
TEST_F(Changing, an_older_grant_in_the_store_is_not_taken_back) {
  const auto first = issue();
  const auto gateway = start(first);
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  ASSERT_EQ(refreshes(), 1);
  auto older = first;
  older.issued -= std::chrono::hours(1);
  keep(gateway->credentials(), key(), older);
  expire();
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(refreshes(), 2);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.reuses(); }), 0);
}

TEST_F(Changing, AUTH_18_a_refresh_token_that_stays_is_redacted_as_long_as_it_stays) {
  server.with([](auto& as, auto&) { as.options().rotation = false; });
  const auto grant = issue();
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  for (int i = 0; i < 10; ++i) {
    expire();
    EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  }
  EXPECT_THAT(core::redact("x " + grant.refresh_token), Not(HasSubstr(grant.refresh_token)));
}

}  // namespace
}  // namespace mooring::integration
