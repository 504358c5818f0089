#include "support.hpp"

namespace mooring::chaos {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ChaosTest, WithoutFaultsEverythingPasses) {
  begin();
  const auto first = initialize();
  EXPECT_EQ(first.status, 200);
  EXPECT_THAT(first.body, HasSubstr("protocolVersion"));
  EXPECT_THAT(session, StartsWith("chaos-"));
  const auto answer = post(call_body, {{"Authorization", "Bearer x"}, {"X-Team", "blue"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "application/json");
  EXPECT_THAT(answer.body, HasSubstr("\"id\":7,\"result\""));
  const auto seen = upstream.all("tools/call").front();
  EXPECT_EQ(seen.body, call_body);
  EXPECT_EQ(seen.session, "s-1") << "the upstream sees its own id";
  EXPECT_EQ(seen.header("authorization"), "Bearer x");
  EXPECT_EQ(seen.header("x-team"), "blue");
  EXPECT_EQ(seen.header("host"), "127.0.0.1:" + std::to_string(upstream.port()));
  EXPECT_EQ(proxy->summary(), "2 requests, 1 session; injected: nothing");
}

TEST_F(ChaosTest, ASessionThatItsClientClosesIsClosedUpstream) {
  begin();
  initialize();
  EXPECT_EQ(client.send("DELETE", proxy->url(), with_session({})).status, 200);
  EXPECT_EQ(upstream.all("DELETE").front().session, "s-1");
  EXPECT_EQ(call().status, 404) << "as the upstream says it";
}

TEST_F(ChaosTest, UnknownSessionsAreForTheUpstreamToJudge) {
  begin();
  session = "from-an-earlier-proxy";
  EXPECT_EQ(call().status, 404);
  EXPECT_EQ(upstream.all("tools/call").front().session, "from-an-earlier-proxy");
}

TEST_F(ChaosTest, FaultsAboutSessionsHideTheEraWithoutThem) {
  const std::string probe = R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})";
  upstream.on("server/discover", integration::result(R"({"supportedVersions":["2026-07-28"]})"));
  begin({"expire:every=1h"});
  const auto answer = post(probe);
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("-32601"));
  EXPECT_TRUE(upstream.all("server/discover").empty());
}

TEST_F(ChaosTest, OtherFaultsLetTheQuestionForTheEraThrough) {
  upstream.on("server/discover", integration::result(R"({"supportedVersions":["2026-07-28"]})"));
  begin({"cut:once,method=tools/call"});
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":1,"method":"server/discover"})").status, 200);
}

TEST_F(ChaosTest, AStreamIsNeverHeldBack) {
  begin();
  initialize();
  auto stream = listen();
  EXPECT_EQ(stream.status(), 200);
  EXPECT_TRUE(stream.is_stream());
  ASSERT_TRUE(upstream.wait_listener());
  // Each is awaited before the next is sent: nothing waits for more to come.
  for (const auto* method : {"notifications/one", "notifications/two"}) {
    upstream.push(std::string(R"({"jsonrpc":"2.0","method":")") + method + "\"}");
    const auto message = stream.wait([&](const integration::json::value& value) {
      return integration::text(value, "/method") == method;
    });
    EXPECT_FALSE(message.is_null()) << method;
  }
}

TEST_F(ChaosTest, TheServerCanAskInTheMiddleOfACall) {
  upstream.on(
      "tools/call", integration::asking(R"({"jsonrpc":"2.0","id":"q","method":"roots/list"})")
  );
  begin();
  initialize();
  auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
  const auto asked = exchange.wait([](const integration::json::value& value) {
    return integration::text(value, "/method") == "roots/list";
  });
  ASSERT_FALSE(asked.is_null());
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":"q","result":{"roots":[]}})").status, 202);
  EXPECT_THAT(integration::json::serialize(exchange.response("7")), HasSubstr("roots"));
}

TEST_F(ChaosTest, LargeAnswersFlowThrough) {
  const std::string large(std::size_t{3} << 20, 'x');
  upstream.on("tools/call", integration::result("{\"text\":\"" + large + "\"}"));
  begin();
  initialize();
  const auto answer = call();
  EXPECT_EQ(answer.status, 200);
  EXPECT_GT(answer.body.size(), large.size());
  EXPECT_TRUE(answer.body.ends_with("\"}}"));
}

TEST_F(ChaosTest, OtherPathsOfTheOriginAreReachable) {
  upstream.on_path("/.well-known/thing", integration::http(418, "text/plain", "teapot"));
  begin();
  const auto answer = client.send("GET", proxy->url("/.well-known/thing?a=b"));
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body, "teapot");
  upstream.on_path("/chaos", integration::http(410, "text/plain", "mine"));
  EXPECT_EQ(client.send("GET", proxy->url("/chaos")).status, 410)
      << "without --control the path is the upstream's";
}

TEST_F(ChaosTest, RedirectsAreTheClientsBusiness) {
  upstream.on_path("/old", integration::http(307, "", "", {{"Location", "/mcp"}}));
  begin();
  RawConnection asking(proxy->port());
  asking.write("GET /old HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const auto answer = asking.response();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 307 "));
  EXPECT_THAT(answer, HasSubstr("Location: /mcp\r\n"));
}

TEST_F(ChaosTest, AnUpstreamThatIsAwayIsNamed) {
  std::string nowhere;
  {
    const ScriptedServer gone;
    nowhere = gone.url();
  }
  proxy.emplace(nowhere, std::vector<std::string>{"truncate:once"});
  const auto answer = call();
  EXPECT_EQ(answer.status, 502);
  EXPECT_THAT(answer.body, HasSubstr("cannot reach the upstream"));
  EXPECT_EQ(proxy->told.all().size(), 0U);
}

TEST_F(ChaosTest, AnUpstreamThatBreaksOffBreaksOffHereToo) {
  upstream.on("tools/call", integration::silence());
  begin();
  initialize();
  auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  upstream.release();
  EXPECT_EQ(exchange.status(), 0);
}

TEST_F(ChaosTest, AClientThatLeavesTakesItsRequestAlong) {
  upstream.on("tools/call", integration::silence());
  begin();
  initialize();
  {
    auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
    ASSERT_TRUE(upstream.wait_for("tools/call"));
  }
  // `silence` ends when its peer is gone; otherwise the end of this test would hang.
  EXPECT_EQ(post(ping_body).status, 200);
}

TEST_F(ChaosTest, ForeignHostsAreRefusedWhereAsked) {
  begin({}, false, [](std::string_view host) { return host.starts_with("127.0.0.1"); });
  RawConnection raw(proxy->port());
  raw.write("GET /mcp HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_THAT(raw.response(), StartsWith("HTTP/1.1 403 "));
  EXPECT_EQ(upstream.seen().all().size(), 0U);
  EXPECT_EQ(initialize().status, 200);
}

}  // namespace
}  // namespace mooring::chaos
