// A POST whose stream the client lost, taken up again with Last-Event-ID.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"
#include "protocol/messages.hpp"

namespace mooring::integration {
namespace {

class Resume : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(const std::string& url, std::filesystem::path kept = {}) {
    return std::make_unique<TestGateway>(
        servers(
            R"({"log":{"level":"off"},"stream_after":0.01,"sse_retry":0.05,"keepalive_comment":0.3})",
            {{"one", fmt::format(R"({{"url":"{}"}})", url)}}
        ),
        GatewayOptions{.workers = GetParam(), .state_dir = std::move(kept)}
    );
  }

  test::TemporaryDirectory state;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Resume, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Resume, a_slow_call_is_taken_up_on_any_worker) {
  Everything server;
  const auto gateway = start(server.url());
  for (int i = 0; i < 4; ++i) {
    Session session(client, gateway->mcp("one"));
    auto call = session.start_tool("slow", R"({"seconds":0.3})", R"({"progressToken":1})");
    const auto id = session.last_id();
    call.wait([](const json::value& m) { return text(m, "/method") == "notifications/progress"; });
    const auto from = call.last_id();
    const auto had = call.count("notifications/progress");
    call.close();
    ASSERT_FALSE(from.empty());
    auto rest = session.listen(from);
    EXPECT_EQ(rest.status(), 200);
    EXPECT_EQ(text(rest.response(id), "/result/content/0/text"), "Slept 0.3 s");
    EXPECT_TRUE(rest.wait_end());
    EXPECT_EQ(had + rest.count("notifications/progress"), 3U) << "none lost, none twice";
  }
}

TEST_P(Resume, a_call_that_ended_meanwhile_is_answered_at_once_and_again) {
  ScriptedServer server;
  server.on("tools/call", silence());
  const auto gateway = start(server.url());
  Session session(client, gateway->mcp("one"));
  server.on(
      "tools/call",
      [](ScriptedServer& on, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
        co_await on.released().wait();
        const std::array type = {io::HeaderField{"Content-Type", "application/json"}};
        co_await exchange.respond(200, type, protocol::make_result(seen.id, R"({"content":[]})"));
      }
  );
  auto call = session.start_tool("echo");
  const auto id = session.last_id();
  ASSERT_TRUE(call.wait_primed());
  const auto from = call.last_id();
  call.close();
  server.release();
  for (int i = 0; i < 4; ++i) {
    auto rest = session.listen(from);
    EXPECT_TRUE(at(rest.response(id), "/result/content").is_array());
    EXPECT_TRUE(rest.wait_end());
  }
}

TEST_P(Resume, after_a_restart_the_client_is_told_the_truth) {
  ScriptedServer server;
  server.on("tools/call", silence());
  auto gateway = start(server.url(), state.path());
  Session session(client, gateway->mcp("one"));
  auto call = session.start_tool("echo");
  const auto id = session.last_id();
  ASSERT_TRUE(call.wait_primed());
  const auto from = call.last_id();
  call.close();
  gateway.reset();
  gateway = start(server.url(), state.path());
  session.move_to(gateway->mcp("one"));
  auto rest = session.listen(from);
  EXPECT_EQ(rest.status(), 200);
  const auto answer = rest.response(id);
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown") << answer;
  EXPECT_TRUE(rest.wait_end());
}

TEST_P(Resume, a_foreign_session_cannot_take_a_stream_up) {
  ScriptedServer server;
  const auto gateway = start(server.url());
  server.on("tools/call", silence());
  Session mine(client, gateway->mcp("one")), foreign(client, gateway->mcp("one"));
  auto call = mine.start_tool("echo");
  ASSERT_TRUE(call.wait_primed());
  auto theft = foreign.listen(call.last_id());
  const auto answer = theft.wait([](const json::value&) { return true; });
  EXPECT_TRUE(at(answer, "/result").is_null()) << answer;
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown");
}

TEST_P(Resume, a_large_result_that_was_cut_ends_with_a_response) {
  ScriptedServer server;
  // Begins so late that the gateway has made a stream of it, then flows through unkept.
  server.on(
      "tools/call",
      [](ScriptedServer& on, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
        co_await on.released().wait();
        const std::array type = {io::HeaderField{"Content-Type", "application/json"}};
        const auto big = fmt::format(R"({{"text":"{}"}})", std::string(8'000'000, 'x'));
        co_await exchange.respond(200, type, protocol::make_result(seen.id, big));
      }
  );
  const auto gateway = start(server.url());
  Session session(client, gateway->mcp("one"));
  std::string from;
  {
    RawConnection raw(gateway->port());
    const std::string call =
        R"({"jsonrpc":"2.0","id":"big","method":"tools/call","params":{"name":"echo"}})";
    raw.write(fmt::format(
        "POST /mcp/one HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nMcp-Session-Id: {}\r\nContent-Length: "
        "{}\r\n\r\n{}",
        session.id(), call.size(), call
    ));
    const auto head = raw.until("\n\n");
    from = head.substr(head.find("id: ") + 4);
    from.resize(from.find('\n'));
    server.release();
    raw.until("xxxx");
  }
  auto rest = session.listen(from);
  const auto answer = rest.response("\"big\"");
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown") << answer;
  EXPECT_TRUE(rest.wait_end());
}

TEST_P(Resume, a_listening_stream_is_taken_up_without_loss) {
  ScriptedServer server;
  const auto gateway = start(server.url());
  Session session(client, gateway->mcp("one"));
  auto stream = session.listen();
  ASSERT_TRUE(server.wait_listener());
  const auto note = [&](int number) {
    server.push(protocol::make_notification(
        "notifications/message", fmt::format(R"({{"level":"error","data":{}}})", number)
    ));
  };
  const auto is = [](int number) {
    return [number](const json::value& m) { return at(m, "/params/data") == number; };
  };
  // The gateway takes the listener in a moment after it has answered.
  int last = 0;
  while (stream.count("notifications/message") == 0) {
    note(++last);
    session.call("ping");
  }
  stream.wait(is(last));
  const auto from = stream.last_id();
  stream.close();
  note(last + 1);
  note(last + 2);
  auto rest = session.listen(from);
  EXPECT_TRUE(rest.wait(is(last + 1)).is_object());
  EXPECT_TRUE(rest.wait(is(last + 2)).is_object());
  EXPECT_EQ(rest.count("notifications/message"), 2U);
}

TEST_P(Resume, nonsense_as_Last_Event_ID_harms_nobody) {
  ScriptedServer server;
  const auto gateway = start(server.url());
  Session session(client, gateway->mcp("one"));
  const std::vector<std::string> ids = {
      "nonsense", "....",        "a.b.c.d.e",           "x.99999999999999999999.1..1",
      "x.7.1..1", "\"><script>", std::string(3000, '9')
  };
  for (const auto& id : ids) {
    auto stream = session.listen(id);
    EXPECT_EQ(stream.status(), 200) << id;
  }
  EXPECT_TRUE(at(session.call("ping"), "/result").is_object());
}

}  // namespace
}  // namespace mooring::integration
