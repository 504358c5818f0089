// Sessions that are lost and come back, seen from both ends of the gateway.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class Healing : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(std::string more = {}) {
    return std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", upstream.url(), more)}}),
        GatewayOptions{.workers = GetParam()}
    );
  }

  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Healing, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Healing, EXP_01_a_404_to_our_session_is_one_new_initialize_and_one_repeat) {
  const auto gateway = start();
  Session session(client, gateway->mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  upstream.forget_sessions();

  const auto answer = session.tool("echo");
  EXPECT_EQ(text(answer, "/result/content/0/text"), "done");
  EXPECT_TRUE(at(answer, "/error").is_null());
  const auto calls = upstream.all("tools/call");
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[1].session, "s-1");
  EXPECT_EQ(calls[2].session, "s-2");
  EXPECT_EQ(upstream.count("initialize"), 2U);
  EXPECT_EQ(text(gateway->wait_state("one", "ready"), "/reason"), "");
  EXPECT_EQ(at(gateway->status("one"), "/recoveries"), 1);
}

TEST_P(Healing, EXP_01_the_old_session_is_never_used_again) {
  const auto gateway = start();
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  upstream.forget_sessions();
  session.tool("echo");
  ASSERT_TRUE(upstream.wait_for("DELETE"));
  const auto deleted = upstream.all("DELETE");
  EXPECT_EQ(deleted.front().session, "s-1");
  bool second = false;
  for (const auto& seen : upstream.seen().all()) {
    if (seen.method == "tools/call" && seen.session == "s-2") second = true;
    if (second && seen.http_method == "POST") {
      EXPECT_EQ(seen.session, "s-2") << seen.body;
    }
  }
}

TEST_P(Healing, EXP_09_a_server_that_expires_at_once_gets_two_attempts) {
  const auto gateway = start();
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  const auto before = upstream.count("tools/call");
  upstream.on("tools/call", rpc_error(-32001, "Session not found", 404));

  const auto answer = session.tool("echo");
  EXPECT_EQ(upstream.count("tools/call") - before, 2U);
  EXPECT_EQ(text(answer, "/error/data/mooring/server"), "one");
  EXPECT_EQ(text(answer, "/error/data/mooring/kind"), "session_lost");
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "not_executed");
  EXPECT_FALSE(text(answer, "/error/data/mooring/advice").empty());
}

TEST_P(Healing, EXP_26_a_server_that_loses_every_session_is_not_hammered) {
  const auto gateway =
      start(R"(,"reconnect":{"backoff_initial":30},"recovery":{"wait":0.2,"queue_wait":0.1})");
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  for (const auto* method : {"tools/call", "tools/list", "ping", "GET"}) {
    upstream.on(method, rpc_error(-32001, "Session not found", 404));
  }
  EXPECT_TRUE(at(session.tool("echo"), "/error/data/mooring").is_object());
  const auto status = gateway->wait_state("one", "backing_off");
  EXPECT_EQ(text(status, "/state"), "backing_off");
  EXPECT_TRUE(at(status, "/next_probe_in_ms").is_int64());
  // The first, and three rebuilds a minute.
  EXPECT_LE(upstream.count("initialize"), 4U);
  EXPECT_EQ(text(session.tool("echo"), "/error/data/mooring/kind"), "unavailable");
}

TEST_P(Healing, EXP_21_twenty_calls_that_lose_one_session_share_one_initialize) {
  const auto gateway = start();
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  upstream.forget_sessions();
  std::vector<std::pair<std::string, Exchange>> calls;
  for (int i = 0; i < 20; ++i) {
    auto call = session.start_tool("echo");
    calls.emplace_back(session.last_id(), std::move(call));
  }
  for (auto& [id, call] : calls) {
    EXPECT_EQ(text(call.response(id), "/result/content/0/text"), "done");
  }
  EXPECT_EQ(upstream.count("initialize"), 2U);
}

TEST_P(Healing, EXP_06_an_unrelated_error_is_passed_on_once) {
  const auto gateway = start();
  upstream.on("tools/call", rpc_error(-32602, "bad value"));
  Session session(client, gateway->mcp("one"));
  const auto answer = session.tool("echo");
  EXPECT_EQ(at(answer, "/error/code"), -32602);
  EXPECT_EQ(text(answer, "/error/message"), "bad value");
  EXPECT_EQ(upstream.count("tools/call"), 1U);
  EXPECT_EQ(upstream.count("initialize"), 1U);
}

TEST_P(Healing, EXP_20c_a_404_that_carries_an_answer_is_an_answer) {
  const auto gateway = start();
  upstream.on("tools/call", rpc_error(-32602, "Unknown tool", 404));
  Session session(client, gateway->mcp("one"));
  EXPECT_EQ(at(session.tool("echo"), "/error/code"), -32602);
  EXPECT_EQ(upstream.count("tools/call"), 1U);
  EXPECT_EQ(upstream.count("initialize"), 1U);
}

TEST_P(Healing, EXP_22_a_tool_result_that_speaks_of_sessions_is_a_result) {
  const auto gateway = start();
  upstream.on(
      "tools/call",
      result(R"({"isError":true,"content":[{"type":"text","text":"Session expired"}]})")
  );
  Session session(client, gateway->mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "Session expired");
  EXPECT_EQ(upstream.count("tools/call"), 1U);
  EXPECT_EQ(upstream.count("initialize"), 1U);
}

TEST_P(Healing, EXP_27_a_new_session_may_come_without_an_id) {
  const auto gateway = start();
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  upstream.set_session_ids(false);
  upstream.forget_sessions();
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(upstream.all("tools/call").back().session, "");
}

TEST_P(Healing, EXP_25_a_call_whose_stream_breaks_off_is_not_repeated) {
  const auto gateway = start();
  upstream.on(
      "tools/call",
      [](ScriptedServer&, io::HttpExchange& exchange, Seen) -> awaitable<void> {
        const std::array type = {io::HeaderField{"Content-Type", "text/event-stream"}};
        co_await exchange.begin_stream(200, type);
        co_await exchange.write(": begun\n\n");
        exchange.close();
      }
  );
  Session session(client, gateway->mcp("one"));
  const auto answer = session.tool("echo");
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown");
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_P(Healing, REC_10_other_servers_do_not_notice_one_that_is_lost) {
  ScriptedServer other;
  TestGateway gateway(
      servers(
          {{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())},
           {"two", fmt::format(R"({{"url":"{}"}})", other.url())}}
      ),
      {.workers = GetParam()}
  );
  Session session(client, gateway.mcp());
  session.tool("two__echo");
  upstream.forget_sessions();
  upstream.on("initialize", silence());
  auto lost = session.start_tool("one__echo");
  ASSERT_TRUE(upstream.wait_for("initialize", 2));
  EXPECT_EQ(text(session.tool("two__echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(other.count("initialize"), 1U);
  EXPECT_EQ(
      names(session.call("tools/list")), (std::vector<std::string>{"one__echo", "two__echo"})
  );
}

}  // namespace
}  // namespace mooring::integration
