// Clients of the modern era (2026-07-28) in front of servers of the legacy era.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "harness/gateway.hpp"
#include "harness/modern.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"
#include "protocol/messages.hpp"

namespace mooring::integration {
namespace {

constexpr std::string_view supported = R"(["2026-07-28"])";

class ModernClient : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(std::string more = {}) {
    return std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", upstream.url(), more)}}),
        GatewayOptions{.workers = GetParam()}
    );
  }
  static int code(const json::value& response) {
    const auto found = at(response, "/error/code");
    return found.is_int64() ? static_cast<int>(found.as_int64()) : 0;
  }

  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, ModernClient, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(ModernClient, discovers_lists_and_calls_without_a_session) {
  const auto gateway = start();
  gateway->wait_state("one", "ready");
  for (const std::string tool : {"echo", "one__echo"}) {
    Modern modern(client, tool == "echo" ? gateway->mcp("one") : gateway->mcp());
    const auto found = modern.call("server/discover");
    EXPECT_EQ(json::serialize(at(found, "/result/supportedVersions")), supported) << found;
    EXPECT_EQ(text(found, "/result/resultType"), "complete");
    EXPECT_TRUE(at(found, "/result/capabilities/tools").is_object()) << found;
    EXPECT_TRUE(at(found, "/result/ttlMs").is_int64());
    EXPECT_EQ(text(found, "/result/cacheScope"), "private");
    const auto list = modern.call("tools/list");
    EXPECT_EQ(names(list), std::vector<std::string>{tool}) << list;
    EXPECT_EQ(text(list, "/result/resultType"), "complete");
    const auto called = modern.tool(tool);
    EXPECT_EQ(text(called, "/result/content/0/text"), "done") << called;
    EXPECT_EQ(text(called, "/result/resultType"), "complete");
  }
  for (const auto& call : upstream.all("tools/call"))
    EXPECT_EQ(call.body.find("io.modelcontextprotocol/"), std::string::npos) << call.body;
}

TEST_P(ModernClient, a_lost_session_of_the_server_heals_behind_it) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  ASSERT_EQ(text(modern.tool("echo"), "/result/content/0/text"), "done");
  for (int i = 0; i < 20; ++i) {
    upstream.forget_sessions();
    const auto called = modern.tool("echo");
    EXPECT_EQ(text(called, "/result/content/0/text"), "done") << called;
  }
}

TEST_P(ModernClient, what_headers_and_body_disagree_on_is_refused) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  const auto params = modern.envelope(R"({"name":"echo","arguments":{}})");
  const auto body = protocol::make_request("7", "tools/call", params);
  const auto refused = [&](Headers headers) {
    const auto answer = modern.post(body, std::move(headers));
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(json::serialize(at(answer.json(), "/id")), "7");
    return code(answer.json());
  };
  const auto without = [&](std::string_view name) {
    auto headers = Modern::headers("tools/call", "echo");
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    return headers;
  };
  const auto with = [&](std::string name, std::string value) {
    auto headers = without(name);
    headers.emplace_back(std::move(name), std::move(value));
    return headers;
  };
  EXPECT_EQ(refused(without("MCP-Protocol-Version")), -32020);
  EXPECT_EQ(refused(with("MCP-Protocol-Version", "2025-11-25")), -32020);
  EXPECT_EQ(refused(without("Mcp-Method")), -32020);
  EXPECT_EQ(refused(with("Mcp-Method", "tools/list")), -32020);
  EXPECT_EQ(refused(without("Mcp-Name")), -32020);
  EXPECT_EQ(refused(with("Mcp-Name", "other")), -32020);
  EXPECT_EQ(refused(with("Mcp-Name", "=?base64?!!?=")), -32020);
  EXPECT_EQ(modern.post(body, with("Mcp-Name", "=?base64?ZWNobw==?=")).status, 200);
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_P(ModernClient, an_envelope_that_is_broken_is_refused) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  const auto post = [&](std::string_view method, std::string_view params, Headers headers) {
    return modern.post(protocol::make_request("7", method, params), std::move(headers));
  };
  const auto headers = Modern::headers("tools/list");
  const auto forgotten = post("tools/list", "{}", headers);
  EXPECT_EQ(forgotten.status, 400);
  EXPECT_EQ(code(forgotten.json()), -32602) << forgotten.body;
  const auto half = post(
      "tools/list", R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})", headers
  );
  EXPECT_EQ(half.status, 400);
  EXPECT_EQ(code(half.json()), -32602) << half.body;
  auto future = headers;
  for (auto& [name, value] : future) {
    if (name == "MCP-Protocol-Version") value = "2030-01-01";
  }
  const auto unknown = post(
      "tools/list",
      R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}})",
      future
  );
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(code(unknown.json()), -32022) << unknown.body;
  EXPECT_EQ(json::serialize(at(unknown.json(), "/error/data/supported")), supported);
  EXPECT_EQ(text(unknown.json(), "/error/data/requested"), "2030-01-01");
}

