// Downstream sessions: sealed ids, streams, what many sessions share.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"
#include "protocol/messages.hpp"

namespace mooring::integration {
namespace {

constexpr int many = 12;  ///< fresh connections, so that each worker gets some

class Sessions : public testing::TestWithParam<unsigned> {
 protected:
  std::string config(std::string gateway = R"({"log":{"level":"off"}})") {
    return servers(gateway, {{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}});
  }
  std::unique_ptr<TestGateway> start(std::filesystem::path kept = {}, core::SealKey key = {7}) {
    return std::make_unique<TestGateway>(
        config(), GatewayOptions{.workers = GetParam(), .key = key, .state_dir = std::move(kept)}
    );
  }
  void notify(std::string_view method, std::string_view params = {}) {
    upstream.push(protocol::make_notification(method, params));
  }
  static bool is(const json::value& message, std::string_view method) {
    return text(message, "/method") == method;
  }
  /// Waits until the gateway knows that so many clients listen.
  void wait_listening(TestGateway& gateway, std::int64_t number) {
    for (;;) {
      const auto status = client.send("GET", gateway.url() + "/api/v1/status").json();
      if (at(status, "/gateway/listening") == number) return;
    }
  }

  test::TemporaryDirectory state;
  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Sessions, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Sessions, a_sealed_id_survives_a_restart) {
  auto gateway = start(state.path());
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  gateway.reset();
  gateway = start(state.path());
  session.move_to(gateway->mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  for (int i = 0; i < many; ++i) {
    EXPECT_EQ(session.post(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").status, 200);
  }
}

TEST_P(Sessions, an_id_of_another_key_is_unknown) {
  auto gateway = start();
  Session session(client, gateway->mcp("one"));
  gateway.reset();
  gateway = start({}, {8});
  session.move_to(gateway->mcp("one"));
  EXPECT_EQ(session.post(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").status, 404);
}

TEST_P(Sessions, after_DELETE_every_worker_says_404_also_after_a_restart) {
  auto gateway = start(state.path());
  Session session(client, gateway->mcp("one"));
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  for (int i = 0; i < many; ++i) EXPECT_EQ(session.post(ping).status, 200);
  EXPECT_EQ(session.end().status, 200);
  for (int i = 0; i < many; ++i) EXPECT_EQ(session.post(ping).status, 404);
  EXPECT_EQ(session.end().status, 404);
  EXPECT_EQ(session.listen().status(), 404);
  gateway.reset();
  gateway = start(state.path());
  session.move_to(gateway->mcp("one"));
  EXPECT_EQ(session.post(ping).status, 404);
}

TEST_P(Sessions, DELETE_ends_the_stream_of_the_session) {
  auto gateway = start();
  Session session(client, gateway->mcp("one"));
  auto stream = session.listen();
  EXPECT_EQ(stream.status(), 200);
  wait_listening(*gateway, 1);
  session.end();
  EXPECT_TRUE(stream.wait_end());
}

TEST_P(Sessions, a_listener_hears_list_changed_and_sees_the_new_list) {
  auto gateway = start();
  Session one(client, gateway->mcp("one")), all(client, gateway->mcp());
  auto stream = one.listen(), aggregate = all.listen();
  wait_listening(*gateway, 2);
  ASSERT_TRUE(upstream.wait_listener());
  upstream.set_tools(R"([{"name":"new","inputSchema":{"type":"object"}}])");
  notify("notifications/tools/list_changed");
  for (auto* each : {&stream, &aggregate}) {
    EXPECT_TRUE(each->wait([](const json::value& m) {
                      return is(m, "notifications/tools/list_changed");
                    }
    ).is_object());
  }
  for (int i = 0; i < many; ++i) {
    auto answer = one.post(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
    EXPECT_EQ(names(answer.json()), (std::vector<std::string>{"new"}));
    answer = all.post(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})");
    EXPECT_EQ(names(answer.json()), (std::vector<std::string>{"one__new"}));
  }
}

TEST_P(Sessions, list_changed_is_told_only_where_the_list_differs) {
  auto gateway = start();
  Session one(client, gateway->mcp("one"));
  auto stream = one.listen();
  wait_listening(*gateway, 1);
  ASSERT_TRUE(upstream.wait_listener());
  const auto lists = upstream.count("tools/list");
  notify("notifications/tools/list_changed");
  ASSERT_TRUE(upstream.wait_for("tools/list", lists + 1));
  notify("notifications/message", R"({"level":"error","data":"after"})");
  stream.wait([](const json::value& m) { return is(m, "notifications/message"); });
  EXPECT_EQ(stream.count("notifications/tools/list_changed"), 0U);
}

TEST_P(Sessions, one_subscription_upstream_for_all_who_subscribe) {
  upstream.set_capabilities(R"({"tools":{},"resources":{"subscribe":true}})");
  auto gateway = start();
  Session a(client, gateway->mcp("one")), b(client, gateway->mcp("one")),
      c(client, gateway->mcp("one"));
  const std::string uri = R"({"uri":"test://thing"})";
  auto stream_a = a.listen(), stream_b = b.listen(), stream_c = c.listen();
  wait_listening(*gateway, 3);
  ASSERT_TRUE(upstream.wait_listener());
  EXPECT_TRUE(at(a.call("resources/subscribe", uri), "/result").is_object());
  EXPECT_TRUE(at(b.call("resources/subscribe", uri), "/result").is_object());
  EXPECT_EQ(upstream.count("resources/subscribe"), 1U);

  notify("notifications/resources/updated", uri);
  const auto updated = [](const json::value& m) {
    return is(m, "notifications/resources/updated");
  };
  EXPECT_EQ(text(stream_a.wait(updated), "/params/uri"), "test://thing");
  EXPECT_EQ(text(stream_b.wait(updated), "/params/uri"), "test://thing");

  EXPECT_TRUE(at(a.call("resources/unsubscribe", uri), "/result").is_object());
  EXPECT_EQ(upstream.count("resources/unsubscribe"), 0U);
  notify("notifications/resources/updated", uri);
  notify("notifications/message", R"({"level":"error","data":"after"})");
  const auto after = [](const json::value& m) { return is(m, "notifications/message"); };
  for (auto* each : {&stream_a, &stream_b, &stream_c}) each->wait(after);
  EXPECT_EQ(stream_a.count("notifications/resources/updated"), 1U);
  EXPECT_EQ(stream_b.count("notifications/resources/updated"), 2U);
  EXPECT_EQ(stream_c.count("notifications/resources/updated"), 0U);

  b.end();
  EXPECT_TRUE(upstream.wait_for("resources/unsubscribe"));
}

TEST_P(Sessions, subscriptions_are_made_again_on_a_new_session) {
  upstream.set_capabilities(R"({"tools":{},"resources":{"subscribe":true},"logging":{}})");
  auto gateway = start();
  Session session(client, gateway->mcp("one"));
  session.call("resources/subscribe", R"({"uri":"test://thing"})");
  session.call("logging/setLevel", R"({"level":"warning"})");
  upstream.forget_sessions();
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  const auto subscribed = upstream.all("resources/subscribe");
  ASSERT_EQ(subscribed.size(), 2U);
  EXPECT_EQ(subscribed[1].session, "s-2");
  const auto levels = upstream.all("logging/setLevel");
  ASSERT_EQ(levels.size(), 2U);
  EXPECT_EQ(text(levels[1].message(), "/params/level"), "warning");
  // Nothing on the new session before its `initialized` was accepted.
  std::vector<std::string> order;
  for (const auto& seen : upstream.seen().all()) {
    if (seen.session == "s-2" && seen.http_method == "POST") order.push_back(seen.method);
  }
  EXPECT_EQ(order.front(), "notifications/initialized");
}

TEST_P(Sessions, log_levels_are_each_sessions_own) {
  upstream.set_capabilities(R"({"tools":{},"logging":{}})");
  auto gateway = start();
  Session quiet(client, gateway->mcp("one")), chatty(client, gateway->mcp("one"));
  auto quiet_stream = quiet.listen(), chatty_stream = chatty.listen();
  wait_listening(*gateway, 2);
  ASSERT_TRUE(upstream.wait_listener());
  EXPECT_TRUE(at(quiet.call("logging/setLevel", R"({"level":"error"})"), "/result").is_object());
  EXPECT_TRUE(at(chatty.call("logging/setLevel", R"({"level":"debug"})"), "/result").is_object());
  EXPECT_EQ(text(upstream.all("logging/setLevel").back().message(), "/params/level"), "debug");
  EXPECT_EQ(at(quiet.call("logging/setLevel", R"({"level":"loud"})"), "/error/code"), -32602);

  notify("notifications/message", R"({"level":"info","data":"detail"})");
  notify("notifications/message", R"({"level":"critical","data":"fire"})");
  const auto fire = [](const json::value& m) { return text(m, "/params/data") == "fire"; };
  EXPECT_TRUE(quiet_stream.wait(fire).is_object());
  EXPECT_TRUE(chatty_stream.wait(fire).is_object());
  EXPECT_EQ(quiet_stream.count("notifications/message"), 1U);
  EXPECT_EQ(chatty_stream.count("notifications/message"), 2U);
}

TEST_P(Sessions, log_levels_hold_on_the_stream_of_a_call_too) {
  upstream.set_capabilities(R"({"tools":{},"logging":{}})");
  upstream.on(
      "tools/call",
      streamed(
          {protocol::make_notification("notifications/message", R"({"level":"debug","data":"d"})"),
           protocol::make_notification("notifications/message", R"({"level":"error","data":"e"})")},
          R"({"content":[]})"
      )
  );
  auto gateway = start();
  Session session(client, gateway->mcp("one"));
  session.call("logging/setLevel", R"({"level":"error"})");
  auto call = session.start_tool("echo");
  EXPECT_TRUE(call.response(session.last_id()).is_object());
  EXPECT_EQ(call.count("notifications/message"), 1U);
}

TEST_P(Sessions, cancellation_reaches_the_upstream_from_any_worker) {
  upstream.on("tools/call", silence());
  auto gateway = start();
  for (int i = 0; i < 4; ++i) {
    Session session(client, gateway->mcp("one"));
    auto call = session.start_tool("echo");
    const auto number = static_cast<std::size_t>(i) + 1;
    ASSERT_TRUE(upstream.wait_for("tools/call", number));
    const auto sent = upstream.all("tools/call").back();
    const auto status =
        session
            .post(fmt::format(
                R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{},"reason":"enough"}}}})",
                session.last_id()
            ))
            .status;
    EXPECT_EQ(status, 202);
    ASSERT_TRUE(upstream.wait_for("notifications/cancelled", number));
    const auto cancelled = upstream.all("notifications/cancelled").back().message();
    EXPECT_EQ(json::serialize(at(cancelled, "/params/requestId")), sent.id);
    EXPECT_EQ(text(cancelled, "/params/reason"), "enough");
    EXPECT_TRUE(call.wait_end());
  }
  EXPECT_EQ(upstream.count("initialize"), 1U) << "REC-04: no reconnect";
}

TEST_P(Sessions, a_cancelled_id_of_another_session_cancels_nothing) {
  upstream.on("tools/call", silence());
  auto gateway = start();
  Session mine(client, gateway->mcp("one")), foreign(client, gateway->mcp("one"));
  auto call = mine.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  foreign.send(fmt::format(
      R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{}}}}})",
      mine.last_id()
  ));
  foreign.call("ping");
  mine.call("ping");
  EXPECT_EQ(upstream.count("notifications/cancelled"), 0U);
}

