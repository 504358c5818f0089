// Clients of the modern era (2026-07-28) in front of servers of the modern era, and what such
// servers do wrong.
#include "harness/process.hpp"
#include "modern_upstream.hpp"

namespace mooring::integration {
namespace {

class ModernPair : public ModernUpstream {
 protected:
  Modern modern(TestGateway& gateway, std::string capabilities = "{}") {
    return Modern(client, gateway.mcp("one"), std::move(capabilities));
  }
  static std::string capabilities_in(std::string_view params) {
    return std::string(protocol::member(
                           protocol::member(params, "_meta").value_or("{}"),
                           protocol::meta_client_capabilities
    )
                           .value_or("none"));
  }
};
INSTANTIATE_TEST_SUITE_P(
    Workers, ModernPair, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

/// The bytes of a whole answer.
std::string raw(Exchange& call) {
  call.wait_end();
  const auto events = call.events();
  return events.empty() ? std::string() : events.back().data;
}

TEST_P(ModernPair, questions_and_answers_pass_byte_for_byte) {
  constexpr std::string_view question =
      R"({"resultType":"input_required","x":1.0,"requestState":"st\u00e4te","inputRequests":{"k\u00e9y":{"method":"vendor/unknown","params":{"n":1e2}},"s":{"method":"sampling/createMessage","params":{"maxTokens":100000}}}})";
  upstream.on("tools/call", asks_first(std::string(question)));
  const auto gateway = start();
  auto one = modern(*gateway, R"({"sampling":{}})");
  auto first = one.start("tools/call", R"({"name":"echo","arguments":{"a":1.0}})");
  EXPECT_EQ(
      raw(first), fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", one.last_id(), question)
  );
  constexpr std::string_view answers = R"({"k\u00e9y":{"n":1e2},"s":{"model":"m"}})";
  auto second = one.start(
      "tools/call",
      fmt::format(
          R"({{"name":"echo","arguments":{{"a":1.0}},"inputResponses":{},"requestState":"st\u00e4te","more":[1.0]}})",
          answers
      )
  );
  EXPECT_EQ(told(second.response(one.last_id())), answers);
  const auto params = raw_params(1);
  EXPECT_EQ(protocol::member(params, "inputResponses"), answers);
  EXPECT_EQ(protocol::member(params, "requestState"), R"("st\u00e4te")");
  EXPECT_EQ(protocol::member(params, "more"), "[1.0]");
  EXPECT_EQ(protocol::member(params, "arguments"), R"({"a":1.0})");
  EXPECT_EQ(upstream.count("tools/call"), 2U);
}

TEST_P(ModernPair, what_a_server_says_of_keeping_its_lists_reaches_the_client) {
  constexpr std::string_view list =
      R"({"resultType":"complete","tools":[{"name":"echo","inputSchema":{"type":"object"}}],"ttlMs":60000,"cacheScope":"public"})";
  upstream.on("tools/list", result(std::string(list)));
  const auto gateway = start();
  gateway->wait_state("one", "ready");
  auto one = modern(*gateway);
  Modern all(client, gateway->mcp());
  for (auto* each : {&one, &all}) {
    const auto listed = each->call("tools/list");
    EXPECT_EQ(at(listed, "/result/ttlMs"), 60000) << listed;
    EXPECT_EQ(text(listed, "/result/cacheScope"), "public");
    EXPECT_EQ(text(listed, "/result/resultType"), "complete");
  }
  auto legacy = session(*gateway);
  const auto listed = legacy.call("tools/list");
  for (const auto* member : {"/result/ttlMs", "/result/cacheScope", "/result/resultType"})
    EXPECT_TRUE(at(listed, member).is_null()) << listed;
}

TEST_P(ModernPair, a_state_that_is_not_ours_is_for_the_server) {
  upstream.on("tools/call", rpc_error(-32602, "that is not my state"));
  const auto gateway = start();
  auto one = modern(*gateway, R"({"elicitation":{}})");
  for (const std::string state : {R"("")", R"("AAAA")", "7", R"({"a":1})", "null"}) {
    const auto before = upstream.count("tools/call");
    const auto refused = one.call(
        "tools/call", fmt::format(R"({{"name":"echo","arguments":{{}},"requestState":{}}})", state)
    );
    EXPECT_EQ(text(refused, "/error/message"), "that is not my state") << refused;
    ASSERT_EQ(upstream.count("tools/call"), before + 1);
    EXPECT_EQ(protocol::member(raw_params(before), "requestState"), state);
  }
}

TEST_P(ModernPair, the_client_speaks_for_itself_as_far_as_the_configuration_lets_it) {
  const auto gateway = start(R"(,"sampling":{"enabled":false})");
  auto one = modern(*gateway, R"({"sampling":{},"elicitation":{"url":{}},"vendor":{"x":1.0}})");
  const auto params = fmt::format(
      R"({{"name":"echo","arguments":{{}},"_meta":{{"vendor/k":[1.0],"traceparent":"00-1","progressToken":"p"}}}})"
  );
  EXPECT_TRUE(at(one.call("tools/call", params), "/result").is_object());
  const auto seen = raw_params(0);
  EXPECT_EQ(capabilities_in(seen), R"({"elicitation":{"url":{}},"vendor":{"x":1.0}})");
  const auto meta = protocol::member(seen, "_meta").value_or("{}");
  EXPECT_EQ(protocol::member(meta, "vendor/k"), "[1.0]");
  EXPECT_EQ(protocol::member(meta, "traceparent"), R"("00-1")");
  EXPECT_FALSE(protocol::member(meta, protocol::meta_log_level));
  auto bare = modern(*gateway);
  bare.tool("echo");
  EXPECT_EQ(capabilities_in(raw_params(1)), "{}");
}

TEST_P(ModernPair, a_capability_that_is_missed_is_told_to_who_lacks_it) {
  const auto missed = [](std::string required) {
    return http(
        400, "application/json",
        fmt::format(
            R"({{"jsonrpc":"2.0","id":null,"error":{{"code":-32021,"message":"no","data":{{"requiredCapabilities":{}}}}}}})",
            required
        )
    );
  };
  const auto gateway = start(R"(,"sampling":{"enabled":false})");
  upstream.on("tools/call", missed(R"({"sampling":{}})"));
  auto without = modern(*gateway);
  auto call = without.start("tools/call", R"({"name":"echo","arguments":{}})");
  EXPECT_EQ(call.status(), 400);
  const auto told_so = call.response(without.last_id());
  EXPECT_EQ(code(told_so), -32021) << told_so;
  EXPECT_TRUE(at(told_so, "/error/data/requiredCapabilities/sampling").is_object()) << told_so;
  auto with = modern(*gateway, R"({"sampling":{}})");
  auto other = with.start("tools/call", R"({"name":"echo","arguments":{}})");
  EXPECT_EQ(other.status(), 200);
  EXPECT_EQ(code(other.response(with.last_id())), -32603);
  for (const int hop : {-32020, -32022}) {
    upstream.on("tools/call", rpc_error(hop, "theirs", 400));
    EXPECT_EQ(code(with.tool("echo")), -32603) << hop;
  }
}

TEST_P(ModernPair, log_messages_are_asked_for_as_the_client_does) {
  upstream.set_capabilities(R"({"tools":{},"logging":{}})");
  const auto gateway = start();
  auto one = modern(*gateway);
  for (const std::string level : {"debug", "error"}) {
    const auto params = one.envelope(
        R"({"name":"echo","arguments":{}})",
        fmt::format(R"({{"io.modelcontextprotocol/logLevel":"{}"}})", level)
    );
    const auto before = upstream.count("tools/call");
    one.post(
        protocol::make_request("9", "tools/call", params), Modern::headers("tools/call", "echo")
    );
    const auto seen = raw_params(before);
    const auto meta = protocol::member(seen, "_meta").value_or("{}");
    EXPECT_EQ(protocol::string_member(meta, protocol::meta_log_level), level);
  }
}

TEST_P(ModernPair, arguments_travel_in_headers_on_both_hops) {
  upstream.set_tools(
      R"([{"name":"echo","inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}}])"
  );
  const auto gateway = start();
  auto one = modern(*gateway);
  auto headers = Modern::headers("tools/call", "echo");
  headers.emplace_back("Mcp-Param-Region", "=?base64?ZcO8?=");
  const auto answer = one.post(
      protocol::make_request(
          "9", "tools/call", one.envelope(R"({"name":"echo","arguments":{"r":"eü"}})")
      ),
      headers
  );
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(upstream.all("tools/call").at(0).header("mcp-param-region"), "=?base64?ZcO8?=");
  Session legacy(client, gateway->mcp("one"));
  legacy.tool("echo", R"({"r":"us"})");
  EXPECT_EQ(upstream.all("tools/call").at(1).header("mcp-param-region"), "us");
}