TEST_P(ModernClient, methods_of_the_legacy_era_are_not_found) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  for (const std::string_view method :
       {"initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such"}) {
    auto answer = modern.start(method, R"({"uri":"a:b"})");
    EXPECT_EQ(answer.status(), 404) << method;
    EXPECT_EQ(code(answer.response(modern.last_id())), -32601) << method;
  }
}

TEST_P(ModernClient, a_listen_hears_what_it_asked_for) {
  upstream.set_capabilities(
      R"({"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":true}})"
  );
  upstream.on("resources/list", result(R"({"resources":[{"uri":"a:b","name":"ab"}]})"));
  upstream.on(
      "resources/subscribe",
      [](ScriptedServer&, io::HttpExchange& to, Seen seen) -> awaitable<void> {
        constexpr std::array type = {io::HeaderField{"Content-Type", "application/json"}};
        const bool known = text(seen.message(), "/params/uri") == "a:b";
        co_await to.respond(
            200, type,
            known ? protocol::make_result(seen.id, "{}")
                  : protocol::make_error(seen.id, -32002, "Resource not found")
        );
      }
  );
  const auto gateway = start();
  gateway->wait_state("one", "ready");
  ASSERT_TRUE(upstream.wait_listener());
  Modern modern(client, gateway->mcp("one"));
  auto deaf = modern.start("subscriptions/listen", R"({"notifications":{}})");
  const auto deaf_id = modern.last_id();
  auto listen = modern.start(
      "subscriptions/listen",
      R"({"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:b","x:unknown"]}})"
  );
  const auto told = [](Exchange& from, std::string method) {
    return from.wait([method](const json::value& m) { return text(m, "/method") == method; });
  };
  const std::string_view tag = "/params/_meta/io.modelcontextprotocol~1subscriptionId";
  const auto acknowledged = told(listen, "notifications/subscriptions/acknowledged");
  EXPECT_EQ(json::serialize(at(acknowledged, tag)), modern.last_id());
  EXPECT_EQ(
      json::serialize(at(acknowledged, "/params/notifications")),
      R"({"toolsListChanged":true,"resourceSubscriptions":["a:b"]})"
  );
  ASSERT_TRUE(told(deaf, "notifications/subscriptions/acknowledged").is_object());
  upstream.push(protocol::make_notification("notifications/resources/updated", R"({"uri":"a:b"})"));
  const auto updated = told(listen, "notifications/resources/updated");
  EXPECT_EQ(text(updated, "/params/uri"), "a:b");
  EXPECT_EQ(json::serialize(at(updated, tag)), modern.last_id());
  upstream.set_tools(
      R"([{"name":"echo","inputSchema":{"type":"object"}},{"name":"new","inputSchema":{"type":"object"}}])"
  );
  upstream.push(protocol::make_notification("notifications/tools/list_changed"));
  EXPECT_EQ(
      json::serialize(at(told(listen, "notifications/tools/list_changed"), tag)), modern.last_id()
  );
  gateway->stop();
  // An empty result ends it, before the connection closes.
  EXPECT_TRUE(at(listen.response(modern.last_id()), "/result").is_object());
  EXPECT_TRUE(at(deaf.response(deaf_id), "/result").is_object());
  EXPECT_EQ(deaf.count("notifications/resources/updated"), 0U);
  EXPECT_EQ(deaf.count("notifications/tools/list_changed"), 0U);
}

TEST_P(ModernClient, a_closed_connection_cancels_the_call) {
  upstream.on("tools/call", silence());
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  auto call = modern.start("tools/call", R"({"name":"echo","arguments":{}})");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  call.close();
  EXPECT_TRUE(upstream.wait_for("notifications/cancelled"));
}

TEST_P(ModernClient, log_messages_come_to_who_wants_them_only) {
  const auto say = [](std::string level) {
    return protocol::make_notification(
        "notifications/message", fmt::format(R"({{"level":"{}","data":"x"}})", level)
    );
  };
  upstream.set_capabilities(R"({"tools":{},"logging":{}})");
  upstream.on("tools/call", streamed({say("debug"), say("error")}, R"({"content":[]})"));
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  const auto heard = [&](std::string_view meta) {
    const auto params = modern.envelope(R"({"name":"echo","arguments":{}})", meta);
    auto call = client.open(
        "POST", gateway->mcp("one"), Modern::headers("tools/call", "echo"),
        protocol::make_request("9", "tools/call", params)
    );
    EXPECT_TRUE(at(call.response("9"), "/result").is_object());
    return call.count("notifications/message");
  };
  EXPECT_EQ(heard("{}"), 0U);
  EXPECT_EQ(heard(R"({"io.modelcontextprotocol/logLevel":"warning"})"), 1U);
  EXPECT_EQ(heard(R"({"io.modelcontextprotocol/logLevel":"debug"})"), 2U);
}

