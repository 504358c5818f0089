// Calls to a server of the modern era: what goes with them, and what follows from a failure.
#include "modern_side.hpp"
#include "steps.hpp"

namespace mooring::upstream {
namespace {

using Era = ModernSide::Era;

constexpr std::string_view marked =
    R"({"name":"echo","inputSchema":{"type":"object","properties":{"r":{"type":"string","x-mcp-header":"Region"}}}})";

class ModernCall : public testing::Test {
 protected:
  static std::string tools(std::string_view all) { return fmt::format(R"({{"tools":[{}]}})", all); }
  static std::shared_ptr<World::Call> call_as(
      World& world, std::string_view capabilities, std::string_view level,
      std::string params = R"({"name":"echo","arguments":{}})"
  ) {
    auto made =
        std::make_shared<World::Call>(protocol::make_request("\"c-1\"", "tools/call", params));
    CallRequest request;
    request.frame = &made->frame;
    request.sink = &made->sink;
    request.abort = &made->abort;
    request.client_capabilities = capabilities;
    request.log_level = level;
    world.launch(made, std::move(request));
    return made;
  }
  static std::string meta(const World& world, std::string_view key) {
    const auto all = protocol::member(world.server->last("tools/call").params, "_meta");
    return std::string(protocol::member(all.value_or("{}"), key).value_or("absent"));
  }
  static int code(const World::Call& call) {
    const auto found = protocol::member(call.result.response->error(), "code");
    return found ? std::stoi(std::string(*found)) : 0;
  }
};

TEST_F(ModernCall, says_who_asks_and_keeps_the_rest) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  const auto call = call_as(
      world, R"({"sampling":{},"x":1.0})", "warning",
      R"({"name":"echo","arguments":{"a":1e2},"_meta":{"vendor/key":[1.0],"traceparent":"00-1"},"more":true})"
  );
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(meta(world, protocol::meta_client_capabilities), R"({"sampling":{},"x":1.0})");
  EXPECT_EQ(meta(world, protocol::meta_log_level), R"("warning")");
  EXPECT_EQ(meta(world, "vendor/key"), "[1.0]");
  EXPECT_EQ(meta(world, "traceparent"), R"("00-1")");
  const auto& params = world.server->last("tools/call").params;
  EXPECT_EQ(protocol::member(params, "arguments"), R"({"a":1e2})");
  EXPECT_EQ(protocol::member(params, "more"), "true");
  EXPECT_TRUE(call->result.modern);
}

TEST_F(ModernCall, no_level_is_sent_where_none_is_wanted) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  call_as(world, "{}", "");
  EXPECT_EQ(meta(world, protocol::meta_log_level), "absent");
  EXPECT_EQ(meta(world, protocol::meta_client_capabilities), "{}");
}

TEST_F(ModernCall, what_is_turned_off_is_no_capability) {
  auto config = modern_http();
  config.sampling_enabled = config.elicitation_enabled = false;
  World world(config);
  ModernSide modern(world);
  world.connect();
  call_as(world, R"({"sampling":{},"elicitation":{"url":{}},"roots":{}})", "");
  EXPECT_EQ(meta(world, protocol::meta_client_capabilities), R"({"roots":{}})");
}

/// What a legacy client calls tasks is another wire (protocol.md §6.8).
TEST_F(ModernCall, tasks_of_the_legacy_era_are_no_capability) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  constexpr std::string_view extensions =
      R"("extensions":{"io.modelcontextprotocol/tasks":{},"vendor/x":{}})";
  call_as(world, fmt::format(R"({{"tasks":{{"list":{{}}}},{}}})", extensions), "");
  EXPECT_EQ(meta(world, protocol::meta_client_capabilities), fmt::format("{{{}}}", extensions));
}

TEST_F(ModernCall, the_name_is_the_servers_own_in_body_and_header) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  auto made = std::make_shared<World::Call>(
      protocol::make_request("1", "tools/call", R"({"name":"one__echo","arguments":{}})")
  );
  CallRequest request;
  request.frame = &made->frame;
  request.sink = &made->sink;
  request.name = "größe";
  world.launch(made, std::move(request));
  ASSERT_TRUE(made->answered());
  EXPECT_EQ(protocol::string_member(world.server->last("tools/call").params, "name"), "größe");
  EXPECT_EQ(world.server->last("tools/call").headers.at("Mcp-Name"), "=?base64?Z3LDtsOfZQ==?=");
}

TEST_F(ModernCall, progress_comes_back_under_the_callers_token) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->then("tools/call", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_await ask.sink.message(*Frame::parse(protocol::make_notification(
        "notifications/progress",
        fmt::format(R"({{"progressToken":{},"progress":1}})", ask.request.progress_token)
    )));
    co_return outcome(protocol::make_result(ask.request.id, "{}"));
  });
  const auto call =
      call_as(world, "{}", "", R"({"name":"echo","_meta":{"progressToken":"mine","k":1}})");
  ASSERT_TRUE(call->answered());
  ASSERT_EQ(call->sink.messages.size(), 1u);
  EXPECT_NE(call->sink.messages[0].find(R"("progressToken":"mine")"), std::string::npos);
  EXPECT_EQ(meta(world, "progressToken"), world.server->last("tools/call").id);
}

