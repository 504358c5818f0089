// Tasks of modern servers (extension io.modelcontextprotocol/tasks): relayed to modern clients,
// seen through for legacy ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/modern.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

constexpr std::string_view with_tasks =
    R"({"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}})";
constexpr std::string_view tokens =
    R"({"log":{"level":"off"},"auth":{"tokens":[{"name":"alice","token":"alice-0123456789abcdef"},{"name":"bob","token":"bob-0123456789abcdef"}]}})";

class Tasks : public testing::TestWithParam<unsigned> {
 protected:
  Tasks() : server_({"--era", "modern"}) {}
  std::unique_ptr<TestGateway> start(std::string_view settings = R"({"log":{"level":"off"}})") {
    auto gateway = std::make_unique<TestGateway>(
        servers(settings, {{"ev", fmt::format(R"({{"url":"{}"}})", server_.url())}}),
        GatewayOptions{.workers = GetParam()}
    );
    gateway->wait_state("ev", "ready");
    return gateway;
  }
  static std::string said(const json::value& response) {
    return text(response, "/result/content/0/text");
  }
  static int code(const json::value& response) {
    const auto found = at(response, "/error/code");
    return found.is_int64() ? static_cast<int>(found.as_int64()) : 0;
  }
  static std::string about(std::string_view id) { return fmt::format(R"({{"taskId":"{}"}})", id); }
  /// Asks for it until it has ended.
  static json::value ended(Modern& client, std::string_view id) {
    for (int i = 0; i < 2000; ++i) {
      auto now = client.call("tasks/get", about(id));
      if (text(now, "/result/status") != "working") return now;
    }
    return nullptr;
  }

  Everything server_;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Tasks, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Tasks, of_one_server_keep_their_names) {
  const auto gateway = start();
  Modern one(client, gateway->mcp("ev"), std::string(with_tasks));
  EXPECT_TRUE(at(one.call("server/discover"),
                 "/result/capabilities/extensions/io.modelcontextprotocol~1tasks")
                  .is_object());
  const auto begun = one.tool("slow_compute", R"({"seconds":0.05})");
  ASSERT_EQ(text(begun, "/result/resultType"), "task") << begun;
  const auto id = text(begun, "/result/taskId");
  Modern direct(client, server_.url(), std::string(with_tasks));
  EXPECT_EQ(text(direct.call("tasks/get", about(id)), "/result/taskId"), id);
  const auto done = ended(one, id);
  EXPECT_EQ(text(done, "/result/status"), "completed") << done;
  EXPECT_EQ(text(done, "/result/result/content/0/text"), "Computed for 0.05 s");
}

TEST_P(Tasks, of_the_aggregate_lead_to_their_server) {
  const auto gateway = start();
  Modern one(client, gateway->mcp(), std::string(with_tasks));
  const auto begun = one.tool("ev__slow_compute", R"({"seconds":0.05})");
  ASSERT_EQ(text(begun, "/result/resultType"), "task") << begun;
  const auto id = text(begun, "/result/taskId");
  const auto done = ended(one, id);
  EXPECT_EQ(text(done, "/result/status"), "completed") << done;
  EXPECT_EQ(text(done, "/result/taskId"), id) << "the same name throughout";
  EXPECT_EQ(code(one.call("tasks/get", about(id + "x"))), -32602);
  EXPECT_EQ(code(one.call("tasks/get", about("nonsense"))), -32602);
}

TEST_P(Tasks, that_ask_take_the_answers) {
  const auto gateway = start();
  Modern one(client, gateway->mcp(), std::string(with_tasks));
  const auto begun = one.tool("ev__confirm_delete", R"({"filename":"a.txt"})");
  const auto id = text(begun, "/result/taskId");
  const auto asks = ended(one, id);
  ASSERT_EQ(text(asks, "/result/status"), "input_required") << asks;
  const auto answered = one.call(
      "tasks/update", fmt::format(
                          R"({{"taskId":"{}","inputResponses":{}}})", id,
                          answers(asks, R"({"action":"accept","content":{"confirm":true}})")
                      )
  );
  EXPECT_TRUE(at(answered, "/result").is_object()) << answered;
  EXPECT_EQ(text(ended(one, id), "/result/result/content/0/text"), "Deleted a.txt");
}

