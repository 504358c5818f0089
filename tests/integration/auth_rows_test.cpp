// Section D of the requirements, seen from both ends of a running gateway.
#include <gmock/gmock.h>

#include <fstream>

#include "signed_in.hpp"

namespace mooring::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(SignedIn, AUTH_01_an_expired_token_is_refreshed_and_the_call_repeated_once) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("count");
  expire();
  const auto answer = session.tool("count");
  EXPECT_TRUE(at(answer, "/error").is_null()) << answer;
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(executed("count"), 2);
  EXPECT_EQ(initializes(), 2);
}

TEST_F(SignedIn, AUTH_02_fifty_calls_that_meet_an_expired_token_make_one_token_request) {
  const auto gateway = start(issue(), {.workers = 2});
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  std::vector<Exchange> calls;
  std::vector<std::string> ids;
  for (int i = 0; i < 50; ++i) {
    calls.push_back(session.start_tool(i % 2 == 0 ? "echo" : "count"));
    ids.push_back(session.last_id());
  }
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const auto answer = calls[i].response(ids[i]);
    EXPECT_FALSE(at(answer, "/result").is_null()) << answer;
  }
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(executed("count"), 25);
}

TEST_F(SignedIn, AUTH_03_what_another_process_wrote_is_taken_without_a_request) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  keep(gateway->credentials(), key(), issue());
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(refreshes(), 0);
}

TEST_F(SignedIn, AUTH_04_a_a_revoked_grant_asks_for_a_person_and_is_left_alone) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  server.with([](auto& as, auto&) { as.revoke_grants(); });
  const auto before = asked_of_authority();
  for (int i = 0; i < 30; ++i) {
    const auto answer = session.tool("count");
    EXPECT_EQ(at(answer, "/error/data/mooring/needs_reauth"), true) << answer;
    EXPECT_EQ(text(answer, "/error/data/mooring/server"), "one");
    EXPECT_EQ(text(answer, "/error/data/mooring/login"), "mooring login one");
    EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "not_executed");
  }
  EXPECT_LE(asked_of_authority() - before, 3);
  EXPECT_EQ(executed("count"), 0);
  const auto status = gateway->wait_state("one", "login_needed");
  EXPECT_EQ(text(status, "/state"), "login_needed");
  // A restart does not ask again either.
  const auto seen = refreshes();
  EXPECT_EQ(kept(gateway->credentials(), key())->refresh_token, "");
  EXPECT_EQ(refreshes(), seen);
}

TEST_F(SignedIn, AUTH_04_a_ten_minutes_of_calls_ask_the_authorization_server_three_times_at_most) {
  const auto gateway = start(issue(), {.time = Background::Time::manual});
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  server.with([](auto& as, auto&) { as.revoke_grants(); });
  const auto before = asked_of_authority();
  session.tool("echo");
  const auto requests = [&] {
    return server.with([](auto&, auto& mcp) { return mcp.seen().size(); });
  };
  const auto asked = requests();
  for (int i = 0; i < 120; ++i) {
    gateway->advance(std::chrono::seconds(5));
    EXPECT_FALSE(at(session.tool("echo"), "/error").is_null());
  }
  EXPECT_LE(asked_of_authority() - before, 3);
  EXPECT_EQ(requests(), asked);
}

TEST_F(SignedIn, AUTH_04_b_a_new_token_that_is_refused_as_well_is_the_end_of_it) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  server.with([](auto&, auto& mcp) { mcp.refuse_next(1000); });
  const auto answer = session.tool("count");
  EXPECT_EQ(at(answer, "/error/data/mooring/needs_reauth"), true) << answer;
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(text(gateway->wait_state("one", "login_needed"), "/state"), "login_needed");
  for (int i = 0; i < 5; ++i) session.tool("count");
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(executed("count"), 0);
}

TEST_F(SignedIn, AUTH_05_a_plain_403_is_no_reason_for_other_credentials) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  server.with([](auto&, auto& mcp) { mcp.fail_next(Endpoint::mcp, 1, 403, "not for you"); });
  const auto answer = session.tool("echo");
  EXPECT_FALSE(at(answer, "/error").is_null());
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(asked_of_authority(), 0);
  EXPECT_EQ(initializes(), 1);
}

TEST_F(SignedIn, a_scope_that_is_missing_names_the_login_and_leaves_the_rest_alone) {
  server.with([](auto&, auto& mcp) { mcp.options().tool_scopes = {{"count", {"write"}}}; });
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  const auto answer = session.tool("count");
  EXPECT_EQ(at(answer, "/error/data/mooring/needs_reauth"), true) << answer;
  EXPECT_THAT(text(answer, "/error/data/mooring/login"), HasSubstr("--scope 'write'")) << answer;
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(initializes(), 1);
  EXPECT_EQ(asked_of_authority(), 0);
}

TEST_F(SignedIn, AUTH_06_two_gateways_on_one_store_make_one_token_request) {
  const auto grant = issue();
  const auto first = start(grant);
  const auto second = start(std::nullopt);
  Session one(client, first->mcp("one")), two(client, second->mcp("one"));
  one.tool("echo");
  two.tool("echo");
  expire();
  server.hold_next(Endpoint::token, 1, SocketServer::Hold::after);
  auto call_one = one.start_tool("echo");
  auto call_two = two.start_tool("echo");
  ASSERT_TRUE(server.wait_held());
  server.release();
  EXPECT_FALSE(at(call_one.response(one.last_id()), "/result").is_null());
  EXPECT_FALSE(at(call_two.response(two.last_id()), "/result").is_null());
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.reuses(); }), 0);
}

