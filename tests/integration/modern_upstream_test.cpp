// Servers of the modern era (2026-07-28) behind the whole gateway, for clients of the legacy era.
#include "modern_upstream.hpp"

namespace mooring::integration {
namespace {

class LegacyClient : public ModernUpstream {};
INSTANTIATE_TEST_SUITE_P(
    Workers, LegacyClient, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(LegacyClient, sees_nothing_of_the_era_of_its_server) {
  const auto gateway = start();
  auto one = session(*gateway);
  EXPECT_EQ(text(one.opened(), "/result/protocolVersion"), "2025-11-25");
  const auto list = one.call("tools/list");
  EXPECT_EQ(names(list), std::vector<std::string>{"echo"});
  const auto called = one.tool("echo");
  EXPECT_EQ(text(called, "/result/content/0/text"), "done");
  for (const auto* response : {&list, &called}) {
    for (const auto* member : {"resultType", "ttlMs", "cacheScope"})
      EXPECT_TRUE(at(*response, fmt::format("/result/{}", member)).is_null()) << *response;
  }
  EXPECT_EQ(upstream.count("initialize"), 0U);
  EXPECT_EQ(upstream.count("GET"), 0U);
  const auto seen = upstream.all("tools/call").at(0);
  EXPECT_EQ(seen.header("mcp-protocol-version"), "2026-07-28");
  EXPECT_EQ(seen.header("mcp-name"), "echo");
  EXPECT_EQ(seen.session, "");
}

TEST_P(LegacyClient, is_asked_by_form_what_the_server_asks_in_a_result) {
  upstream.on("tools/call", asks_first(std::string(asks_form)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"elicitation":{}})");
  for (std::size_t i = 0; i < 4; ++i) {
    auto call = one.start_tool("echo", R"({"a":1e2})");
    const auto id = one.last_id();
    const auto question = asked(call, "elicitation/create");
    EXPECT_EQ(text(question, "/params/message"), "who?");
    EXPECT_TRUE(at(question, "/params/elicitationId").is_null()) << question;
    EXPECT_EQ(
        answer(one, question, R"("result":{"action":"accept","content":{"n":"me"},"x":1.0})"), 202
    );
    const auto done = call.response(id);
    EXPECT_EQ(told(done), R"({"who are you?":{"action":"accept","content":{"n":"me"},"x":1.0}})");
    EXPECT_TRUE(at(done, "/result/resultType").is_null());
    EXPECT_TRUE(at(done, "/result/requestState").is_null());
    EXPECT_EQ(call.count("elicitation/create"), 1U);
    const auto first = raw_params(2 * i), second = raw_params(2 * i + 1);
    EXPECT_FALSE(protocol::member(first, "requestState"));
    EXPECT_EQ(protocol::member(second, "requestState"), R"("st\u00e4te")") << "as it came";
    EXPECT_EQ(protocol::member(second, "arguments"), R"({"a":1e2})");
    EXPECT_EQ(
        protocol::member(
            protocol::member(first, "_meta").value_or("{}"), protocol::meta_client_capabilities
        ),
        R"({"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}})"
    );
  }
  const auto calls = upstream.all("tools/call");
  EXPECT_NE(calls[0].id, calls[1].id);
}

TEST_P(LegacyClient, is_sent_to_an_address_under_a_name_made_here) {
  upstream.on("tools/call", asks_first(std::string(asks_visit)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"elicitation":{"url":{}}})");
  std::string before;
  for (int i = 0; i < 2; ++i) {
    auto call = one.start_tool("echo");
    const auto id = one.last_id();
    const auto question = asked(call, "elicitation/create");
    EXPECT_EQ(text(question, "/params/url"), "https://example.com/x");
    const auto name = text(question, "/params/elicitationId");
    EXPECT_GE(name.size(), 16U);
    EXPECT_NE(name, std::exchange(before, name));
    answer(one, question, R"("result":{"action":"accept"})");
    EXPECT_EQ(told(call.response(id)), R"({"v":{"action":"accept"}})");
  }
}