TEST_P(Tasks, can_be_cancelled) {
  const auto gateway = start();
  Modern one(client, gateway->mcp(), std::string(with_tasks));
  const auto id = text(one.tool("ev__slow_compute", R"({"seconds":600})"), "/result/taskId");
  one.call("tasks/cancel", about(id));
  EXPECT_EQ(text(ended(one, id), "/result/status"), "cancelled");
}

TEST_P(Tasks, belong_to_whoever_began_them) {
  const auto gateway = start(tokens);
  for (const auto* endpoint : {"", "ev"}) {
    Modern alice(client, gateway->mcp(endpoint), std::string(with_tasks));
    Modern bob(client, gateway->mcp(endpoint), std::string(with_tasks));
    alice.show("alice-0123456789abcdef");
    bob.show("bob-0123456789abcdef");
    const auto tool = *endpoint == '\0' ? "ev__slow_compute" : "slow_compute";
    const auto id = text(alice.tool(tool, R"({"seconds":600})"), "/result/taskId");
    ASSERT_FALSE(id.empty());
    for (const auto* method : {"tasks/get", "tasks/cancel"})
      EXPECT_EQ(code(bob.call(method, about(id))), -32602) << method;
    EXPECT_EQ(text(alice.call("tasks/get", about(id)), "/result/status"), "working");
    alice.call("tasks/cancel", about(id));
  }
}

TEST_P(Tasks, are_for_those_who_declared_them) {
  const auto gateway = start();
  for (const auto* endpoint : {"", "ev"}) {
    Modern plain(client, gateway->mcp(endpoint));
    const auto refused = plain.call("tasks/get", about("x"));
    EXPECT_EQ(code(refused), -32021) << refused;
    EXPECT_TRUE(at(refused,
                   "/error/data/requiredCapabilities/extensions/io.modelcontextprotocol~1tasks")
                    .is_object());
    for (const auto* gone : {"tasks/list", "tasks/result"})
      EXPECT_EQ(code(plain.call(gone, about("x"))), -32601) << gone;
  }
}

TEST_P(Tasks, are_unknown_where_no_server_has_them) {
  ScriptedServer old;
  TestGateway gateway(
      servers({{"old", fmt::format(R"({{"url":"{}"}})", old.url())}}), {.workers = GetParam()}
  );
  gateway.wait_state("old", "ready");
  for (const auto* endpoint : {"", "old"}) {
    Modern one(client, gateway.mcp(endpoint), std::string(with_tasks));
    EXPECT_TRUE(at(one.call("server/discover"), "/result/capabilities/extensions").is_null());
    EXPECT_EQ(code(one.call("tasks/get", about("x"))), -32601);
  }
}

TEST_P(Tasks, legacy_clients_see_a_call_that_takes_its_time) {
  const auto gateway = start();
  Session one(client, gateway->mcp("ev")), all(client, gateway->mcp());
  EXPECT_EQ(said(one.tool("slow_compute", R"({"seconds":0.05})")), "Computed for 0.05 s");
  EXPECT_EQ(said(all.tool("ev__slow_compute", R"({"seconds":0.05})")), "Computed for 0.05 s");
  const auto failed = one.tool("failing_job");
  EXPECT_EQ(at(failed, "/result/isError"), true) << failed;
  EXPECT_EQ(said(failed), "The job failed");
  for (const auto* member : {"/result/resultType", "/result/taskId"})
    EXPECT_TRUE(at(failed, member).is_null()) << failed;
  EXPECT_EQ(text(one.tool("protocol_error_job"), "/error/message"), "The job broke");
}

TEST_P(Tasks, legacy_clients_are_asked_what_a_task_asks) {
  const auto gateway = start();
  Session one(client, gateway->mcp("ev"), {.capabilities = R"({"elicitation":{}})"});
  auto call = one.start_tool("confirm_delete", R"({"filename":"a.txt"})");
  const auto id = one.last_id();
  answer(
      one, asked(call, "elicitation/create"),
      R"("result":{"action":"accept","content":{"confirm":true}})"
  );
  EXPECT_EQ(said(call.response(id)), "Deleted a.txt");
}