TEST_F(ModernCall, what_went_with_the_legacy_era_is_answered_here) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world);
    world.connect();
    const auto seen = world.server->seen.size();
    for (const auto* method : {"ping", "logging/setLevel"}) {
      const auto call = world.send(protocol::make_request("1", method, R"({"level":"info"})"));
      ASSERT_TRUE(call->answered()) << method;
      EXPECT_EQ(call->result.response->result(), "{}");
    }
    EXPECT_EQ(world.server->seen.size(), seen);
    world.run([](Link& link) -> awaitable<void> {
      co_await link.notify(protocol::make_notification("notifications/roots/list_changed"));
    }(*world.links[0]));
    EXPECT_EQ(world.server->seen.size(), seen);
  }
}

TEST_F(ModernCall, EXP_30_a_404_with_an_error_is_an_answer) {
  for (const std::string message :
       {"Method not found", "Method not found: session/expired", "Session not found",
        "Unknown session", "no handler; session expired"}) {
    for (const int status : {404, 400}) {
      World world(modern_http());
      ModernSide modern(world);
      world.connect();
      const auto before = world.server->seen.size();
      world.server->then("tools/call", modern.says(status, -32601, message));
      const auto call = world.call();
      ASSERT_TRUE(call->answered()) << message;
      EXPECT_EQ(code(*call), -32601) << message;
      EXPECT_EQ(world.server->seen.size(), before + 1) << message;
      EXPECT_EQ(world.snapshot().session->generation, 1u);
      EXPECT_EQ(world.state(), State::ready);
      EXPECT_TRUE(world.observer.episodes.empty());
    }
  }
}

TEST_F(ModernCall, EXP_30_any_error_is_an_answer_whatever_it_says) {
  for (const int error : {-32602, -32603, -32000, -32001, -32021, 7}) {
    for (const int status : {200, 400}) {
      World world(modern_http());
      ModernSide modern(world);
      world.connect();
      const auto before = world.server->seen.size();
      world.server->then(
          "tools/call", status == 200 ? says(error, "session not found or expired")
                                      : modern.says(status, error, "session not found or expired")
      );
      const auto call = world.call();
      ASSERT_TRUE(call->answered()) << status << ' ' << error;
      EXPECT_EQ(code(*call), error) << status;
      EXPECT_EQ(world.server->seen.size(), before + 1) << status << ' ' << error;
      EXPECT_EQ(world.snapshot().session->generation, 1u);
    }
  }
}

TEST_F(ModernCall, EXP_30_lists_that_are_refused_are_no_lost_session) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->always["tools/list"] = modern.says(404, -32601, "session not found");
  modern.tell(modern.last(), "notifications/tools/list_changed");
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_EQ((*world.snapshot().catalogue)[ListKind::tools].items.size(), 1u);
  world.server->always["tools/list"] = says(-32001, "session not found");
  modern.tell(modern.last(), "notifications/tools/list_changed");
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_EQ(world.server->count("server/discover"), 1u);
}

TEST_F(ModernCall, cancelling_ends_the_exchange_and_tells_a_process) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world);
    world.connect();
    world.server->hangs = {"tools/call"};
    const auto call = world.call();
    const auto id = world.server->last("tools/call").id;
    call->abort.abort();
    world.turn();
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->error().kind, "cancelled");
    if (config.url.empty()) {
      ASSERT_EQ(world.server->count("notifications/cancelled"), 1u);
      EXPECT_EQ(
          protocol::member(world.server->last("notifications/cancelled").params, "requestId"), id
      );
    } else {
      EXPECT_EQ(world.server->count("notifications/cancelled"), 0u);
      EXPECT_EQ(world.server->cut, 1);
    }
    EXPECT_EQ(world.server->running["tools/call"], 0);
  }
}

TEST_F(ModernCall, a_deadline_ends_the_exchange_without_a_notification) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call(R"({"name":"echo","arguments":{}})", 0, 5s);
  world.advance(5s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("notifications/cancelled"), 0u);
  EXPECT_EQ(world.server->running["tools/call"], 0);
  EXPECT_EQ(world.state(), State::ready);
}

TEST_F(ModernCall, a_write_that_broke_is_not_repeated_and_a_read_is) {
  struct Row {
    std::string_view hints;
    Failure failure;
    std::size_t sent;
  };
  for (const auto& row : std::to_array<Row>({
           {"{}", reset(), 1},
           {R"({"readOnlyHint":true})", reset(), 2},
           {R"({"idempotentHint":true})", reset(), 2},
           {"{}", connect_refused(), 2},
       })) {
    World world(modern_http());
    ModernSide modern(world);
    world.server->hints["echo"] = row.hints;
    world.connect();
    world.server->then("tools/call", row.failure);
    const auto call = world.call();
    world.advance(1s);
    ASSERT_TRUE(call->done);
    EXPECT_EQ(world.server->count("tools/call"), row.sent) << row.hints;
    EXPECT_EQ(call->answered(), row.sent == 2) << row.hints;
    if (row.sent == 1) {
      EXPECT_EQ(call->error().delivery, Delivery::unknown);
    }
    EXPECT_EQ(world.state(), State::ready);
    EXPECT_EQ(world.server->count("initialize"), 0u);
  }
}