TEST_P(ModernPair, names_of_the_aggregate_are_the_servers_own_behind_it) {
  const auto gateway = start();
  Modern one(client, gateway->mcp());
  EXPECT_EQ(told(one.tool("one__echo")), "done");
  const auto seen = upstream.all("tools/call").at(0);
  EXPECT_EQ(seen.header("mcp-name"), "echo");
  EXPECT_EQ(text(seen.message(), "/params/name"), "echo");
}

TEST_P(ModernPair, a_listen_of_the_client_is_fed_by_that_of_the_gateway) {
  upstream.set_capabilities(R"({"tools":{"listChanged":true},"resources":{"subscribe":true}})");
  upstream.on("resources/list", result(R"({"resources":[{"uri":"a:b","name":"x"}]})"));
  const auto gateway = start();
  auto one = modern(*gateway);
  auto listen = one.start(
      "subscriptions/listen",
      R"({"notifications":{"toolsListChanged":true,"resourceSubscriptions":["a:b"]}})"
  );
  const auto acknowledged = asked(listen, "notifications/subscriptions/acknowledged");
  EXPECT_EQ(
      json::serialize(at(acknowledged, "/params/notifications")),
      R"({"toolsListChanged":true,"resourceSubscriptions":["a:b"]})"
  );
  upstream.push(protocol::make_notification("notifications/resources/updated", R"({"uri":"a:b"})"));
  const auto updated = asked(listen, "notifications/resources/updated");
  EXPECT_EQ(
      json::serialize(at(updated, "/params/_meta/io.modelcontextprotocol~1subscriptionId")),
      one.last_id()
  );
  upstream.set_tools(R"([{"name":"new","inputSchema":{"type":"object"}}])");
  upstream.push(protocol::make_notification("notifications/tools/list_changed"));
  EXPECT_TRUE(asked(listen, "notifications/tools/list_changed").is_object());
}

