#include "auth/server/socket_server.hpp"

#include <gmock/gmock.h>

#include <future>

#include "auth/fetcher.hpp"

namespace mooring::test_auth {
namespace {

using namespace testing;

struct SocketServerT : Test {
  SocketServerT() { background.start(); }
  ~SocketServerT() override { background.stop(); }

  static awaitable<auth::Reply> exchange(SocketServerT* self, auth::Request request) {
    auth::HttpFetcher fetcher(self->background.worker, {}, nullptr);
    io::AbortSource abort;
    co_return co_await fetcher.fetch(std::move(request), auth::FetchPolicy(true), abort);
  }
  auth::Reply send(auth::Request request) {
    return background.run(exchange(this, std::move(request)));
  }
  auth::Reply get(const std::string& url) {
    auth::Request request;
    request.url = *core::Url::parse(url);
    return send(std::move(request));
  }
  auth::Reply refresh(SocketServer& server, const auth::Grant& grant) {
    const auto url = server.with([](auto& as, auto&) { return as.url(Endpoint::token); });
    return send(auth::form_post(
        *core::Url::parse(url), {{"grant_type", "refresh_token"},
                                 {"refresh_token", grant.refresh_token},
                                 {"client_id", "app"},
                                 {"resource", grant.resource}}
    ));
  }
  auth::Grant issue(SocketServer& server) {
    const auto now = server.now();
    return server.with([&](auto& as, auto& mcp) {
      return as.issue("app", mcp.resource(), {"read"}, now);
    });
  }

  integration::Background background;
};

TEST_F(SocketServerT, metadata_lead_from_one_port_to_the_other) {
  SocketServer server({.issuer = "https://as.test/tenant"});
  const auto origin = core::Url::parse(server.mcp_url())->origin();
  EXPECT_EQ(get(server.mcp_url()).status, 401);
  const auto resource = get(origin + "/.well-known/oauth-protected-resource/mcp");
  EXPECT_THAT(resource.body, HasSubstr(server.issuer()));
  EXPECT_THAT(server.issuer(), EndsWith("/tenant"));
  EXPECT_EQ(get(origin + "/.well-known/oauth-authorization-server/tenant").status, 404);
  const auto issuer = core::Url::parse(server.issuer())->origin();
  EXPECT_NE(issuer, origin);
  EXPECT_EQ(get(issuer + "/.well-known/oauth-authorization-server/tenant").status, 200);
}

TEST_F(SocketServerT, one_port_serves_both) {
  SocketServer server({}, {.metadata_at_path = false}, SocketServer::Ports::one);
  EXPECT_EQ(core::Url::parse(server.mcp_url())->origin(), server.issuer());
  EXPECT_EQ(get(server.issuer() + "/.well-known/oauth-authorization-server").status, 200);
  EXPECT_EQ(get(server.issuer() + "/.well-known/oauth-protected-resource").status, 404);
  EXPECT_EQ(get(server.mcp_url()).status, 401);
}

TEST_F(SocketServerT, holds_a_request_until_it_is_released) {
  for (const auto when : {SocketServer::Hold::before, SocketServer::Hold::after}) {
    SocketServer server;
    const auto grant = issue(server);
    server.hold_next(Endpoint::token, 1, when);
    auto answer = std::async(std::launch::async, [&] { return refresh(server, grant); });
    ASSERT_TRUE(server.wait_held());
    EXPECT_EQ(
        server.with([](auto& as, auto&) { return as.grants("refresh_token"); }),
        when == SocketServer::Hold::after ? 1 : 0
    );
    server.release();
    EXPECT_EQ(answer.get().status, 200);
    EXPECT_TRUE(server.wait_until([](auto& as, auto&) { return as.grants("refresh_token") == 1; }));
  }
}

TEST_F(SocketServerT, ends_while_it_holds) {
  std::future<auth::Reply> answer;
  {
    SocketServer server;
    const auto grant = issue(server);
    server.hold_next(Endpoint::token);
    answer = std::async(std::launch::async, [&, grant] { return refresh(server, grant); });
    ASSERT_TRUE(server.wait_held());
  }
  EXPECT_EQ(answer.get().status, 0);
}

TEST_F(SocketServerT, loses_answers_and_keeps_time) {
  SocketServer server;
  const auto grant = issue(server);
  server.with([](auto& as, auto&) { as.lose_next(Endpoint::token); });
  EXPECT_EQ(refresh(server, grant).status, 0);
  EXPECT_EQ(refresh(server, grant).status, 400);
  EXPECT_EQ(server.with([](auto& as, auto&) { return as.reuses(); }), 1);
  const auto other = issue(server);
  server.advance(std::chrono::hours(1));
  const auto now = server.now();
  EXPECT_FALSE(server.with([&](auto& as, auto& mcp) {
    return as.accepts(other.access_token, mcp.resource(), now);
  }));
}

}  // namespace
}  // namespace mooring::test_auth
