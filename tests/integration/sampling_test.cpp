// requirements.md, section J: what servers ask of clients, through the whole gateway.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

constexpr std::string_view sampling_request =
    R"({"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{"messages":[],"maxTokens":100000,"vendor":[1]}})";
constexpr std::string_view elicitation_request =
    R"({"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object","properties":{"n":{"type":"string","default":"x"}}}}})";

class Sampling : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(
      std::string more = {}, Background::Time time = Background::Time::real
  ) {
    return std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", upstream.url(), more)}}),
        GatewayOptions{.workers = GetParam(), .time = time}
    );
  }
  Session session(TestGateway& gateway, std::string capabilities) {
    return Session(client, gateway.mcp("one"), {.capabilities = std::move(capabilities)});
  }
  /// What the server was told, as it wrote it into its result.
  static json::value told(const json::value& response) {
    return parse(text(response, "/result/content/0/text"));
  }

  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Sampling, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Sampling, SAMP_06_a_request_during_a_call_is_answered_and_both_finish) {
  upstream.on("tools/call", asking(std::string(sampling_request)));
  const auto gateway = start();
  for (int i = 0; i < 3; ++i) {
    auto one = session(*gateway, R"({"sampling":{}})");
    auto call = one.start_tool("echo");
    const auto id = one.last_id();
    const auto question = asked(call, "sampling/createMessage");
    EXPECT_EQ(at(question, "/params/vendor/0"), 1);
    EXPECT_EQ(
        answer(
            one, question,
            R"("result":{"role":"assistant","model":"m","content":{"type":"text","text":"hi"},"x":1.0})"
        ),
        202
    );
    const auto response = told(call.response(id));
    EXPECT_EQ(text(response, "/id"), "q");
    EXPECT_EQ(text(response, "/result/content/text"), "hi");
    upstream.forget_answers();
  }
}

TEST_P(Sampling, SAMP_06_over_stdio) {
  TestGateway gateway(
      servers({{"ev", fmt::format(R"({{"command":"{}","args":["--stdio"]}})", everything_program)}}
      ),
      {.workers = GetParam()}
  );
  Session one(client, gateway.mcp("ev"), {.capabilities = R"({"sampling":{}})"});
  auto call = one.start_tool("test_sampling", R"({"prompt":"say hi"})");
  const auto id = one.last_id();
  const auto question = asked(call, "sampling/createMessage");
  ASSERT_TRUE(question.is_object());
  answer(
      one, question,
      R"("result":{"role":"assistant","model":"m","content":{"type":"text","text":"hi there"}})"
  );
  EXPECT_NE(json::serialize(call.response(id)).find("hi there"), std::string::npos);
}

TEST_P(Sampling, SAMP_01a_the_third_request_in_a_minute_is_an_error_and_fine_again_later) {
  const auto gateway = start(R"(,"sampling":{"max_rpm":2})", Background::Time::manual);
  auto one = session(*gateway, R"({"sampling":{}})");
  const auto ask = [&] {
    upstream.forget_answers();
    upstream.on("tools/call", asking(std::string(sampling_request)));
    auto call = one.start_tool("echo");
    const auto id = one.last_id();
    const auto message = call.wait([&](const json::value& m) {
      return text(m, "/method") == "sampling/createMessage" || at(m, "/result").is_object();
    });
    if (text(message, "/method").empty()) return told(message);
    answer(one, message, R"("result":{"ok":true})");
    return told(call.response(id));
  };
  EXPECT_TRUE(at(ask(), "/result").is_object());
  EXPECT_TRUE(at(ask(), "/result").is_object());
  const auto third = ask();
  EXPECT_TRUE(at(third, "/error").is_object()) << third;
  EXPECT_NE(text(third, "/error/message").find("2"), std::string::npos) << third;
  gateway->advance(std::chrono::seconds(61));
  EXPECT_TRUE(at(ask(), "/result").is_object());
}