TEST_P(ModernPair, the_same_tools_of_the_test_server_work_through_the_gateway) {
  Everything everything({"--era", "modern"});
  TestGateway gateway(
      servers(
          {{"ev", fmt::format(R"({{"url":"{}"}})", everything.url())},
           {"io",
            fmt::format(
                R"({{"command":"{}","args":["--stdio","--era","modern"]}})", everything_program
            )}}
      ),
      {.workers = GetParam()}
  );
  for (const std::string server : {"ev", "io"}) {
    gateway.wait_state(server, "ready");
    EXPECT_EQ(text(gateway.status(server), "/protocol_version"), "2026-07-28");
    Modern one(client, gateway.mcp(server), R"({"elicitation":{},"sampling":{},"roots":{}})");
    const auto asked_one = one.tool("test_input_required_result_elicitation");
    ASSERT_EQ(text(asked_one, "/result/resultType"), "input_required") << asked_one;
    const auto done = one.retry(
        "tools/call", R"({"name":"test_input_required_result_elicitation","arguments":{}})",
        asked_one, R"({"user_name":{"action":"accept","content":{"name":"me"}}})"
    );
    EXPECT_EQ(told(done), "Hello, me!") << done;
    Session legacy(client, gateway.mcp(server), {.capabilities = R"({"elicitation":{}})"});
    auto call = legacy.start_tool("test_input_required_result_elicitation");
    const auto id = legacy.last_id();
    answer(
        legacy, asked(call, "elicitation/create"),
        R"("result":{"action":"accept","content":{"name":"you"}})"
    );
    EXPECT_EQ(told(call.response(id)), "Hello, you!");
  }
}