/// A server whose task stays as it is; what it is told is written down.
class StuckTask : public testing::TestWithParam<unsigned> {
 protected:
  StuckTask() {
    upstream.speak_modern();
    const std::string task = R"("taskId":"t-1","status":"working","ttlMs":null,"pollIntervalMs":1)";
    upstream.on("tools/call", result(R"({"resultType":"task",)" + task + "}"));
    upstream.on("tasks/get", result(R"({"resultType":"complete",)" + task + "}"));
    upstream.on("tasks/cancel", result(R"({"resultType":"complete"})"));
  }
  std::unique_ptr<TestGateway> start() {
    auto gateway = std::make_unique<TestGateway>(
        servers(
            {{"one", fmt::format(R"({{"url":"{}","timeout":1,"timeout_max":3}})", upstream.url())}}
        ),
        GatewayOptions{.workers = GetParam()}
    );
    gateway->wait_state("one", "ready");
    return gateway;
  }

  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, StuckTask, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(StuckTask, ends_with_the_patience_of_the_call) {
  const auto gateway = start();
  Session one(client, gateway->mcp("one"));
  auto call = one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  const auto late = call.response(one.last_id());
  EXPECT_EQ(text(late, "/error/data/mooring/outcome"), "unknown") << late;
  EXPECT_TRUE(upstream.wait_for("tasks/cancel"));
}

TEST_P(StuckTask, of_a_server_that_is_away_may_have_run) {
  const auto gateway = start();
  Session one(client, gateway->mcp("one"));
  auto call = one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  upstream.on("tasks/get", http(429, "text/plain", "slow down"));
  const auto answer = call.response(one.last_id());
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown") << answer;
  EXPECT_EQ(at(answer, "/error/data/mooring/retryable"), false) << answer;
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_P(StuckTask, that_the_server_forgot_may_have_run) {
  upstream.on("tasks/get", rpc_error(-32602, "Unknown task"));
  const auto gateway = start();
  Session one(client, gateway->mcp("one"));
  auto call = one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  const auto answer = call.response(one.last_id());
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown") << answer;
}

TEST_P(StuckTask, answers_that_were_lost_are_given_again_and_nobody_is_asked_twice) {
  constexpr std::string_view asks =
      R"("taskId":"t-1","status":"input_required","ttlMs":null,"pollIntervalMs":1,"inputRequests":{"k":{"method":"roots/list"}})";
  upstream.on("tools/call", result(fmt::format(R"({{"resultType":"task",{}}})", asks)));
  upstream.on("tasks/get", result(fmt::format(R"({{"resultType":"complete",{}}})", asks)));
  upstream.on("tasks/update", http(429, "text/plain", "slow down"));
  const auto gateway = start();
  Session one(client, gateway->mcp("one"), {.capabilities = R"({"roots":{}})"});
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  answer(one, asked(call, "roots/list"), R"("result":{"roots":[]})");
  ASSERT_TRUE(upstream.wait_for("tasks/update"));
  upstream.on("tasks/update", result(R"({"resultType":"complete"})"));
  upstream.on(
      "tasks/get",
      result(
          R"({"resultType":"complete","taskId":"t-1","status":"completed","ttlMs":null,"result":{"content":[{"type":"text","text":"done"}]}})"
      )
  );
  EXPECT_EQ(text(call.response(id), "/result/content/0/text"), "done");
}

TEST_P(StuckTask, that_is_given_up_holds_nobody_up) {
  upstream.on("tasks/cancel", silence());
  const auto gateway = start();
  Session one(client, gateway->mcp("one"));
  auto call = one.start_tool("echo");
  EXPECT_EQ(text(call.response(one.last_id()), "/error/data/mooring/outcome"), "unknown");
  ASSERT_TRUE(upstream.wait_for("tasks/cancel"));
  EXPECT_EQ(at(gateway->status("one"), "/in_flight"), 1) << "the answer did not wait for that";
}

TEST_P(StuckTask, is_cancelled_when_its_client_gives_up) {
  const auto gateway = start();
  Session one(client, gateway->mcp("one"));
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  ASSERT_TRUE(upstream.wait_for("tasks/get"));
  one.send(fmt::format(
      R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{}}}}})", id
  ));
  EXPECT_TRUE(upstream.wait_for("tasks/cancel"));
}

}  // namespace
}  // namespace mooring::integration