TEST_P(ModernClient, arguments_that_a_tool_wants_in_headers_must_agree) {
  upstream.set_tools(
      R"([{"name":"echo","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}}])"
  );
  const auto gateway = start();
  gateway->wait_state("one", "ready");
  Modern modern(client, gateway->mcp("one"));
  const auto status = [&](std::string_view arguments, Headers more) {
    auto headers = Modern::headers("tools/call", "echo");
    headers.insert(headers.end(), more.begin(), more.end());
    const auto params = fmt::format(R"({{"name":"echo","arguments":{}}})", arguments);
    const auto answer =
        modern.post(protocol::make_request("7", "tools/call", modern.envelope(params)), headers);
    if (answer.status != 200) EXPECT_EQ(code(answer.json()), -32020) << answer.body;
    return answer.status;
  };
  EXPECT_EQ(status(R"({"region":"eu"})", {{"Mcp-Param-Region", "eu"}}), 200);
  EXPECT_EQ(status(R"({"region":"eu"})", {{"mcp-param-region", "=?base64?ZXU=?="}}), 200);
  EXPECT_EQ(status("{}", {}), 200);
  EXPECT_EQ(status(R"({"region":"eu"})", {}), 400);
  EXPECT_EQ(status(R"({"region":"eu"})", {{"Mcp-Param-Region", "us"}}), 400);
  EXPECT_EQ(status("{}", {{"Mcp-Param-Region", "eu"}}), 400);
  EXPECT_EQ(upstream.count("tools/call"), 3U);
}

TEST_P(ModernClient, what_only_modern_servers_may_say_means_nothing_from_others) {
  upstream.on(
      "tools/call",
      result(
          R"({"content":[],"resultType":"input_required","inputRequests":{"a":{"method":"sampling/createMessage","params":{}}},"cacheScope":"public"})"
      )
  );
  const auto gateway = start(R"(,"elicitation":{"enabled":false})");
  Modern modern(client, gateway->mcp("one"), R"({"sampling":{},"elicitation":{"url":{}}})");
  const auto forged = modern.tool("echo");
  EXPECT_EQ(text(forged, "/result/resultType"), "complete") << forged;
  EXPECT_EQ(text(forged, "/result/cacheScope"), "");
  for (const int code_of_theirs : {-32022, -32042, -32077}) {
    upstream.on("tools/call", rpc_error(code_of_theirs, "theirs"));
    auto call = modern.start("tools/call", R"({"name":"echo","arguments":{},"task":{"ttl":1}})");
    EXPECT_EQ(code(call.response(modern.last_id())), -32603);
    EXPECT_EQ(call.status(), 200);
  }
  for (const auto& seen : upstream.all("tools/call"))
    EXPECT_TRUE(at(seen.message(), "/params/task").is_null());
  EXPECT_EQ(code(modern.call("tasks/list")), -32601);
}

TEST_P(ModernClient, a_listen_for_too_much_is_refused) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"));
  std::string uris;
  for (int i = 0; i <= 1000; ++i) uris += fmt::format("{}\"a:{}\"", i == 0 ? "" : ",", i);
  const auto answer = modern.call(
      "subscriptions/listen",
      fmt::format(R"({{"notifications":{{"resourceSubscriptions":[{}]}}}})", uris)
  );
  EXPECT_EQ(code(answer), -32602) << answer;
  EXPECT_EQ(upstream.count("resources/subscribe"), 0U);
}

TEST_P(ModernClient, a_request_behind_another_of_a_client_that_left_does_not_run) {
  upstream.on("tools/call", silence());
  const auto gateway = start();
  gateway->wait_state("one", "ready");
  Modern modern(client, gateway->mcp("one"));
  const auto request = [&](std::string_view id) {
    const auto body = protocol::make_request(
        id, "tools/call", modern.envelope(R"({"name":"echo","arguments":{}})")
    );
    std::string text = "POST /mcp/one HTTP/1.1\r\nHost: localhost\r\n";
    for (const auto& [name, value] : Modern::headers("tools/call", "echo"))
      text += fmt::format("{}: {}\r\n", name, value);
    return text + fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  };
  {
    RawConnection both(gateway->port());
    both.write(request("1") + request("2"));
    ASSERT_TRUE(upstream.wait_for("tools/call"));
  }
  ASSERT_TRUE(upstream.wait_for("notifications/cancelled"));
  upstream.on("tools/call", result(R"({"content":[]})"));
  EXPECT_TRUE(at(modern.tool("echo"), "/result").is_object());
  EXPECT_EQ(upstream.count("tools/call"), 2U);
}

TEST_P(ModernClient, both_eras_are_served_on_one_endpoint) {
  const auto gateway = start();
  Session legacy(client, gateway->mcp("one"));
  Modern modern(client, gateway->mcp("one"));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(text(legacy.tool("echo"), "/result/content/0/text"), "done");
    EXPECT_EQ(text(modern.tool("echo"), "/result/content/0/text"), "done");
  }
  EXPECT_TRUE(at(legacy.call("tools/list"), "/result/resultType").is_null());
}

}  // namespace
}  // namespace mooring::integration