TEST_P(LegacyClient, is_asked_for_a_message_and_for_its_roots) {
  const auto gateway = start();
  auto one = session(*gateway, R"({"sampling":{},"roots":{}})");
  upstream.on("tools/call", asks_first(std::string(asks_sampling)));
  auto call = one.start_tool("echo");
  auto question = asked(call, "sampling/createMessage");
  EXPECT_EQ(at(question, "/params/maxTokens"), 4096);
  EXPECT_EQ(json::serialize(at(question, "/params/vendor")), "[1E0]");
  answer(one, question, R"("result":{"role":"assistant","content":{"type":"text","text":"hi"}})");
  EXPECT_EQ(
      told(call.response(one.last_id())),
      R"({"s":{"role":"assistant","content":{"type":"text","text":"hi"}}})"
  );
  upstream.on("tools/call", asks_first(std::string(asks_roots)));
  auto other = one.start_tool("echo");
  answer(one, asked(other, "roots/list"), R"("result":{"roots":[{"uri":"file:///x"}]})");
  EXPECT_EQ(told(other.response(one.last_id())), R"({"r":{"roots":[{"uri":"file:///x"}]}})");
}

TEST_P(LegacyClient, is_asked_during_prompts_and_reads_too) {
  upstream.set_capabilities(R"({"prompts":{},"resources":{}})");
  upstream.on("prompts/list", result(R"({"prompts":[{"name":"p"}]})"));
  upstream.on("resources/list", result(R"({"resources":[{"uri":"a:b","name":"x"}]})"));
  const auto gateway = start();
  auto one = session(*gateway, R"({"roots":{}})");
  for (const auto& [method, params] :
       {std::pair{"prompts/get", R"({"name":"p"})"}, std::pair{"resources/read", R"({"uri":"a:b"})"}
       }) {
    upstream.on(method, asks_first(std::string(asks_roots)));
    auto call = one.start(method, params);
    answer(one, asked(call, "roots/list"), R"("result":{"roots":[]})");
    EXPECT_EQ(told(call.response(one.last_id())), R"({"r":{"roots":[]}})") << method;
  }
}

TEST_P(LegacyClient, that_cannot_be_asked_declines) {
  const auto gateway = start();
  auto one = session(*gateway);
  upstream.on("tools/call", asks_first(std::string(asks_form)));
  EXPECT_EQ(told(one.tool("echo")), R"({"who are you?":{"action":"decline"}})");
  upstream.on("tools/call", asks_first(std::string(asks_visit)));
  auto by_form = session(*gateway, R"({"elicitation":{"form":{}}})");
  EXPECT_EQ(told(by_form.tool("echo")), R"({"v":{"action":"decline"}})");
  upstream.on("tools/call", asks_first(std::string(asks_roots)));
  EXPECT_EQ(told(one.tool("echo")), R"({"r":{"roots":[]}})");
  upstream.on("tools/call", asks_first(std::string(asks_sampling)));
  const auto refused = one.tool("echo");
  EXPECT_NE(code(refused), 0) << refused;
  EXPECT_NE(text(refused, "/error/message").find("sampling"), std::string::npos) << refused;
}

TEST_P(LegacyClient, that_answers_with_an_error_ends_the_call_with_it) {
  upstream.on("tools/call", asks_first(std::string(asks_sampling)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"sampling":{}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  answer(
      one, asked(call, "sampling/createMessage"),
      R"("error":{"code":-1,"message":"User rejected","data":[1]})"
  );
  const auto done = call.response(id);
  EXPECT_EQ(code(done), -1) << done;
  EXPECT_EQ(text(done, "/error/message"), "User rejected");
  EXPECT_EQ(json::serialize(at(done, "/id")), id);
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_P(LegacyClient, that_leaves_while_it_is_asked_leaves_nothing_behind) {
  upstream.on("tools/call", asks_first(std::string(asks_form)));
  const auto gateway = start();
  for (int i = 0; i < 5; ++i) {
    auto one = session(*gateway, R"({"elicitation":{}})");
    auto call = one.start_tool("echo");
    ASSERT_TRUE(asked(call, "elicitation/create").is_object());
    EXPECT_EQ(
        one.send(protocol::make_notification(
            "notifications/cancelled", fmt::format(R"({{"requestId":{}}})", one.last_id())
        )),
        202
    );
    EXPECT_TRUE(call.wait_end());
  }
  EXPECT_EQ(upstream.count("tools/call"), 5U);
  EXPECT_EQ(at(gateway->status("one"), "/in_flight"), 0);
  gateway->stop();  // and does not hang
}

TEST_P(LegacyClient, that_cancels_a_call_ends_the_exchange_with_the_server) {
  Inbox<int> gone;
  upstream.on(
      "tools/call",
      [&gone](ScriptedServer& server, io::HttpExchange& to, Seen) -> awaitable<void> {
        to.on_peer_gone([&] {
          gone.add(1);
          server.released().notify();
        });
        while (!to.peer_gone() && !server.released().is_set()) co_await server.released().wait();
        to.close();
      }
  );
  const auto gateway = start();
  auto one = session(*gateway);
  auto call = one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  one.send(protocol::make_notification(
      "notifications/cancelled", fmt::format(R"({{"requestId":{}}})", one.last_id())
  ));
  EXPECT_TRUE(gone.wait([](int) { return true; }));
  EXPECT_EQ(upstream.count("notifications/cancelled"), 0U);
  gateway->wait_status("one", [](const json::value& s) { return at(s, "/in_flight") == 0; });
}

TEST_P(LegacyClient, is_not_asked_for_ever) {
  upstream.on("tools/call", result(std::string(asks_roots)));
  const auto gateway = start();
  auto one = session(*gateway);
  const auto done = one.tool("echo");
  EXPECT_EQ(code(done), -32603) << done;
  EXPECT_EQ(upstream.count("tools/call"), 9U);
}

TEST_P(LegacyClient, waits_for_a_server_that_only_wants_to_be_called_again) {
  upstream.on("tools/call", [](ScriptedServer& server, io::HttpExchange& to, Seen seen) -> awaitable<void> {
    const auto rounds = server.count("tools/call");
    co_await result(rounds > 2 ? R"({"resultType":"complete","content":[{"type":"text","text":"at last"}]})" : fmt::format(R"({{"resultType":"input_required","requestState":"{}"}})", rounds))(
        server, to, std::move(seen)
    );
  });
  const auto gateway = start();
  auto one = session(*gateway);
  EXPECT_EQ(told(one.tool("echo")), "at last");
  ASSERT_EQ(upstream.count("tools/call"), 3U);
  EXPECT_EQ(protocol::member(raw_params(2), "requestState"), R"("2")");
  EXPECT_FALSE(protocol::member(raw_params(2), "inputResponses"));
}

TEST_P(LegacyClient, several_questions_of_one_round_are_all_asked) {
  upstream.on(
      "tools/call",
      asks_first(
          R"({"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"},"b\"":{"method":"elicitation/create","params":{"message":"b?","requestedSchema":{}}}}})"
      )
  );
  const auto gateway = start();
  auto one = session(*gateway, R"({"roots":{},"elicitation":{}})");
  auto call = one.start_tool("echo");
  answer(one, asked(call, "roots/list"), R"("result":{"roots":[]})");
  answer(one, asked(call, "elicitation/create"), R"("result":{"action":"cancel"})");
  EXPECT_EQ(told(call.response(one.last_id())), R"({"a":{"roots":[]},"b\"":{"action":"cancel"}})");
}

TEST_P(LegacyClient, questions_that_make_no_sense_end_the_call) {
  const auto gateway = start();
  auto one = session(*gateway, R"({"roots":{},"elicitation":{},"sampling":{}})");
  for (const std::string requests :
       {R"({"a":{"method":"tools/call","params":{}}})", R"({"a":7})", R"({"a":{}})",
        R"({"a":{"method":"ping"}})", R"({"a":null})"}) {
    upstream.on(
        "tools/call",
        result(fmt::format(R"({{"resultType":"input_required","inputRequests":{}}})", requests))
    );
    EXPECT_EQ(code(one.tool("echo")), -32603) << requests;
  }
}

TEST_P(LegacyClient, its_log_level_travels_with_each_call) {
  upstream.set_capabilities(R"({"tools":{},"logging":{}})");
  const auto gateway = start();
  auto one = session(*gateway);
  auto two = session(*gateway);
  const auto level = [&](Session& of) {
    of.tool("echo");
    const auto params = raw_params(upstream.count("tools/call") - 1);
    return protocol::string_member(
        protocol::member(params, "_meta").value_or("{}"), protocol::meta_log_level
    );
  };
  EXPECT_EQ(level(one), "info");
  EXPECT_TRUE(at(one.call("logging/setLevel", R"({"level":"error"})"), "/result").is_object());
  EXPECT_EQ(level(one), "error");
  EXPECT_EQ(level(two), "info");
  EXPECT_EQ(upstream.count("logging/setLevel"), 0U);
}

TEST_P(LegacyClient, subscribes_through_the_one_listen) {
  upstream.set_capabilities(R"({"resources":{"subscribe":true}})");
  upstream.on("resources/list", result(R"({"resources":[{"uri":"a:b","name":"x"}]})"));
  const auto gateway = start();
  auto one = session(*gateway);
  auto stream = one.listen();
  ASSERT_EQ(stream.status(), 200);
  const auto subscribed = one.call("resources/subscribe", R"({"uri":"a:b"})");
  EXPECT_TRUE(at(subscribed, "/result").is_object()) << subscribed;
  ASSERT_TRUE(upstream.wait_listener());
  EXPECT_EQ(upstream.count("resources/subscribe"), 0U);
  upstream.push(protocol::make_notification("notifications/resources/updated", R"({"uri":"a:b"})"));
  const auto updated = asked(stream, "notifications/resources/updated");
  EXPECT_EQ(json::serialize(at(updated, "/params")), R"({"uri":"a:b"})") << updated;
  EXPECT_TRUE(at(one.call("resources/unsubscribe", R"({"uri":"a:b"})"), "/result").is_object());
  // Wanted once more: it is asked for anew.
  EXPECT_TRUE(at(one.call("resources/subscribe", R"({"uri":"a:b"})"), "/result").is_object());
  EXPECT_TRUE(upstream.wait_for("subscriptions/listen", 2));
  EXPECT_EQ(upstream.count("subscriptions/listen"), 2U);
}

TEST_P(LegacyClient, hears_of_changed_lists) {
  const auto gateway = start();
  ASSERT_TRUE(upstream.wait_listener());
  auto one = session(*gateway);
  auto stream = one.listen();
  ASSERT_EQ(stream.status(), 200);
  upstream.set_tools(R"([{"name":"new","inputSchema":{"type":"object"}}])");
  upstream.push(protocol::make_notification("notifications/tools/list_changed"));
  EXPECT_TRUE(asked(stream, "notifications/tools/list_changed").is_object());
  EXPECT_EQ(names(one.call("tools/list")), std::vector<std::string>{"new"});
}

/// Its kind knows objects alone there, and some of it reads no list with another schema in it.
TEST_P(LegacyClient, gets_no_structured_content_that_is_no_object) {
  upstream.set_tools(
      R"([{"name":"echo","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}},{"name":"fine","inputSchema":{"type":"object"},"outputSchema":{"type":"object"}}])"
  );
  upstream.on(
      "tools/call",
      result(
          R"({"resultType":"complete","content":[{"type":"text","text":"[1]"}],"structuredContent":[1]})"
      )
  );
  const auto gateway = start();
  for (const bool aggregate : {false, true}) {
    const std::string prefix = aggregate ? "one__" : "";
    Session one(client, aggregate ? gateway->mcp() : gateway->mcp("one"));
    const auto called = one.tool(prefix + "echo");
    EXPECT_EQ(told(called), "[1]");
    EXPECT_TRUE(at(called, "/result/structuredContent").is_null()) << called;
    const auto list = one.call("tools/list");
    EXPECT_EQ(names(list), (std::vector{prefix + "echo", prefix + "fine"}));
    EXPECT_TRUE(at(list, "/result/tools/0/outputSchema").is_null()) << list;
    EXPECT_TRUE(at(list, "/result/tools/1/outputSchema").is_object()) << list;
    Modern modern(client, aggregate ? gateway->mcp() : gateway->mcp("one"));
    EXPECT_EQ(
        json::serialize(at(modern.tool(prefix + "echo"), "/result/structuredContent")), "[1]"
    );
    EXPECT_TRUE(at(modern.call("tools/list"), "/result/tools/0/outputSchema").is_object());
  }
}

