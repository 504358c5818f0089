#include "support.hpp"

namespace mooring::chaos {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(ChaosTest, ExpireForgetsASessionInItsDialect) {
  begin({"expire:once,method=tools/call,dialect=wordpress-200-32602"});
  initialize();
  const auto lost = call();
  EXPECT_EQ(lost.status, 200);
  EXPECT_THAT(lost.body, HasSubstr("Invalid or expired session"));
  EXPECT_THAT(lost.body, HasSubstr("\"id\":7"));
  EXPECT_THAT(post(ping_body).body, HasSubstr("Invalid or expired session")) << "it stays lost";
  EXPECT_EQ(calls_upstream(), 0U);
  const auto old = session;
  EXPECT_EQ(initialize().status, 200);
  EXPECT_NE(session, old);
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(calls_upstream(), 1U);
  EXPECT_EQ(proxy->summary(), "5 requests, 2 sessions; injected: expire 1");
}

TEST_F(ChaosTest, InitializeWithALostSessionBeginsANewOne) {
  begin({"expire:once,method=tools/call"});
  initialize();
  EXPECT_EQ(call().status, 404);
  EXPECT_EQ(post(initialize_body).status, 200) << "though it still names the lost one";
}

TEST_F(ChaosTest, ExpireByTheClockEndsListeningAndAnswersEveryDialect) {
  for (const auto& dialect : expiry_dialects()) {
    if (dialect.post.stays_open) continue;
    begin({"expire:every=20s,dialect=" + std::string(dialect.name)});
    initialize();
    auto stream = listen();
    EXPECT_EQ(stream.status(), 200);
    proxy->advance(19s);
    EXPECT_EQ(call().status, 200);
    proxy->advance(1s);
    ASSERT_TRUE(proxy->wait_told("expire"));
    EXPECT_TRUE(stream.wait_end());
    const auto lost = call();
    EXPECT_EQ(lost.status, dialect.post.status) << dialect.name;
    EXPECT_EQ(lost.body, fill_in(dialect.post.body, "7", session)) << dialect.name;
    EXPECT_EQ(lost.header("Content-Type"), dialect.post.content_type) << dialect.name;
    EXPECT_EQ(client.send("DELETE", proxy->url(), with_session({})).status, dialect.del.status)
        << dialect.name;
  }
}

TEST_F(ChaosTest, ExpireCanLeaveTheStreamsAlone) {
  begin({"expire:every=20s,streams=keep"});
  initialize();
  auto stream = listen();
  EXPECT_EQ(stream.status(), 200);
  ASSERT_TRUE(upstream.wait_listener());
  proxy->advance(20s);
  ASSERT_TRUE(proxy->wait_told("expire"));
  EXPECT_EQ(call().status, 404);
  upstream.push(R"({"jsonrpc":"2.0","method":"notifications/late"})");
  EXPECT_FALSE(stream
                   .wait([](const integration::json::value& value) {
                     return integration::text(value, "/method") == "notifications/late";
                   })
                   .is_null());
}

TEST_F(ChaosTest, ExpireWithoutSessionsIsNoFault) {
  begin({"expire:every=20s"});
  proxy->advance(100s);
  EXPECT_EQ(initialize().status, 200);
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(proxy->told.all().size(), 0U);
}

struct OwnCase {
  std::string fault;
  int status;
  std::string header;
  std::string value;
  std::string body;
  std::size_t calls;  ///< that reached the upstream
};

class OwnAnswers : public ChaosTest, public testing::WithParamInterface<OwnCase> {};

TEST_P(OwnAnswers, AreSeenByTheClient) {
  const auto& want = GetParam();
  begin(
      {want.fault + (want.fault.find(':') == std::string::npos ? ":" : ",") +
       "once,method=tools/call"}
  );
  initialize();
  const auto hit = call();
  EXPECT_EQ(hit.status, want.status);
  EXPECT_THAT(hit.header(want.header), StartsWith(want.value));
  EXPECT_THAT(hit.body, HasSubstr(want.body));
  EXPECT_EQ(calls_upstream(), want.calls);
  EXPECT_EQ(proxy->told.all().size(), 1U);
  const auto told = proxy->told.all().front();
  EXPECT_EQ(told.method, "tools/call");
  EXPECT_EQ(told.http_method, "POST");
  EXPECT_EQ(told.request, 2U);
  EXPECT_EQ(call().status, 200) << "once";
}

INSTANTIATE_TEST_SUITE_P(
    All, OwnAnswers,
    testing::Values(
        OwnCase{"401", 401, "WWW-Authenticate", "Bearer ", "", 0},
        OwnCase{"401:challenge=no", 401, "Content-Type", "application/json", "invalid_token", 0},
        OwnCase{"429:retry-after=2s", 429, "Retry-After", "2", "", 0},
        OwnCase{"5xx", 503, "Content-Type", "application/json", "", 0},
        OwnCase{"5xx:status=500", 500, "Content-Type", "application/json", "", 0},
        OwnCase{"html", 200, "Content-Type", "text/html", "<h1>Sign in", 0},
        OwnCase{"html:status=502", 502, "Content-Type", "text/html", "<h1>", 0},
        OwnCase{"garbage", 200, "Content-Type", "application/json", "this is no JSON", 1},
        OwnCase{"error-session", 400, "Mcp-Session-Id", "chaos-", "\"error\"", 0}
    )
);

TEST_F(ChaosTest, TheSessionOfAnErrorDoesNotExist) {
  begin({"error-session:once,method=tools/call"});
  initialize();
  const auto named = call().header("Mcp-Session-Id");
  EXPECT_NE(named, session);
  EXPECT_EQ(call().status, 200) << "the client's own session stands";
  session = named;
  EXPECT_EQ(call().status, 404);
}

TEST_F(ChaosTest, ResetBeforeKeepsTheRequestFromTheUpstream) {
  begin({"reset-before:once,method=tools/call"});
  initialize();
  const auto hit = call();
  EXPECT_EQ(hit.status, 0);
  EXPECT_THAT(hit.body, HasSubstr("reset"));
  EXPECT_EQ(calls_upstream(), 0U);
  EXPECT_EQ(call().status, 200);
}

TEST_F(ChaosTest, ResetAfterLetsTheUpstreamDoItsWork) {
  begin({"reset-after:once,method=tools/call"});
  initialize();
  const auto hit = call();
  EXPECT_EQ(hit.status, 0);
  EXPECT_THAT(hit.body, HasSubstr("reset"));
  EXPECT_EQ(calls_upstream(), 1U);
}

TEST_F(ChaosTest, CutBreaksAStreamInTheMiddleOfAMessage) {
  const std::string progress = R"({"jsonrpc":"2.0","method":"notifications/progress"})";
  upstream.on("tools/call", integration::streamed({progress}, R"({"n":1})"));
  begin({"cut:once,method=tools/call,events=1"});
  initialize();
  RawConnection raw(proxy->port());
  raw.write(raw_post(call_body));
  const auto seen = raw.to_end();
  EXPECT_THAT(seen, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(seen, HasSubstr(progress + "\n\n"));
  EXPECT_THAT(seen, HasSubstr("data: {\"jsonrpc\""));
  EXPECT_THAT(seen, Not(HasSubstr("{\"n\":1}")));
  EXPECT_THAT(seen, Not(EndsWith("0\r\n\r\n"))) << "the body is broken, not ended";
  EXPECT_THAT(call().body, HasSubstr("{\"n\":1}"));
  EXPECT_EQ(calls_upstream(), 2U);
}

TEST_F(ChaosTest, CutWaitsForAnAnswerThatIsAStream) {
  begin({"cut:once"});
  initialize();
  EXPECT_EQ(call().status, 200);
  EXPECT_EQ(proxy->told.all().size(), 0U);
  upstream.on("tools/call", integration::streamed({}, R"({"n":1})"));
  EXPECT_THAT(call().body, Not(HasSubstr("{\"n\":1}")));
  EXPECT_TRUE(proxy->wait_told("cut"));
}

TEST_F(ChaosTest, CutByTheClockBreaksTheOpenStreams) {
  begin({"cut:every=5s,method=GET"});
  initialize();
  RawConnection raw(proxy->port());
  raw.write(
      "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nMcp-Session-Id: " +
      session + "\r\n\r\n"
  );
  raw.until("\r\n\r\n");
  ASSERT_TRUE(upstream.wait_listener());
  proxy->advance(5s);
  EXPECT_THAT(raw.to_end(), Not(EndsWith("0\r\n\r\n")));
  EXPECT_TRUE(proxy->wait_told("cut"));
  EXPECT_EQ(call().status, 200) << "the session stands";
}

TEST_F(ChaosTest, TruncateAsABrokenBody) {
  begin({"truncate:once,method=tools/call"});
  initialize();
  RawConnection raw(proxy->port());
  raw.write(raw_post(call_body));
  const auto seen = raw.to_end();
  EXPECT_THAT(seen, HasSubstr("{\"jsonrpc\":\"2.0\""));
  EXPECT_THAT(seen, Not(HasSubstr("done")));
  EXPECT_THAT(seen, Not(EndsWith("0\r\n\r\n")));
  EXPECT_EQ(calls_upstream(), 1U);
}

TEST_F(ChaosTest, TruncateAsAWholeBodyOfHalfAnAnswer) {
  begin({"truncate:once,method=tools/call,framing=whole"});
  initialize();
  const auto hit = call();
  EXPECT_EQ(hit.status, 200);
  EXPECT_THAT(hit.body, StartsWith("{\"jsonrpc\":\"2.0\""));
  EXPECT_THAT(hit.body, Not(HasSubstr("done")));
  EXPECT_THAT(call().body, HasSubstr("done"));
}

TEST_F(ChaosTest, WrongIdInJson) {
  begin({"wrong-id:once,method=tools/call"});
  initialize();
  EXPECT_THAT(call().body, HasSubstr("\"id\":\"id-of-no-request\",\"result\""));
  EXPECT_THAT(call().body, HasSubstr("\"id\":7"));
}

TEST_F(ChaosTest, WrongIdInAStream) {
  const std::string progress = R"({"jsonrpc":"2.0","method":"notifications/progress"})";
  upstream.on("tools/call", integration::streamed({progress}, "{}"));
  begin({"wrong-id:once,method=tools/call"});
  initialize();
  const auto hit = call();
  EXPECT_THAT(hit.body, HasSubstr(progress));
  EXPECT_THAT(hit.body, HasSubstr("\"id\":\"id-of-no-request\""));
  EXPECT_THAT(hit.body, Not(HasSubstr("\"id\":7")));
}

TEST_F(ChaosTest, HangSaysNothingUntilItsTime) {
  begin({"hang:once,method=tools/call,for=30s"});
  initialize();
  auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
  ASSERT_TRUE(proxy->wait_told("hang"));
  EXPECT_EQ(post(ping_body).status, 200) << "others are served meanwhile";
  proxy->advance(30s);
  EXPECT_EQ(exchange.status(), 0);
  EXPECT_EQ(calls_upstream(), 0U);
}

TEST_F(ChaosTest, HangEndsWithItsClient) {
  begin({"hang:method=tools/call"});
  initialize();
  {
    auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
    ASSERT_TRUE(proxy->wait_told("hang"));
  }
  EXPECT_EQ(post(ping_body).status, 200);
}

TEST_F(ChaosTest, DelayHoldsTheRequestBack) {
  begin({"delay:by=10s,method=tools/call", "429:method=tools/call,every=2"});
  initialize();
  auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
  ASSERT_TRUE(proxy->wait_told("delay"));
  EXPECT_EQ(post(ping_body).status, 200);
  EXPECT_EQ(calls_upstream(), 0U);
  proxy->advance(10s);
  EXPECT_EQ(exchange.status(), 200);
  auto second = client.open("POST", proxy->url(), with_session({}), call_body);
  ASSERT_TRUE(proxy->wait_told("delay", 2));
  proxy->advance(10s);
  EXPECT_EQ(second.status(), 429) << "a delay goes with another fault";
}

TEST_F(ChaosTest, StaleClosesAConnectionThatWasKept) {
  begin({"stale:once"});
  initialize();
  RawConnection kept(proxy->port());
  kept.write(raw_post(ping_body));
  EXPECT_THAT(kept.response(), StartsWith("HTTP/1.1 200 "));
  kept.write(raw_post(call_body));
  EXPECT_EQ(kept.response(), "");
  EXPECT_EQ(calls_upstream(), 0U);
  RawConnection fresh(proxy->port());
  fresh.write(raw_post(call_body));
  EXPECT_THAT(fresh.response(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ChaosTest, RestartCutsEverythingAndComesBackWithoutSessions) {
  begin({"restart:every=20s,once,down=3s,dialect=go-404-text"});
  initialize();
  auto stream = listen();
  EXPECT_EQ(stream.status(), 200);
  proxy->advance(20s);
  ASSERT_TRUE(proxy->wait_told("restart"));
  EXPECT_TRUE(stream.wait_end());
  // The stream's end is told while the listener closes with it.
  Response down;
  do down = call();
  while (down.status != 0);
  EXPECT_THAT(down.body, HasSubstr("refused"));
  proxy->advance(3s);
  Response up;
  do up = call();
  while (up.status == 0);
  EXPECT_EQ(up.status, 404);
  EXPECT_EQ(up.body, "session not found\n");
  EXPECT_EQ(initialize().status, 200);
  EXPECT_EQ(calls_upstream(), 0U);
}

TEST_F(ChaosTest, ARequestCanBringTheServerDown) {
  begin({"restart:once,method=tools/call,down=1s"});
  initialize();
  EXPECT_EQ(call().status, 0);
  ASSERT_TRUE(proxy->wait_told("restart"));
  proxy->advance(1s);
  Response up;
  do up = call();
  while (up.status == 0);
  EXPECT_EQ(up.status, 404);
}

TEST_F(ChaosTest, StoppingDoesNotWaitForARestartOrAHang) {
  begin({"hang:method=tools/call", "restart:every=5s,down=1h"});
  initialize();
  auto exchange = client.open("POST", proxy->url(), with_session({}), call_body);
  ASSERT_TRUE(proxy->wait_told("hang"));
  proxy->advance(5s);
  ASSERT_TRUE(proxy->wait_told("restart"));
  EXPECT_EQ(exchange.status(), 0);
  proxy.reset();
}

}  // namespace
}  // namespace mooring::chaos