TEST_P(Sessions, REC_01_a_call_without_answer_ends_at_its_timeout_and_is_cancelled_upstream) {
  upstream.on("tools/call", silence());
  TestGateway gateway(
      servers({{"one", fmt::format(R"({{"url":"{}","timeout":0.3}})", upstream.url())}}),
      {.workers = GetParam()}
  );
  Session session(client, gateway.mcp("one"));
  const auto answer = session.tool("echo");
  EXPECT_NE(text(answer, "/error/message").find("0.3 s"), std::string::npos) << answer;
  EXPECT_EQ(text(answer, "/error/data/mooring/kind"), "timeout");
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown");
  ASSERT_TRUE(upstream.wait_for("notifications/cancelled"));
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_P(Sessions, progress_comes_in_order_before_the_result_under_the_clients_token) {
  Everything server;
  TestGateway gateway(
      servers({{"ev", fmt::format(R"({{"url":"{}"}})", server.url())}}), {.workers = GetParam()}
  );
  Session session(client, gateway.mcp("ev"));
  auto call = session.start_tool("slow", R"({"seconds":0.25})", R"({"progressToken":"my token"})");
  EXPECT_EQ(text(call.response(session.last_id()), "/result/content/0/text"), "Slept 0.25 s");
  double last = -1;
  const auto events = call.events();
  ASSERT_GE(events.size(), 3U);
  for (std::size_t i = 0; i + 1 < events.size(); ++i) {
    const auto message = events[i].json();
    EXPECT_EQ(text(message, "/params/progressToken"), "my token");
    const auto progress = at(message, "/params/progress").to_number<double>();
    EXPECT_GT(progress, last);
    last = progress;
  }
}

TEST_P(Sessions, calls_of_one_session_run_side_by_side) {
  Everything server;
  TestGateway gateway(
      servers(
          {{"http", fmt::format(R"({{"url":"{}"}})", server.url())},
           {"stdio", fmt::format(R"({{"command":"{}","args":["--stdio"]}})", everything_program)}}
      ),
      {.workers = GetParam()}
  );
  Session session(client, gateway.mcp());
  session.tool("http__echo", R"({"text":"warm"})");
  session.tool("stdio__echo", R"({"text":"warm"})");
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::pair<std::string, Exchange>> calls;
  for (int i = 0; i < 8; ++i) {
    auto call = session.start_tool(i % 2 == 0 ? "http__slow" : "stdio__slow", R"({"seconds":0.2})");
    calls.emplace_back(session.last_id(), std::move(call));
  }
  for (auto& [id, call] : calls) {
    EXPECT_EQ(text(call.response(id), "/result/content/0/text"), "Slept 0.2 s");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1500));
}