TEST_F(SignedIn, AUTH_07_a_refresh_token_that_is_not_renewed_stays_on_disk_too) {
  server.with([](auto& as, auto&) { as.options().rotation = false; });
  const auto grant = issue();
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  for (int i = 0; i < 3; ++i) {
    expire();
    EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  }
  EXPECT_EQ(kept(gateway->credentials(), key())->refresh_token, grant.refresh_token);
}

TEST_F(SignedIn, AUTH_08_a_stored_token_with_no_time_left_is_not_sent) {
  auto grant = issue();
  grant.expires = std::chrono::system_clock::now();
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(refreshes(), 1);
  EXPECT_EQ(server.with([](auto&, auto& mcp) { return mcp.answered(401); }), 0);
}

TEST_F(SignedIn, AUTH_09_another_issuer_is_not_shown_the_refresh_token) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  SocketServer other;
  server.with([&](auto&, auto& mcp) { mcp.options().issuers = {other.issuer()}; });
  const auto answer = session.tool("echo");
  EXPECT_EQ(at(answer, "/error/data/mooring/needs_reauth"), true) << answer;
  EXPECT_EQ(refreshes(), 0);
  EXPECT_TRUE(other.with([](auto& as, auto&) { return as.presented().empty(); }));
}

TEST_F(SignedIn, AUTH_10_a_client_that_is_forgotten_is_not_shown_again) {
  const auto grant = issue();
  const auto gateway = start(grant);
  std::promise<void> registered;
  auto registration = grant.client;
  registration.issuer = grant.issuer;
  gateway->credentials().keep_registration(registration, [&](const Result<void>&) {
    registered.set_value();
  });
  registered.get_future().get();
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  server.with([](auto& as, auto&) {
    as.expire_access_tokens();
    as.forget_clients();
  });
  EXPECT_EQ(at(session.tool("echo"), "/error/data/mooring/needs_reauth"), true);
  std::promise<bool> gone;
  gateway->credentials().find_registration(grant.issuer, [&](const auto& found) {
    gone.set_value(found && !*found);
  });
  EXPECT_TRUE(gone.get_future().get());
}

TEST_F(SignedIn, AUTH_14_a_call_that_is_given_up_during_a_refresh_blocks_nobody) {
  const auto gateway = start(issue());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  expire();
  server.hold_next(Endpoint::token);
  auto first = session.start_tool("echo");
  ASSERT_TRUE(server.wait_held());
  session.send(fmt::format(
      R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{}}}}})",
      session.last_id()
  ));
  first.close();
  auto second = session.start_tool("echo");
  server.release();
  EXPECT_FALSE(at(second.response(session.last_id()), "/result").is_null());
  EXPECT_EQ(refreshes(), 1);
}

TEST_F(SignedIn, AUTH_17_a_header_from_a_rotated_file_is_new_with_the_next_session) {
  const auto secret = (state.path() / "token").string();
  const auto first = issue(), second = issue();
  std::ofstream(secret) << first.access_token << '\n';
  const auto gateway = start(
      std::nullopt, {},
      fmt::format(R"(,"headers":{{"Authorization":"Bearer ${{file:{}}}"}})", secret)
  );
  Session session(client, gateway->mcp("one"));
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  std::ofstream(secret) << second.access_token << '\n';
  server.with([](auto&, auto& mcp) { mcp.forget_sessions(); });
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  const auto used = server.with([](auto&, auto& mcp) { return mcp.tokens_of(mcp.last_session()); });
  EXPECT_EQ(used, std::vector<std::string>{second.access_token});
  EXPECT_EQ(asked_of_authority(), 0);
}

TEST_F(SignedIn, AUTH_19_a_cold_start_refreshes_at_the_advertised_endpoint) {
  server.with([](auto& as, auto&) { as.options().endpoint_path = "/hidden/v7"; });
  auto grant = issue();
  grant.expires = std::chrono::system_clock::now() - std::chrono::hours(1);
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  const auto first = server.with([](auto& as, auto&) { return as.seen().front().endpoint; });
  EXPECT_EQ(first, Endpoint::metadata);
  EXPECT_EQ(refreshes(), 1);
}

TEST_F(SignedIn, EXP_11_a_lost_session_with_a_good_token_touches_no_token_endpoint) {
  const auto grant = issue();
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  session.tool("count");
  server.with([](auto&, auto& mcp) { mcp.forget_sessions(); });
  EXPECT_TRUE(at(session.tool("count"), "/error").is_null());
  EXPECT_EQ(executed("count"), 2);
  EXPECT_EQ(initializes(), 2);
  EXPECT_EQ(asked_of_authority(), 0);
  const auto used = server.with([](auto&, auto& mcp) { return mcp.tokens_of(mcp.last_session()); });
  EXPECT_EQ(used, std::vector<std::string>{grant.access_token});
}

}  // namespace
}  // namespace mooring::integration
