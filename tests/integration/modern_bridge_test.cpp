// A modern client (2026-07-28) that a legacy server asks something while a call runs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "harness/gateway.hpp"
#include "harness/modern.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "protocol/messages.hpp"
#include "protocol/sse.hpp"

namespace mooring::integration {
namespace {

constexpr std::string_view elicitation =
    R"({"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{"message":"who?","requestedSchema":{"type":"object","properties":{"n":{"type":"string"}}}}})";
constexpr std::string_view echo = R"({"name":"echo","arguments":{"a":1}})";

class Bridge : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(
      std::string more = {}, Background::Time time = Background::Time::real
  ) {
    upstream.on("tools/call", asking(std::string(elicitation)));
    return std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", upstream.url(), more)}}),
        GatewayOptions{.workers = GetParam(), .time = time}
    );
  }
  static int code(const json::value& response) {
    const auto found = at(response, "/error/code");
    return found.is_int64() ? static_cast<int>(found.as_int64()) : 0;
  }
  /// What the server was told, as it wrote it into its result.
  static json::value told(const json::value& response) {
    return parse(text(response, "/result/content/0/text"));
  }

  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Bridge, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

constexpr std::string_view accepted = R"({"action":"accept","content":{"n":"me"}})";

TEST_P(Bridge, a_question_of_the_server_is_asked_in_a_result_and_the_call_goes_on) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  for (int i = 0; i < 8; ++i) {
    const auto asked = modern.call("tools/call", echo);
    ASSERT_EQ(text(asked, "/result/resultType"), "input_required") << asked;
    const auto request = "/result/inputRequests/" + only_key(asked);
    EXPECT_EQ(text(asked, request + "/method"), "elicitation/create");
    EXPECT_EQ(text(asked, request + "/params/message"), "who?");
    const auto done = modern.retry("tools/call", echo, asked, answers(asked, accepted));
    EXPECT_EQ(text(done, "/result/resultType"), "complete") << done;
    EXPECT_EQ(text(told(done), "/result/content/n"), "me") << done;
    EXPECT_EQ(json::serialize(at(done, "/id")), modern.last_id());
    upstream.forget_answers();
  }
  EXPECT_EQ(upstream.count("tools/call"), 8U);
}

TEST_P(Bridge, a_client_that_cannot_be_asked_is_not) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"), R"({"sampling":{}})");
  const auto done = modern.call("tools/call", echo);
  EXPECT_EQ(text(done, "/result/resultType"), "complete") << done;
  EXPECT_TRUE(
      at(told(done), "/error").is_object() || text(told(done), "/result/action") == "decline"
  ) << done;
}

TEST_P(Bridge, a_retry_without_the_answer_is_asked_again) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  const auto asked = modern.call("tools/call", echo);
  const auto again = modern.retry("tools/call", echo, asked, R"({"other":{"action":"accept"}})");
  ASSERT_EQ(text(again, "/result/resultType"), "input_required") << again;
  EXPECT_EQ(only_key(again), only_key(asked));
  EXPECT_NE(text(again, "/result/requestState"), text(asked, "/result/requestState"));
  const auto done = modern.retry("tools/call", echo, again, answers(again, accepted));
  EXPECT_EQ(text(told(done), "/result/content/n"), "me") << done;
}

TEST_P(Bridge, a_state_is_good_for_its_own_request_and_once) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  const auto asked = modern.call("tools/call", echo);
  const auto answer = answers(asked, accepted);
  EXPECT_EQ(
      code(modern.retry("tools/call", R"({"name":"echo","arguments":{"a":2}})", asked, answer)),
      -32602
  );
  EXPECT_EQ(code(modern.retry("prompts/get", R"({"name":"echo"})", asked, answer)), -32602);
  Modern elsewhere(client, gateway->mcp(), R"({"elicitation":{}})");
  EXPECT_EQ(code(elsewhere.retry("tools/call", echo, asked, answer)), -32602);
  for (const auto& forged :
       {std::string("\"\""), std::string("\"AAAA\""), std::string("7"), std::string("null")}) {
    const auto with_state =
        fmt::format(R"({{"name":"echo","arguments":{{"a":1}},"requestState":{}}})", forged);
    EXPECT_EQ(code(modern.call("tools/call", with_state)), -32602) << forged;
  }
  auto altered = asked;
  auto& state = altered.as_object()["result"].as_object()["requestState"].as_string();
  state[state.size() / 2] = state[state.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(code(modern.retry("tools/call", echo, altered, answer)), -32602);
  // After all this the call still waits.
  EXPECT_EQ(text(told(modern.retry("tools/call", echo, asked, answer)), "/result/content/n"), "me");
  // It ran; nobody is told to run it again.
  const auto again = modern.retry("tools/call", echo, asked, answer);
  EXPECT_EQ(code(again), -32603);
  EXPECT_EQ(text(again, "/error/data/mooring/outcome"), "unknown") << again;
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_P(Bridge, a_result_that_was_lost_on_its_way_is_asked_for_with_the_state_before) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  const auto asked = modern.call("tools/call", echo);
  modern.retry("tools/call", echo, asked, "{}");
  const auto again = modern.retry("tools/call", echo, asked, answers(asked, accepted));
  ASSERT_EQ(text(again, "/result/resultType"), "input_required") << again;
  const auto done = modern.retry("tools/call", echo, again, answers(again, accepted));
  EXPECT_EQ(text(told(done), "/result/content/n"), "me") << done;
}

