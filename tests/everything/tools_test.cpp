#include "core/file.hpp"
#include "everything/harness.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::everything {
namespace {

using namespace std::chrono_literals;
using EverythingTools = EverythingTest;

TEST_F(EverythingTools, contract_tools_return_what_the_suite_expects) {
  start();
  auto session = connect();
  EXPECT_EQ(
      text(*call(session, "test_simple_text")), "This is a simple text response for testing."
  );
  auto content = [&](std::string_view tool, std::size_t at) {
    return call(session, tool)->json().at("result").at("content").at(at);
  };
  EXPECT_EQ(content("test_image_content", 0).at("mimeType").as_string(), "image/png");
  EXPECT_EQ(content("test_audio_content", 0).at("mimeType").as_string(), "audio/wav");
  EXPECT_EQ(
      content("test_embedded_resource", 0).at("resource").at("uri").as_string(),
      "test://embedded-resource"
  );
  EXPECT_EQ(
      content("test_multiple_content_types", 2).at("resource").at("text").as_string(),
      R"({"test":"data","value":123})"
  );
  EXPECT_TRUE(call(session, "test_error_handling")->json().at("result").at("isError").as_bool());
}

TEST_F(EverythingTools, logging_comes_in_time_and_obeys_the_level) {
  start();
  auto session = connect();
  auto logging = call(session, "test_tool_with_logging");
  EXPECT_EQ(logging->sent.size(), 1U);
  advance(50ms);
  EXPECT_EQ(logging->sent.size(), 2U);
  finish(*logging);
  ASSERT_EQ(logging->sent.size(), 3U);
  EXPECT_EQ(logging->sent_json(2).at("params").at("data").as_string(), "Tool execution completed");
  request(session, "logging/setLevel", R"({"level":"warning"})");
  auto quiet = call(session, "test_tool_with_logging");
  finish(*quiet);
  EXPECT_TRUE(quiet->sent.empty());
}

TEST_F(EverythingTools, progress_carries_the_token_as_it_came) {
  start();
  auto session = connect();
  auto running = request(
      session, "tools/call", R"({"name":"test_tool_with_progress","_meta":{"progressToken":42}})"
  );
  finish(*running);
  ASSERT_EQ(running->sent.size(), 3U);
  EXPECT_EQ(running->sent_json(1).at("params").at("progressToken").as_int64(), 42);
  EXPECT_EQ(running->sent_json(1).at("params").at("progress").as_int64(), 50);
  auto silent = request(session, "tools/call", R"({"name":"test_tool_with_progress"})");
  finish(*silent);
  EXPECT_TRUE(silent->sent.empty());
}

TEST_F(EverythingTools, reconnection_cuts_the_stream_and_answers_later) {
  start();
  auto session = connect();
  auto running = call(session, "test_reconnection");
  EXPECT_TRUE(running->disconnected);
  EXPECT_EQ(running->finished, 0);
  advance(100ms);
  EXPECT_EQ(running->finished, 1);
}

TEST_F(EverythingTools, sampling_asks_the_client_and_uses_its_answer) {
  start();
  auto session = connect();
  auto running = call(session, "test_sampling", R"({"prompt":"say \"hi\""})");
  ASSERT_EQ(running->sent.size(), 1U);
  auto asked = running->sent_json(0);
  EXPECT_EQ(asked.at("method").as_string(), "sampling/createMessage");
  EXPECT_EQ(
      asked.at("params").at("messages").at(0).at("content").at("text").as_string(), "say \"hi\""
  );
  EXPECT_EQ(running->finished, 0);
  reply(
      session, *running, R"({"role":"assistant","content":{"type":"text","text":"hi"},"model":"m"})"
  );
  ASSERT_EQ(running->finished, 1);
  EXPECT_EQ(text(*running), "LLM response: hi");
}

TEST_F(EverythingTools, sampling_twice_asks_twice) {
  start();
  auto session = connect();
  auto running = call(session, "sampling_twice", R"({"prompt":"a"})");
  reply(
      session, *running,
      R"({"role":"assistant","content":{"type":"text","text":"one"},"model":"m"})"
  );
  ASSERT_EQ(running->sent.size(), 2U);
  EXPECT_NE(running->sent_json(0).at("id"), running->sent_json(1).at("id"));
  reply(
      session, *running,
      R"({"role":"assistant","content":[{"type":"text","text":"two"}],"model":"m"})"
  );
  EXPECT_EQ(text(*running), "First: one\nSecond: two");
}