TEST_P(Sampling, SAMP_01a_a_changed_limit_holds_without_a_restart) {
  const auto config = [&](int rpm) {
    return servers(
        {{"one", fmt::format(R"({{"url":"{}","sampling":{{"max_rpm":{}}}}})", upstream.url(), rpm)}}
    );
  };
  TestGateway gateway(config(0), {.workers = GetParam()});
  auto one = session(gateway, R"({"sampling":{}})");
  upstream.on("tools/call", asking(std::string(sampling_request)));
  EXPECT_TRUE(at(told(one.tool("echo")), "/error").is_object());
  gateway.apply(config(5));
  gateway.wait_state("one", "ready");
  upstream.forget_answers();
  auto call = one.start_tool("echo");
  answer(one, asked(call, "sampling/createMessage"), R"("result":{"ok":true})");
  EXPECT_TRUE(at(told(call.response(one.last_id())), "/result").is_object());
}

TEST_P(Sampling, SAMP_01b_max_tokens_are_capped) {
  upstream.on("tools/call", asking(std::string(sampling_request)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"sampling":{}})");
  auto call = one.start_tool("echo");
  EXPECT_EQ(at(asked(call, "sampling/createMessage"), "/params/maxTokens"), 4096);
}

TEST_P(Sampling, SAMP_02_without_the_capability_it_is_declined_at_once_and_the_call_goes_on) {
  upstream.on("tools/call", asking(std::string(sampling_request)));
  const auto gateway = start();
  auto one = session(*gateway, "{}");
  auto call = one.start_tool("echo");
  const auto response = told(call.response(one.last_id()));
  EXPECT_NE(text(response, "/error/message").find("sampling"), std::string::npos) << response;
  EXPECT_EQ(call.count("sampling/createMessage"), 0U);
}

TEST_P(Sampling, SAMP_03_a_client_that_does_not_answer_is_an_error_and_the_server_goes_on) {
  upstream.on("tools/call", asking(std::string(sampling_request)));
  const auto gateway = start(R"(,"elicitation":{"timeout":0.2})");
  auto one = session(*gateway, R"({"sampling":{}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  const auto question = asked(call, "sampling/createMessage");
  const auto response = told(call.response(id));
  EXPECT_TRUE(at(response, "/error").is_object()) << response;
  EXPECT_EQ(call.count("notifications/cancelled"), 1U);
  EXPECT_EQ(answer(one, question, R"("result":{"late":true})"), 202);
  upstream.on("tools/call", result(R"({"content":[{"type":"text","text":"again"}]})"));
  EXPECT_EQ(text(one.tool("echo"), "/result/content/0/text"), "again");
}

TEST_P(Sampling, SAMP_04_disabled_it_is_not_advertised) {
  upstream.on("tools/call", asking(std::string(sampling_request)));
  const auto gateway = start(R"(,"sampling":{"enabled":false},"elicitation":{"enabled":false})");
  auto one = session(*gateway, R"({"sampling":{}})");
  const auto capabilities =
      at(upstream.all("initialize").front().message(), "/params/capabilities");
  EXPECT_FALSE(capabilities.as_object().contains("sampling")) << capabilities;
  EXPECT_FALSE(capabilities.as_object().contains("elicitation")) << capabilities;
  auto call = one.start_tool("echo");
  EXPECT_TRUE(at(told(call.response(one.last_id())), "/error").is_object());
}

TEST_P(Sampling, SAMP_04_enabled_it_is) {
  const auto gateway = start();
  auto one = session(*gateway, "{}");
  const auto capabilities =
      at(upstream.all("initialize").front().message(), "/params/capabilities");
  EXPECT_TRUE(capabilities.as_object().contains("sampling")) << capabilities;
  EXPECT_TRUE(capabilities.as_object().contains("elicitation")) << capabilities;
  EXPECT_TRUE(capabilities.as_object().contains("roots")) << capabilities;
}

TEST_P(Sampling, SAMP_05a_an_elicitation_is_accepted) {
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"elicitation":{}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  const auto question = asked(call, "elicitation/create");
  EXPECT_EQ(text(question, "/params/requestedSchema/properties/n/default"), "x");
  answer(one, question, R"("result":{"action":"accept","content":{"n":"me"}})");
  const auto response = told(call.response(id));
  EXPECT_EQ(text(response, "/result/action"), "accept");
  EXPECT_EQ(text(response, "/result/content/n"), "me");
}

TEST_P(Sampling, SAMP_05b_without_the_capability_it_is_declined) {
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"sampling":{}})");
  auto call = one.start_tool("echo");
  EXPECT_EQ(text(told(call.response(one.last_id())), "/result/action"), "decline");
  EXPECT_EQ(call.count("elicitation/create"), 0U);
}