TEST_P(Sessions, the_endpoint_says_what_the_server_says) {
  upstream.set_capabilities(R"({"tools":{},"experimental":{"x":{"y":1}},"logging":{}})");
  auto gateway = start();
  Session one(client, gateway->mcp("one"));
  EXPECT_EQ(text(one.opened(), "/result/serverInfo/name"), "scripted");
  EXPECT_EQ(at(one.opened(), "/result/capabilities/experimental/x/y"), 1);
  for (const std::string version : {"2025-03-26", "2025-06-18", "2025-11-25"}) {
    Session each(client, gateway->mcp("one"), {.version = version});
    EXPECT_EQ(text(each.opened(), "/result/protocolVersion"), version);
  }
  Session future(client, gateway->mcp("one"), {.version = "2999-01-01"});
  EXPECT_EQ(text(future.opened(), "/result/protocolVersion"), "2025-11-25");
}

TEST_P(Sessions, unknown_methods_and_fields_pass_through_the_endpoint) {
  upstream.on(
      "vendor/thing", result(R"({"big":12345678901234567890,"f":1.0,"é":"\u00e9","z":0,"a":0})")
  );
  auto gateway = start();
  Session one(client, gateway->mcp("one"));
  const auto answer = one.post(
      R"({"jsonrpc":"2.0","id":"x","method":"vendor/thing","params":{"n":1.50,"deep":{"b":1,"a":2}},"extra":true})"
  );
  EXPECT_NE(
      answer.body.find(R"({"big":12345678901234567890,"f":1.0,"é":"\u00e9","z":0,"a":0})"),
      std::string::npos
  ) << answer.body;
  const auto sent = upstream.all("vendor/thing").front().body;
  EXPECT_NE(
      sent.find(R"("params":{"n":1.50,"deep":{"b":1,"a":2}},"extra":true)"), std::string::npos
  ) << sent;
}

}  // namespace
}  // namespace mooring::integration