TEST_P(LegacyClient, is_not_said_to_be_there_for_questions_while_a_tool_stands_for_a_resource) {
  upstream.set_capabilities(R"({"tools":{},"resources":{}})");
  upstream.on("resources/read", result(R"({"contents":[{"uri":"a:b","text":"x"}]})"));
  const auto gateway = start(R"(,"resources_as_tools":true)");
  auto one = session(*gateway, R"({"elicitation":{},"sampling":{},"roots":{}})");
  EXPECT_TRUE(at(one.tool("read_resource", R"({"uri":"a:b"})"), "/result").is_object());
  const auto seen = upstream.all("resources/read").at(0).message();
  EXPECT_EQ(
      json::serialize(at(seen, "/params/_meta/io.modelcontextprotocol~1clientCapabilities")), "{}"
  );
}

TEST_P(LegacyClient, gets_the_errors_of_its_era) {
  upstream.set_capabilities(R"({"tools":{},"resources":{}})");
  upstream.on("resources/list", result(R"({"resources":[{"uri":"a:b","name":"x"}]})"));
  const auto gateway = start();
  auto one = session(*gateway);
  for (const auto& [theirs, status, ours] :
       {std::tuple{-32020, 400, -32603}, std::tuple{-32021, 400, -32603},
        std::tuple{-32022, 400, -32603}, std::tuple{-32602, 200, -32602},
        std::tuple{-32601, 404, -32601}, std::tuple{42, 200, 42}}) {
    upstream.on("tools/call", rpc_error(theirs, "theirs", status));
    EXPECT_EQ(code(one.tool("echo")), ours) << theirs;
  }
  upstream.on(
      "resources/read",
      http(
          200, "application/json",
          R"({"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no","data":{"uri":"a:b"}}})"
      )
  );
  EXPECT_EQ(code(one.call("resources/read", R"({"uri":"a:b"})")), -32002);
}

TEST_P(LegacyClient, a_call_that_was_asked_something_is_never_told_not_to_have_run) {
  upstream.on("tools/call", result(std::string(asks_roots)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"roots":{}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  const auto question = asked(call, "roots/list");
  upstream.on("tools/call", http(429, "text/plain", "slow down"));
  answer(one, question, R"("result":{"roots":[]})");
  const auto failed = call.response(id);
  EXPECT_EQ(text(failed, "/error/data/mooring/outcome"), "unknown") << failed;
  EXPECT_EQ(at(failed, "/error/data/mooring/retryable"), false) << failed;
}

}  // namespace
}  // namespace mooring::integration
