// Sign-ins in bad weather: token endpoints in trouble, servers that lie, secrets that must not
// show.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/log.hpp"
#include "signed_in.hpp"

namespace mooring::integration {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(SignedIn, AUTH_15_trouble_at_the_token_endpoint_keeps_the_tokens) {
  for (const int status : {503, 429}) {
    const auto grant = issue();
    const auto gateway = start(grant, {.time = Background::Time::manual});
    Session session(client, gateway->mcp("one"));
    session.tool("echo");
    expire();
    server.with([&](auto& as, auto&) { as.fail_next(Endpoint::token, 1, status); });
    auto call = session.start_tool("echo");
    gateway->wait_state("one", "backing_off");
    EXPECT_EQ(kept(gateway->credentials(), key())->refresh_token, grant.refresh_token);
    gateway->advance(std::chrono::seconds(12));
    EXPECT_EQ(text(gateway->wait_state("one", "ready"), "/state"), "ready") << status;
    EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  }
}

TEST_F(SignedIn, nobody_signed_in_is_a_login_and_a_login_elsewhere_ends_it) {
  const auto gateway = start(std::nullopt, {.time = Background::Time::manual});
  const auto status = gateway->wait_state("one", "login_needed");
  EXPECT_EQ(text(status, "/state"), "login_needed");
  EXPECT_EQ(text(status, "/failure_kind"), "auth");
  const auto asked = server.with([](auto&, auto& mcp) { return mcp.seen().size(); });
  gateway->advance(std::chrono::minutes(10));
  EXPECT_EQ(server.with([](auto&, auto& mcp) { return mcp.seen().size(); }), asked);
  keep(gateway->credentials(), key(), issue());
  // It looks every five seconds, counted from the end of its last look.
  for (int i = 0; i < 100 && text(gateway->status("one"), "/state") != "ready"; ++i)
    gateway->advance(std::chrono::seconds(5));
  const auto ready = gateway->wait_state("one", "ready");
  EXPECT_EQ(text(ready, "/state"), "ready");
  EXPECT_EQ(text(ready, "/login/issuer"), server.issuer());
}

TEST_F(SignedIn, a_token_is_renewed_before_it_ends_and_the_session_stays) {
  server.with([](auto& as, auto&) { as.options().access_lifetime = std::chrono::hours(1); });
  const auto gateway = start(issue(), {.time = Background::Time::manual});
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  gateway->advance_wall_clock(std::chrono::minutes(59) + std::chrono::seconds(30));
  gateway->advance(std::chrono::minutes(60));
  ASSERT_TRUE(server.wait_until([](auto& as, auto&) { return as.grants("refresh_token") == 1; }));
  EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(initializes(), 1);
}

TEST_F(SignedIn, expires_in_of_nothing_storms_nobody) {
  server.with([](auto& as, auto&) { as.options().expires_in = "0"; });
  auto grant = issue();
  grant.expires = std::chrono::system_clock::now();
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(at(session.tool("echo"), "/error").is_null());
  EXPECT_EQ(refreshes(), 1);
}

TEST_F(SignedIn, a_server_without_a_sign_in_is_about_its_headers) {
  server.with([](auto& as, auto& mcp) {
    mcp.options().challenge = "";
    mcp.options().metadata_at_path = false;
    as.options().metadata = {};
  });
  const auto gateway = start(std::nullopt);
  const auto status = gateway->wait_state("one", "failed");
  EXPECT_THAT(text(status, "/reason"), HasSubstr("check the credentials"));
}

TEST_F(SignedIn, a_configured_header_is_no_sign_in) {
  const auto gateway =
      start(issue(), {}, R"(,"headers":{"Authorization":"Bearer planted-wrong-token"})");
  const auto status = gateway->wait_state("one", "failed");
  EXPECT_EQ(text(status, "/state"), "failed");
  EXPECT_EQ(asked_of_authority(), 0);
}

TEST_F(SignedIn, metadata_that_lie_are_refused_and_the_credentials_stay) {
  const auto lies = std::vector<std::function<void(test_auth::ResourceOptions&)>>{
      [](auto& options) { options.resource = "https://evil.example.com/mcp"; },
      [](auto& options) { options.issuers = {"http://169.254.169.254/"}; },
      [](auto& options) { options.challenge = R"(Bearer resource_metadata="http://10.0.0.1/x")"; },
  };
  for (const auto& lie : lies) {
    const auto grant = issue();
    const auto gateway = start(grant);
    Session session(client, gateway->mcp("one"));
    session.tool("echo");
    expire();
    const auto before = server.with([&](auto&, auto& mcp) {
      auto kept_options = mcp.options();
      lie(mcp.options());
      return kept_options;
    });
    EXPECT_EQ(at(session.tool("echo"), "/error/data/mooring/needs_reauth"), true);
    EXPECT_EQ(kept(gateway->credentials(), key())->refresh_token, grant.refresh_token);
    EXPECT_EQ(refreshes(), 0);
    server.with([&](auto&, auto& mcp) { mcp.options() = before; });
  }
}

TEST_F(SignedIn, metadata_of_ten_megabytes_or_of_html_are_no_metadata) {
  for (const auto& body : {std::string(10'000'000, 'x'), std::string("<html>hello</html>")}) {
    const auto grant = issue();
    const auto gateway = start(grant, {.time = Background::Time::manual});
    Session session(client, gateway->mcp("one"));
    session.tool("echo");
    expire();
    server.with([&](auto& as, auto&) { as.fail_next(Endpoint::metadata, 4, 200, body); });
    auto call = session.start_tool("echo");
    gateway->wait_status("one", [](const json::value& now) {
      return text(now, "/state") == "login_needed" || text(now, "/state") == "backing_off";
    });
    EXPECT_EQ(kept(gateway->credentials(), key())->refresh_token, grant.refresh_token);
    EXPECT_EQ(refreshes(), 0);
    server.with([](auto& as, auto&) { as.clear_faults(); });
  }
}

/// Everything that can be read from outside, searched for everything that is secret.
TEST_F(SignedIn, AUTH_18_no_token_in_anything_that_can_be_read) {
  auto grant = issue();
  grant.client.client_secret = "planted-client-secret";
  const auto gateway = start(grant);
  Session session(client, gateway->mcp("one"));
  std::string told = json::serialize(session.tool("echo"));
  expire();
  told += json::serialize(session.tool("echo"));
  server.with([](auto& as, auto&) { as.revoke_grants(); });
  told += json::serialize(session.tool("count"));
  for (const auto* path :
       {"/api/v1/status", "/api/v1/servers/one", "/api/v1/recoveries", "/api/v1/tools", "/metrics",
        "/", "/readyz"}) {
    const auto answer = client.send("GET", gateway->url() + path);
    EXPECT_TRUE(answer.header("www-authenticate").empty());
    told += answer.body;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state.path())) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    told += bytes.str();
  }
  auto secrets = server.with([](auto& as, auto& mcp) {
    auto all = as.presented();
    for (const auto& seen : mcp.seen()) all.push_back(seen.token);
    return all;
  });
  secrets.push_back("planted-client-secret");
  EXPECT_GE(secrets.size(), 4U);
  for (const auto& secret : secrets) {
    if (!secret.empty()) EXPECT_THAT(told, Not(HasSubstr(secret)));
  }
}

TEST_F(SignedIn, our_own_401_never_carries_the_servers) {
  const auto gateway = start(std::nullopt);
  gateway->wait_state("one", "login_needed");
  Session session(client, gateway->mcp("one"));
  const auto answer = session.post(
      R"({"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"echo","arguments":{}}})"
  );
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("www-authenticate"), "");
}

}  // namespace
}  // namespace mooring::integration
