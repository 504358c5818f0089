// Everything at once: sessions that are dropped under load, and what must still hold then.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "harness/gateway.hpp"
#include "harness/modern.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class Stress : public testing::TestWithParam<unsigned> {
 protected:
  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Stress, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Stress, EXP_31_calls_under_dropped_sessions_are_all_answered) {
  TestGateway gateway(
      servers({{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}), {.workers = GetParam()}
  );
  Session session(client, gateway.mcp("one"));
  session.tool("echo");
  int drops = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<std::pair<std::string, Exchange>> calls;
    for (int i = 0; i < 25; ++i) {
      if (i == 10) {
        upstream.forget_sessions();
        ++drops;
      }
      auto call = session.start_tool("echo");
      calls.emplace_back(session.last_id(), std::move(call));
    }
    for (auto& [id, call] : calls) {
      const auto answer = call.response(id);
      EXPECT_EQ(text(answer, "/result/content/0/text"), "done") << answer;
    }
  }
  EXPECT_LE(upstream.count("initialize"), static_cast<std::size_t>(drops) + 1);
}

TEST_P(Stress, EXP_31_modern_clients_lose_nothing_either) {
  TestGateway gateway(
      servers({{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}), {.workers = GetParam()}
  );
  // The calls of the one pass through as they are, those of the other may be asked something.
  Modern plain(client, gateway.mcp("one")), able(client, gateway.mcp("one"), R"({"sampling":{}})");
  int drops = 0;
  for (int round = 0; round < 8; ++round) {
    std::vector<std::pair<std::string, Exchange>> calls;
    for (int i = 0; i < 26; ++i) {
      if (i == 10) {
        upstream.forget_sessions();
        ++drops;
      }
      auto& one = i % 2 == 0 ? plain : able;
      auto call = one.start("tools/call", R"({"name":"echo","arguments":{}})");
      calls.emplace_back(one.last_id(), std::move(call));
    }
    for (auto& [id, call] : calls) {
      const auto answer = call.response(id);
      EXPECT_EQ(text(answer, "/result/content/0/text"), "done") << answer;
      EXPECT_EQ(text(answer, "/result/resultType"), "complete") << answer;
    }
  }
  EXPECT_LE(upstream.count("initialize"), static_cast<std::size_t>(drops) + 1);
}

TEST_P(Stress, EXP_32_no_call_is_executed_twice_and_every_caller_is_told_exactly) {
  Everything server;
  TestGateway gateway(
      servers({{"ev", fmt::format(R"({{"url":"{}"}})", server.url())}}), {.workers = GetParam()}
  );
  Session session(client, gateway.mcp("ev")), disturber(client, server.url());
  session.tool("echo", R"({"text":"warm"})");
  std::int64_t answered = 0, unknown = 0;
  for (int round = 0; round < 6; ++round) {
    std::vector<std::pair<std::string, Exchange>> calls;
    for (int i = 0; i < 20; ++i) {
      if (i == 10) Session(client, server.url()).tool("forget_sessions");
      auto call = session.start_tool("count", R"({"key":"k","seconds":0.005})");
      calls.emplace_back(session.last_id(), std::move(call));
    }
    for (auto& [id, call] : calls) {
      const auto answer = call.response(id);
      if (at(answer, "/result/structuredContent/count").is_int64()) {
        ++answered;
      } else if (text(answer, "/error/data/mooring/outcome") == "unknown") {
        ++unknown;
      } else {
        EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "not_executed") << answer;
      }
    }
  }
  const auto counted =
      at(session.tool("count_of", R"({"key":"k"})"), "/result/structuredContent/count");
  EXPECT_GE(counted.as_int64(), answered);
  EXPECT_LE(counted.as_int64(), answered + unknown);
}

TEST_P(Stress, many_sessions_come_and_go) {
  TestGateway gateway(
      servers({{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}), {.workers = GetParam()}
  );
  std::set<std::string> ids;
  for (int i = 0; i < 60; ++i) {
    Session session(client, i % 2 == 0 ? gateway.mcp() : gateway.mcp("one"));
    ids.insert(session.id());
    auto stream = session.listen();
    EXPECT_EQ(stream.status(), 200);
    if (i % 3 == 0) session.end();
    if (i % 3 == 1) stream.close();
    EXPECT_EQ(
        session.post(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").status, i % 3 == 0 ? 404 : 200
    );
  }
  EXPECT_EQ(ids.size(), 60U);
}

TEST_P(Stress, clients_that_leave_in_the_middle_harm_nobody) {
  upstream.on("tools/call", silence());
  TestGateway gateway(
      servers(
          R"({"log":{"level":"off"},"stream_after":0})",
          {{"one", fmt::format(R"({{"url":"{}","timeout":2}})", upstream.url())}}
      ),
      {.workers = GetParam()}
  );
  gateway.wait_state("one", "ready");
  for (int i = 0; i < 30; ++i) {
    Session session(client, gateway.mcp("one"));
    auto call = session.start_tool("echo");
    if (i % 2 == 0) ASSERT_TRUE(call.wait_primed());
    if (i % 3 == 0) session.end();
  }
  upstream.on("tools/call", nullptr);
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
}

TEST_P(Stress, a_shutdown_in_the_middle_of_everything_ends) {
  upstream.on("tools/call", silence());
  ScriptedServer hanging;
  hanging.on("initialize", silence());
  auto gateway = std::make_unique<TestGateway>(
      servers(
          {{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())},
           {"hanging", fmt::format(R"({{"url":"{}"}})", hanging.url())},
           {"child", fmt::format(R"({{"command":"{}","args":["--stdio"]}})", everything_program)}}
      ),
      GatewayOptions{.workers = GetParam()}
  );
  ASSERT_TRUE(hanging.wait_for("initialize"));
  Session one(client, gateway->mcp("one")), child(client, gateway->mcp("child"));
  auto waiting = one.start_tool("echo");
  auto forever = child.start_tool("sleep_forever");
  auto stream = one.listen();
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  const auto begin = std::chrono::steady_clock::now();
  gateway.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15)) << "SM-19";
  EXPECT_TRUE(waiting.wait_end());
  EXPECT_TRUE(forever.wait_end());
  EXPECT_TRUE(stream.wait_end());
}

}  // namespace
}  // namespace mooring::integration
