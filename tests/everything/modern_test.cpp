#include <algorithm>

#include "everything/modern_harness.hpp"

namespace mooring::everything {
namespace {

constexpr std::string_view elicits = R"({"elicitation":{}})";
constexpr std::string_view alice = R"({"action":"accept","content":{"name":"Alice"}})";

TEST_F(ModernEverything, discovers_and_lists) {
  start();
  const auto found = ask(client(), "server/discover").at("result");
  EXPECT_EQ(boost::json::serialize(found.at("supportedVersions")), R"(["2026-07-28"])");
  EXPECT_EQ(found.at("resultType").as_string(), "complete");
  EXPECT_GE(found.at("ttlMs").as_int64(), 0);
  const auto list = ask(client(), "tools/list").at("result");
  EXPECT_FALSE(list.at("tools").as_array().empty());
  EXPECT_EQ(list.at("resultType").as_string(), "complete");
}

TEST_F(ModernEverything, a_question_is_a_result_and_its_answer_another_request) {
  start();
  const auto asked = tool(elicits, "test_input_required_result_elicitation");
  EXPECT_EQ(asked.at("result").at("resultType").as_string(), "input_required");
  EXPECT_EQ(
      asked.at("result").at("inputRequests").at("user_name").at("method").as_string(),
      "elicitation/create"
  );
  const auto answer = retry(asked, fmt::format(R"({{"user_name":{}}})", alice));
  EXPECT_EQ(said(tool(elicits, "test_input_required_result_elicitation", answer)), "Hello, Alice!");
}

TEST_F(ModernEverything, several_questions_come_at_once) {
  start();
  constexpr std::string_view all = R"({"elicitation":{},"sampling":{},"roots":{}})";
  const auto asked = tool(all, "test_input_required_result_multiple_inputs");
  EXPECT_EQ(asked.at("result").at("inputRequests").as_object().size(), 3U);
}

TEST_F(ModernEverything, answers_of_earlier_rounds_are_in_the_state) {
  start();
  const auto name = "test_input_required_result_multi_round";
  const auto first = tool(elicits, name);
  const auto second = tool(elicits, name, retry(first, fmt::format(R"({{"step1":{}}})", alice)));
  ASSERT_TRUE(second.at("result").at("inputRequests").as_object().contains("step2")) << second;
  const auto done = tool(
      elicits, name, retry(second, R"({"step2":{"action":"accept","content":{"color":"red"}}})")
  );
  EXPECT_EQ(said(done), "Alice likes red");
}

TEST_F(ModernEverything, a_state_of_somebody_else_is_refused) {
  start();
  const auto asked = tool(elicits, "test_input_required_result_tampered_state");
  const auto other = retry(asked, R"({"confirm":{"action":"accept","content":{"ok":true}}})");
  EXPECT_EQ(code(tool(elicits, "test_input_required_result_request_state", other)), -32602);
  EXPECT_EQ(
      code(tool(elicits, "test_input_required_result_tampered_state", R"(,"requestState":"x")")),
      -32602
  );
  EXPECT_EQ(said(tool(elicits, "test_input_required_result_tampered_state", other)), "state-ok");
}

TEST_F(ModernEverything, what_the_client_lacks_is_named) {
  start();
  const auto refused = tool("{}", "test_missing_capability");
  EXPECT_EQ(code(refused), protocol::missing_client_capability);
  EXPECT_TRUE(
      refused.at("error").at("data").at("requiredCapabilities").as_object().contains("sampling")
  );
}

TEST_F(ModernEverything, log_messages_come_on_demand) {
  start();
  const auto heard = [&](std::string level) {
    const auto responder =
        request(client("{}", std::move(level)), "tools/call", R"({"name":"test_logging_tool"})");
    finish(*responder);
    return responder->sent.size();
  };
  EXPECT_EQ(heard(""), 0U);
  EXPECT_EQ(heard("error"), 0U);
  EXPECT_EQ(heard("info"), 1U);
}

TEST_F(ModernEverything, a_listen_hears_what_it_asked_for_until_it_is_cancelled) {
  start();
  const auto listener = client();
  const auto listen = request(
      listener, "subscriptions/listen",
      R"({"notifications":{"toolsListChanged":true,"resourceSubscriptions":["test://watched-resource"]}})",
      "\"l\""
  );
  ASSERT_EQ(listen->sent.size(), 1U);
  EXPECT_EQ(
      listen->sent_json(0).at("method").as_string(), "notifications/subscriptions/acknowledged"
  );
  tool("{}", "test_trigger_prompt_change");
  tool("{}", "test_trigger_tool_change");
  world->touch("test://watched-resource");
  world->touch("test://static-text");
  settle();
  ASSERT_EQ(listen->sent.size(), 3U);
  EXPECT_EQ(listen->sent_json(1).at("method").as_string(), "notifications/tools/list_changed");
  EXPECT_EQ(
      listen->sent_json(2).at("params").at("_meta").at(protocol::meta_subscription_id).as_string(),
      "l"
  );
  EXPECT_EQ(listen->finished, 0);
  service->notice(
      listener,
      frame(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"l"}})")
  );
  settle();
  EXPECT_EQ(listen->finished, 1);
  EXPECT_TRUE(world->listens.empty());
}

TEST_F(ModernEverything, an_era_that_is_not_served_is_refused) {
  Options legacy_only;
  legacy_only.era = Era::legacy;
  start(legacy_only);
  const auto refused = ask(client(), "tools/list");
  EXPECT_EQ(code(refused), protocol::unsupported_protocol_version);
  TearDown();
  Options modern_only;
  modern_only.era = Era::modern;
  start(modern_only);
  const auto opened = open_raw(R"({"protocolVersion":"2025-06-18","capabilities":{}})");
  EXPECT_FALSE(opened.session);
  EXPECT_EQ(code(boost::json::parse(opened.response)), protocol::unsupported_protocol_version);
  EXPECT_TRUE(ask(client(), "tools/list").as_object().contains("result"));
}

}  // namespace
}  // namespace mooring::everything