TEST_P(Bridge, a_question_that_the_server_takes_back_is_asked_no_more) {
  const auto gateway = start();
  upstream.on(
      "tools/call",
      [](ScriptedServer& server, io::HttpExchange& to, Seen seen) -> awaitable<void> {
        constexpr std::array type = {io::HeaderField{"Content-Type", "text/event-stream"}};
        co_await to.begin_stream(200, type);
        co_await to.write(protocol::encode_sse(elicitation));
        co_await server.released().wait();
        co_await to.write(protocol::encode_sse(
            protocol::make_notification("notifications/cancelled", R"({"requestId":"q"})")
        ));
        co_await to.write(protocol::encode_sse(protocol::make_result(seen.id, R"({"content":[]})"))
        );
        co_await to.end_stream();
      }
  );
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  const auto asked = modern.call("tools/call", echo);
  ASSERT_EQ(text(asked, "/result/resultType"), "input_required") << asked;
  upstream.release();
  auto again = modern.retry("tools/call", echo, asked, "{}");
  while (text(again, "/result/resultType") == "input_required")
    again = modern.retry("tools/call", echo, again, "{}");
  EXPECT_EQ(text(again, "/result/resultType"), "complete") << again;
}

TEST_P(Bridge, progress_comes_under_the_token_of_the_request_at_hand) {
  const auto gateway = start();
  upstream.on(
      "tools/call",
      [](ScriptedServer& server, io::HttpExchange& to, Seen seen) -> awaitable<void> {
        constexpr std::array type = {io::HeaderField{"Content-Type", "text/event-stream"}};
        const auto token = json::serialize(at(seen.message(), "/params/_meta/progressToken"));
        const auto progress = protocol::make_notification(
            "notifications/progress", fmt::format(R"({{"progressToken":{},"progress":1}})", token)
        );
        co_await to.begin_stream(200, type);
        co_await to.write(protocol::encode_sse(progress));
        co_await to.write(protocol::encode_sse(elicitation));
        co_await server.response_to("\"q\"");
        co_await to.write(protocol::encode_sse(progress));
        co_await to.write(protocol::encode_sse(protocol::make_result(seen.id, R"({"content":[]})"))
        );
        co_await to.end_stream();
      }
  );
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  const auto heard = [&](Exchange& exchange) {
    exchange.response(modern.last_id());
    const auto progress = exchange.wait([](const json::value& message) {
      return text(message, "/method") == "notifications/progress";
    });
    return text(progress, "/params/progressToken");
  };
  auto first = modern.start(
      "tools/call", R"({"name":"echo","arguments":{},"_meta":{"progressToken":"one"}})"
  );
  EXPECT_EQ(heard(first), "one");
  const auto asked = first.response(modern.last_id());
  auto second = modern.start(
      "tools/call",
      fmt::format(
          R"({{"name":"echo","arguments":{{}},"inputResponses":{},"requestState":{},"_meta":{{"progressToken":"two"}}}})",
          answers(asked, accepted), json::serialize(at(asked, "/result/requestState"))
      )
  );
  EXPECT_EQ(heard(second), "two");
}

TEST_P(Bridge, a_client_that_does_not_come_back_has_its_call_cancelled) {
  const auto gateway = start(R"(,"elicitation":{"timeout":"5s"})", Background::Time::manual);
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  const auto asked = modern.call("tools/call", echo);
  ASSERT_EQ(text(asked, "/result/resultType"), "input_required") << asked;
  gateway->advance(std::chrono::seconds(6));
  EXPECT_TRUE(upstream.wait_for("notifications/cancelled"));
  const auto late = modern.retry("tools/call", echo, asked, answers(asked, accepted));
  EXPECT_TRUE(at(late, "/error").is_object()) << late;
}

TEST_P(Bridge, a_client_that_leaves_in_the_middle_has_its_call_cancelled) {
  const auto gateway = start();
  Modern modern(client, gateway->mcp("one"), R"({"elicitation":{}})");
  upstream.on("tools/call", silence());
  auto call = modern.start("tools/call", echo);
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  call.close();
  EXPECT_TRUE(upstream.wait_for("notifications/cancelled"));
}

TEST_P(Bridge, a_question_over_stdio) {
  TestGateway gateway(
      servers({{"ev", fmt::format(R"({{"command":"{}","args":["--stdio"]}})", everything_program)}}
      ),
      {.workers = GetParam()}
  );
  Modern modern(client, gateway.mcp("ev"), R"({"sampling":{}})");
  const std::string_view params = R"({"name":"test_sampling","arguments":{"prompt":"say hi"}})";
  const auto asked = modern.call("tools/call", params);
  ASSERT_EQ(text(asked, "/result/resultType"), "input_required") << asked;
  const auto done = modern.retry(
      "tools/call", params, asked,
      answers(
          asked, R"({"role":"assistant","model":"m","content":{"type":"text","text":"hi there"}})"
      )
  );
  EXPECT_NE(json::serialize(done).find("hi there"), std::string::npos) << done;
}

TEST_P(Bridge, an_address_to_visit_first_is_asked_for) {
  const auto gateway = start();
  upstream.on(
      "tools/call",
      [](ScriptedServer&, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
        constexpr std::array type = {io::HeaderField{"Content-Type", "application/json"}};
        co_await exchange.respond(
            200, type,
            protocol::make_error_with(
                seen.id, -32042, "visit first",
                R"({"elicitations":[{"mode":"url","url":"https://example.com/x","message":"m"}]})"
            )
        );
      }
  );
  Modern able(client, gateway->mcp("one"), R"({"elicitation":{"form":{},"url":{}}})");
  const auto asked = able.call("tools/call", echo);
  EXPECT_EQ(text(asked, "/result/resultType"), "input_required") << asked;
  EXPECT_EQ(text(asked, "/result/inputRequests/url-1/params/url"), "https://example.com/x");
  Modern unable(client, gateway->mcp("one"), R"({"elicitation":{}})");
  EXPECT_EQ(code(unable.call("tools/call", echo)), -32603);
}

}  // namespace
}  // namespace mooring::integration