TEST_F(EverythingTools, elicitation_reports_action_and_content) {
  start();
  auto session = connect();
  auto running = call(session, "test_elicitation_sep1034_defaults");
  auto properties = running->sent_json(0).at("params").at("requestedSchema").at("properties");
  EXPECT_EQ(properties.at("score").at("default").as_double(), 95.5);
  reply(session, *running, R"({"action":"accept","content":{"name":"Jane"}})");
  EXPECT_EQ(text(*running), R"(Elicitation completed: action=accept, content={"name":"Jane"})");
  auto declined = call(session, "test_elicitation", R"({"message":"m"})");
  reply(session, *declined, R"({"action":"decline"})");
  EXPECT_EQ(text(*declined), "User response: action: decline, content: {}");
}

TEST_F(EverythingTools, a_client_without_the_capability_is_not_asked) {
  start();
  auto session = connect("{}");
  for (auto tool : {"sampling_twice", "test_elicitation_sep1330_enums", "list_roots"}) {
    auto running = call(session, tool);
    EXPECT_TRUE(running->sent.empty());
    EXPECT_TRUE(running->json().at("result").at("isError").as_bool());
  }
}

TEST_F(EverythingTools, roots_are_listed_and_a_refusal_is_told) {
  start();
  auto session = connect(R"({"roots":{}})");
  auto running = call(session, "list_roots");
  reply(session, *running, R"({"roots":[{"uri":"file:///a"},{"uri":"file:///b"}]})");
  EXPECT_EQ(text(*running), "file:///a\nfile:///b");
  auto refused = call(session, "list_roots");
  auto id = boost::json::serialize(refused->sent_json(0).at("id"));
  service->notice(
      session,
      frame(fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":-1,"message":"no"}}}})", id))
  );
  settle();
  EXPECT_EQ(text(*refused), "The client refused: no");
}

TEST_F(EverythingTools, a_question_ends_with_its_session_or_in_time) {
  start();
  auto session = connect();
  auto late = call(session, "test_sampling", R"({"prompt":"a"})");
  advance(6min);
  EXPECT_EQ(text(*late), "The client did not answer in time");
  auto lost = call(session, "test_sampling", R"({"prompt":"a"})");
  world->sessions.forget_all();
  settle();
  EXPECT_EQ(text(*lost), "The session ended before the client answered");
}

TEST_F(EverythingTools, questions_go_to_the_listener_when_answers_are_json_only) {
  start({.json_response = true});
  auto session = connect();
  EXPECT_NE(text(*call(session, "sampling_twice")).find("does not listen"), std::string::npos);
  std::vector<std::string> heard;
  service->listen(session, [&](std::string message) { heard.push_back(std::move(message)); });
  auto running = call(session, "sampling_twice");
  EXPECT_TRUE(running->sent.empty());
  EXPECT_EQ(heard.size(), 1U);
}

TEST_F(EverythingTools, counters_count_across_sessions) {
  start();
  auto first = connect();
  EXPECT_EQ(text(*call(first, "count", R"({"key":"k"})")), "1");
  EXPECT_EQ(text(*call(first, "count_idempotent", R"({"key":"k"})")), "2");
  auto second = connect();
  auto of = call(second, "count_of", R"({"key":"k"})")->json().at("result");
  EXPECT_EQ(of.at("structuredContent").at("count").as_int64(), 2);
  EXPECT_EQ(text(*call(second, "count_of", R"({"key":"other"})")), "0");
  auto slowly = call(second, "count", R"({"key":"k","seconds":1})");
  EXPECT_EQ(text(*call(second, "count_of", R"({"key":"k"})")), "3");
  finish(*slowly);
  EXPECT_EQ(text(*slowly), "3");
}

TEST_F(EverythingTools, the_ledger_has_a_line_for_each_execution_before_it_is_answered) {
  start();
  test::TemporaryDirectory directory;
  const auto path = directory.path() / "ledger";
  ASSERT_TRUE(world->ledger.open(path));
  auto session = connect();
  call(session, "count", R"({"key":"a b"})");
  call(session, "count_read_only", R"({"key":"\"","seconds":1})");
  call(session, "count_of", R"({"key":"c"})");
  EXPECT_EQ(core::read_file(path, 1000).value_or(""), "count \"a b\"\ncount_read_only \"\\\"\"\n");
  EXPECT_FALSE(Ledger().open(path / "x"));
}