TEST_F(ModernCall, a_process_that_dies_under_a_write_is_replaced_and_the_write_is_not_repeated) {
  World world(modern_stdio());
  ModernSide modern(world);
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call();
  world.channels->processes.back()->die();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  world.advance(5s);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ(world.server->count("initialize"), 0u);
}

TEST_F(ModernCall, marked_arguments_are_headers_over_http_only) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world);
    world.server->always["tools/list"] = answers(tools(marked));
    world.connect();
    ASSERT_TRUE(world.call(R"({"name":"echo","arguments":{"r":"eu"}})")->answered());
    const auto& headers = world.server->last("tools/call").headers;
    EXPECT_EQ(headers.contains("Mcp-Param-Region"), !config.url.empty());
    if (!config.url.empty()) {
      EXPECT_EQ(headers.at("Mcp-Param-Region"), "eu");
    }
  }
}

TEST_F(ModernCall, marks_of_a_tool_are_nothing_to_a_prompt_of_its_name) {
  World world(modern_http());
  ModernSide modern(world);
  world.server->always["tools/list"] = answers(tools(marked));
  world.connect();
  constexpr std::string_view params = R"({"name":"echo","arguments":{"r":"eu"}})";
  ASSERT_TRUE(world.send(protocol::make_request("1", "prompts/get", params))->answered());
  EXPECT_FALSE(world.server->last("prompts/get").headers.contains("Mcp-Param-Region"));
}

TEST_F(ModernCall, headers_that_are_refused_stay_so_where_nothing_is_repeated) {
  auto config = modern_http();
  config.replay = ReplayPolicy::never;
  World world(config);
  ModernSide modern(world);
  world.connect();
  world.server->always["tools/call"] = modern.says(400, -32020, "Mcp-Param-Region is missing");
  ASSERT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("tools/call"), 1u);
}

TEST_F(ModernCall, a_tool_marked_badly_is_left_out_over_http_and_kept_over_stdio) {
  constexpr std::string_view bad =
      R"({"name":"bad","inputSchema":{"type":"object","properties":{"r":{"type":"number","x-mcp-header":"R"}}}})";
  for (const auto& config : {modern_http(), modern_stdio(), World::http()}) {
    World world(config);
    ModernSide modern(world, config.protocol == ProtocolEra::legacy ? Era::legacy : Era::modern);
    world.server->always["tools/list"] = answers(tools(fmt::format("{},{}", bad, marked)));
    world.connect();
    const auto& listed = (*world.snapshot().catalogue)[ListKind::tools];
    const bool left_out = !config.url.empty() && config.protocol != ProtocolEra::legacy;
    EXPECT_EQ(listed.find("bad") == nullptr, left_out);
    EXPECT_NE(listed.find("echo"), nullptr);
    EXPECT_EQ(listed.single_page.find("\"bad\"") == std::string::npos, left_out);
  }
}

/// What the server wants in headers changed since it was listed.
TEST_F(ModernCall, headers_that_are_refused_are_made_anew_once) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->always["tools/list"] = answers(tools(marked));
  world.server->always["tools/call"] = [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    if (!world.server->last("tools/call").headers.contains("Mcp-Param-Region"))
      co_return modern.error(ask, 400, -32020, "Mcp-Param-Region is missing");
    co_return outcome(protocol::make_result(ask.request.id, "{}"));
  };
  const auto call = world.call(R"({"name":"echo","arguments":{"r":"eu"}})");
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::result);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  EXPECT_EQ(world.server->count("tools/list"), 2u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);

  // It finds another fault again: that is the answer.
  world.server->always["tools/call"] = modern.says(400, -32020, "never good");
  const auto hopeless = world.call(R"({"name":"echo","arguments":{"r":"eu"}})");
  ASSERT_TRUE(hopeless->answered());
  EXPECT_EQ(code(*hopeless), -32020);
  EXPECT_EQ(world.server->count("tools/call"), 4u);
}

TEST_F(ModernCall, a_list_that_hangs_holds_a_refused_call_for_two_seconds) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->hangs = {"tools/list"};
  world.server->then("tools/call", modern.says(400, -32020));
  const auto call = world.call();
  EXPECT_FALSE(call->done);
  world.advance(2s);
  EXPECT_TRUE(call->answered());
  EXPECT_EQ(world.server->count("tools/call"), 2u);
}

TEST_F(ModernCall, workers_that_are_not_at_home_see_the_new_marks_too) {
  World world(modern_http(), 2);
  ModernSide modern(world);
  world.connect();
  world.server->always["tools/list"] = answers(tools(marked));
  world.server->then("tools/call", modern.says(400, -32020));
  ASSERT_TRUE(world.call(R"({"name":"echo","arguments":{"r":"eu"}})", 1)->answered());
  EXPECT_EQ(world.server->last("tools/call").headers.at("Mcp-Param-Region"), "eu");
}

}  // namespace
}  // namespace mooring::upstream