TEST_P(ModernPair, garbage_is_told_from_answers_and_the_next_call_works) {
  const auto gateway = start();
  auto one = modern(*gateway);
  Session legacy(client, gateway->mcp("one"));
  for (const auto& [type, body] :
       {std::pair<std::string, std::string>{"application/json", "garbage"},
        {"application/json", ""},
        {"application/json", "{}"},
        {"application/json", R"({"jsonrpc":"2.0","id":1})"},
        {"application/json", R"({"jsonrpc":"2.0","id":1,"result":)"},
        {"text/html", "<html>"},
        {"text/event-stream", "data: nonsense\n\n"},
        {"text/event-stream", ": nothing\n\n"},
        {"application/json", std::string(1000, '[')}}) {
    upstream.on("tools/call", http(200, type, body));
    EXPECT_TRUE(at(one.tool("echo"), "/error").is_object()) << type << ' ' << body;
    EXPECT_TRUE(at(legacy.tool("echo"), "/error").is_object()) << type << ' ' << body;
  }
  for (const std::string odd :
       {R"([])", "7", R"("x")", "null", R"({"resultType":7})",
        R"({"resultType":"input_required","inputRequests":7})",
        R"({"resultType":"task","taskId":"t"})"}) {
    upstream.on("tools/call", result(odd));
    EXPECT_TRUE(one.tool("echo").is_object()) << odd;
  }
  upstream.on("tools/call", result(R"({"content":[{"type":"text","text":"fine"}]})"));
  EXPECT_EQ(told(one.tool("echo")), "fine");
  EXPECT_EQ(told(legacy.tool("echo")), "fine");
}

TEST_P(ModernPair, an_answer_of_ten_megabytes_comes_whole) {
  const std::string big(std::size_t{10} << 20, 'x');
  upstream.on(
      "tools/call",
      result(fmt::format(
          R"({{"resultType":"complete","content":[{{"type":"text","text":"{}"}}]}})", big
      ))
  );
  const auto gateway = start();
  auto one = modern(*gateway);
  Session legacy(client, gateway->mcp("one"));
  EXPECT_EQ(told(one.tool("echo")).size(), big.size());
  const auto plain = legacy.tool("echo");
  EXPECT_EQ(told(plain).size(), big.size());
  EXPECT_TRUE(at(plain, "/result/resultType").is_null());
}

TEST_P(ModernPair, a_listen_that_is_never_answered_is_in_nobodys_way) {
  upstream.set_capabilities(R"({"tools":{"listChanged":true},"resources":{"subscribe":true}})");
  upstream.on("resources/list", result(R"({"resources":[{"uri":"a:b","name":"x"}]})"));
  upstream.on("subscriptions/listen", silence());
  const auto gateway = start({}, Background::Time::manual);
  auto one = modern(*gateway);
  EXPECT_EQ(told(one.tool("echo")), "done");
  Session legacy(client, gateway->mcp("one"));
  auto subscribe = legacy.start("resources/subscribe", R"({"uri":"a:b"})");
  const auto id = legacy.last_id();
  EXPECT_EQ(told(legacy.tool("echo")), "done");
  const auto late = std::chrono::steady_clock::now() + patience;
  while (subscribe.events().empty() && std::chrono::steady_clock::now() < late)
    gateway->advance(std::chrono::milliseconds(100));
  EXPECT_EQ(code(subscribe.response(id)), -32602);
  EXPECT_EQ(told(legacy.tool("echo")), "done");
}

TEST_P(ModernPair, a_server_that_changes_its_era_keeps_its_clients) {
  const auto gateway = start();
  auto one = modern(*gateway);
  Session legacy(client, gateway->mcp("one"));
  const auto both_work = [&](std::string_view now) {
    EXPECT_EQ(told(one.tool("echo")), "done") << now;
    EXPECT_EQ(told(legacy.tool("echo")), "done") << now;
  };
  both_work("modern");
  for (int i = 0; i < 3; ++i) {
    upstream
        .on("tools/call",
            [](ScriptedServer& server, io::HttpExchange& to, Seen seen) -> awaitable<void> {
              // As the SDKs of the legacy era refuse who has no session.
              co_await (seen.session.empty()
                        ? rpc_error(-32000, "Bad Request: Server not initialized", 400)
                        : result(R"({"content":[{"type":"text","text":"done"}]})"))(
              server, to, seen
          );
            });
    upstream.speak_modern(false);
    both_work("legacy");
    EXPECT_EQ(text(gateway->status("one"), "/protocol_version"), "2025-11-25");
    upstream.on(
        "tools/call",
        [](ScriptedServer& server, io::HttpExchange& to, Seen seen) -> awaitable<void> {
          co_await (seen.header("mcp-method").empty() ? rpc_error(-32602, "Missing _meta", 400) : result(R"({"content":[{"type":"text","text":"done"}]})"))(
              server, to, seen
          );
        }
    );
    upstream.speak_modern();
    both_work("modern again");
    EXPECT_EQ(text(gateway->status("one"), "/protocol_version"), "2026-07-28");
  }
}

}  // namespace
}  // namespace mooring::integration