TEST_F(EverythingTools, arguments_are_checked) {
  start();
  auto session = connect();
  EXPECT_EQ(text(*call(session, "add_numbers", R"({"a":2,"b":3})")), "5");
  EXPECT_EQ(text(*call(session, "add_numbers", R"({"a":2.5,"b":-3})")), "-0.5");
  for (auto [tool, arguments] :
       {std::pair{"add_numbers", R"({"a":2})"},
        {"echo", R"({"text":1})"},
        {"big_result", R"({"bytes":-1})"},
        {"big_result", R"({"bytes":1.5})"},
        {"slow", "{}"},
        {"count", "{}"},
        {"log_burst", "{}"},
        {"mutate_tools", "{}"}}) {
    EXPECT_TRUE(call(session, tool, arguments)->json().at("result").at("isError").as_bool())
        << tool;
  }
}

TEST_F(EverythingTools, big_results_have_the_size_asked_for) {
  start();
  auto session = connect();
  EXPECT_EQ(text(*call(session, "big_result", R"({"bytes":0})")), "");
  auto big = text(*call(session, "big_result", R"({"bytes":200000})"));
  EXPECT_EQ(big.size(), 200000U);
  EXPECT_TRUE(big.starts_with("abc"));
}

TEST_F(EverythingTools, slow_reports_progress_and_can_be_cancelled) {
  start();
  auto session = connect();
  auto running = call(session, "slow", R"({"seconds":10})", R"("x")");
  for (int i = 0; i < 4; ++i) advance(100ms);
  ASSERT_EQ(running->sent.size(), 5U);
  EXPECT_EQ(running->sent_json(4).at("params").at("progress").as_double(), 0.4);
  service->notice(
      session,
      frame(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"x"}})")
  );
  settle();
  ASSERT_EQ(running->finished, 1);
  EXPECT_EQ(running->json().at("error").at("message").as_string(), "Request cancelled");
  EXPECT_EQ(running->sent.size(), 5U);
}

TEST_F(EverythingTools, log_bursts_arrive_whole_and_in_order) {
  start();
  auto session = connect();
  auto burst = call(session, "log_burst", R"({"count":500})");
  ASSERT_EQ(burst->sent.size(), 500U);
  EXPECT_EQ(burst->sent_json(499).at("params").at("data").as_string(), "Message 500 of 500");
}

TEST_F(EverythingTools, tools_change_and_every_listener_hears_of_it) {
  start();
  auto session = connect();
  auto other = connect();
  int heard = 0;
  service->listen(other, [&](const std::string& message) {
    if (message.find("notifications/tools/list_changed") != std::string::npos) ++heard;
  });
  call(session, "mutate_tools", R"({"add":"fresh","remove":"echo"})");
  EXPECT_EQ(heard, 1);
  EXPECT_EQ(text(*call(session, "fresh")), "This is fresh.");
  EXPECT_TRUE(call(session, "echo")->json().as_object().contains("error"));
  service->unlisten(other);
  call(session, "mutate_tools", R"({"remove":"fresh"})");
  EXPECT_EQ(heard, 1);
}

TEST_F(EverythingTools, forget_sessions_answers_and_then_knows_nobody) {
  start();
  auto session = connect();
  EXPECT_EQ(text(*call(session, "forget_sessions")), "Forgot 1 sessions");
  EXPECT_FALSE(service->find(session->id));
}

TEST_F(EverythingTools, crash_and_annotations) {
  start();
  auto session = connect();
  call(session, "crash");
  EXPECT_EQ(crashes, 1);
  auto tools = request(session, "tools/list")->json().at("result").at("tools");
  for (const auto& tool : tools.as_array()) {
    const auto& name = tool.at("name").as_string();
    if (name == "count") {
      EXPECT_FALSE(tool.as_object().contains("annotations"));
    }
    if (name == "echo") {
      EXPECT_TRUE(tool.at("annotations").at("readOnlyHint").as_bool());
    }
  }
}

}  // namespace
}  // namespace mooring::everything