TEST_P(Sampling, SAMP_05c_without_an_answer_in_time_it_is_cancelled) {
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  const auto gateway = start(R"(,"elicitation":{"timeout":0.2})");
  auto one = session(*gateway, R"({"elicitation":{}})");
  auto call = one.start_tool("echo");
  EXPECT_EQ(text(told(call.response(one.last_id())), "/result/action"), "cancel");
}

TEST_P(Sampling, an_answer_of_another_session_does_not_count) {
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"elicitation":{}})"),
       foreign = session(*gateway, R"({"elicitation":{}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  const auto question = asked(call, "elicitation/create");
  answer(foreign, question, R"("result":{"action":"accept","content":{"n":"thief"}})");
  answer(one, question, R"("result":{"action":"accept","content":{"n":"owner"}})");
  EXPECT_EQ(text(told(call.response(id)), "/result/content/n"), "owner");
}

TEST_P(Sampling, a_client_that_takes_only_json_is_declined_for_at_once) {
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"elicitation":{}})");
  const auto answer = client.send(
      "POST", gateway->mcp("one"),
      {{"Content-Type", "application/json"},
       {"Accept", "application/json"},
       {"Mcp-Session-Id", one.id()}},
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}})"
  );
  EXPECT_EQ(text(told(answer.json()), "/result/action"), "decline") << answer.body;
}

TEST_P(Sampling, an_error_of_the_client_reaches_the_server) {
  upstream.on("tools/call", asking(std::string(sampling_request)));
  const auto gateway = start();
  auto one = session(*gateway, R"({"sampling":{}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  answer(
      one, asked(call, "sampling/createMessage"), R"("error":{"code":-1,"message":"User rejected"})"
  );
  EXPECT_EQ(at(told(call.response(id)), "/error/code"), -1);
}

TEST_P(Sampling, roots_of_the_caller_are_told_and_a_request_of_nobody_is_declined) {
  upstream.on("tools/call", asking(R"({"jsonrpc":"2.0","id":"q","method":"roots/list"})"));
  const auto gateway = start();
  auto one = session(*gateway, R"({"roots":{"listChanged":true}})");
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  answer(one, asked(call, "roots/list"), R"("result":{"roots":[{"uri":"file:///x"}]})");
  EXPECT_EQ(text(told(call.response(id)), "/result/roots/0/uri"), "file:///x");

  ASSERT_TRUE(upstream.wait_listener());
  upstream.push(
      R"({"jsonrpc":"2.0","id":"alone","method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}})"
  );
  upstream.push(R"({"jsonrpc":"2.0","id":"ping","method":"ping"})");
  const auto reply = [&](std::string id_wanted) {
    const auto seen = upstream.seen().wait([&](const Seen& each) {
      return each.method.empty() && each.id == id_wanted;
    });
    return seen ? seen->message() : json::value();
  };
  EXPECT_TRUE(at(reply("\"alone\""), "/error").is_object());
  EXPECT_TRUE(at(reply("\"ping\""), "/result").is_object());
  one.send(R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})");
  EXPECT_TRUE(upstream.wait_for("notifications/roots/list_changed"));
}

}  // namespace
}  // namespace mooring::integration
