// Servers with which each client has a session of its own (`sessions: per_client`).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/modern.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class OwnSessions : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(
      const std::string& more, Background::Time time = Background::Time::real
  ) {
    return start(more, GetParam(), time);
  }
  static std::unique_ptr<TestGateway> start(
      const std::string& more, unsigned workers, Background::Time time
  ) {
    return std::make_unique<TestGateway>(
        servers({{"ev", everything(more)}}), GatewayOptions{.workers = workers, .time = time}
    );
  }
  static std::string everything(const std::string& more) {
    return fmt::format(
        R"({{"command":"{}","args":["--stdio","--era","legacy"]{}}})", everything_program, more
    );
  }
  static std::string counted(Session& session) {
    return text(session.tool("count", R"({"key":"k"})"), "/result/content/0/text");
  }
  static auto has_own(int count) {
    return [count](const json::value& now) { return at(now, "/client_sessions") == count; };
  }
  /// Has the client's model say `words`, which the server asks for during this call.
  static void sample(Session& session, Exchange& call, std::string_view words) {
    answer(
        session, asked(call, "sampling/createMessage"),
        fmt::format(
            R"("result":{{"role":"assistant","model":"m","content":{{"type":"text","text":"{}"}}}})",
            words
        )
    );
  }

  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, OwnSessions, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

constexpr std::string_view samples = R"({"sampling":{}})";
const std::string per_client = R"(,"sessions":"per_client")";

TEST_P(OwnSessions, shared_is_what_clients_see_of_each_other) {
  const auto gateway = start(R"(,"sessions":"shared")");
  Session one(client, gateway->mcp("ev")), two(client, gateway->mcp("ev"));
  EXPECT_EQ(counted(one), "1");
  EXPECT_EQ(counted(two), "2");
  EXPECT_EQ(at(gateway->status("ev"), "/client_sessions"), 0);
}

TEST_P(OwnSessions, each_client_has_a_process_of_its_own) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev")), two(client, gateway->mcp());
  EXPECT_EQ(counted(one), "1");
  EXPECT_EQ(counted(one), "2");
  EXPECT_EQ(text(two.tool("ev__count", R"({"key":"k"})"), "/result/content/0/text"), "1");
  gateway->wait_status("ev", has_own(2));
}

TEST_P(OwnSessions, calls_that_come_at_once_begin_one_process) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev"));
  auto first = one.start_tool("count", R"({"key":"k"})");
  const auto first_id = one.last_id();
  auto second = one.start_tool("count", R"({"key":"k"})");
  const auto second_id = one.last_id();
  const auto a = text(first.response(first_id), "/result/content/0/text");
  const auto b = text(second.response(second_id), "/result/content/0/text");
  EXPECT_TRUE((a == "1" && b == "2") || (a == "2" && b == "1")) << a << b;
}

TEST_P(OwnSessions, it_ends_with_its_client) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev")), two(client, gateway->mcp("ev"));
  counted(one);
  counted(two);
  gateway->wait_status("ev", has_own(2));
  one.end();
  gateway->wait_status("ev", has_own(1));
  EXPECT_EQ(counted(two), "2");
}

TEST_P(OwnSessions, it_ends_when_its_client_rests) {
  const auto gateway =
      start(per_client + R"(,"client_sessions":{"idle_timeout":"5s"})", Background::Time::manual);
  Session one(client, gateway->mcp("ev"));
  EXPECT_EQ(counted(one), "1");
  gateway->wait_status("ev", has_own(1));
  gateway->advance(std::chrono::seconds(4));
  EXPECT_EQ(counted(one), "2");
  gateway->advance(std::chrono::seconds(2));
  EXPECT_EQ(counted(one), "3") << "a call is a sign of life";
  gateway->advance(std::chrono::seconds(7));
  gateway->wait_status("ev", has_own(0));
  EXPECT_EQ(counted(one), "1") << "another process";
}

TEST_P(OwnSessions, there_are_no_more_than_configured) {
  const auto gateway = start(per_client + R"(,"client_sessions":{"max":1})");
  Session one(client, gateway->mcp("ev")), two(client, gateway->mcp("ev"));
  EXPECT_EQ(counted(one), "1");
  const auto refused = two.tool("count", R"({"key":"k"})");
  EXPECT_NE(text(refused, "/error/message").find("client_sessions.max"), std::string::npos)
      << refused;
  one.end();
  gateway->wait_status("ev", has_own(0));
  EXPECT_EQ(counted(two), "1");
}

TEST_P(OwnSessions, one_that_dies_heals_for_its_client_alone) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev")), two(client, gateway->mcp("ev"));
  counted(one);
  counted(two);
  one.tool("crash");
  EXPECT_EQ(counted(one), "1");
  EXPECT_EQ(counted(two), "2");
}

TEST_P(OwnSessions, over_HTTP_each_client_has_a_session_at_the_server) {
  ScriptedServer upstream;
  TestGateway gateway(
      servers({{"one", fmt::format(R"({{"url":"{}","sessions":"per_client"}})", upstream.url())}}),
      {.workers = GetParam()}
  );
  Session one(client, gateway.mcp("one")), two(client, gateway.mcp("one"));
  one.tool("echo");
  one.tool("echo");
  two.tool("echo");
  const auto calls = upstream.all("tools/call");
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0].session, calls[1].session);
  EXPECT_NE(calls[0].session, calls[2].session);
  const auto session = calls[0].session;
  one.end();
  EXPECT_TRUE(upstream.wait_for("DELETE"));
  EXPECT_EQ(upstream.all("DELETE").front().session, session);
}

TEST_P(OwnSessions, a_process_that_asks_gets_clients_to_itself_from_then_on) {
  const auto gateway = start("");
  Session first(client, gateway->mcp("ev"), {.capabilities = std::string(samples)});
  auto call = first.start_tool("test_sampling", R"({"prompt":"say hi"})");
  const auto id = first.last_id();
  sample(first, call, "hi");
  ASSERT_NE(json::serialize(call.response(id)).find("hi"), std::string::npos);
  counted(first);
  EXPECT_EQ(at(gateway->status("ev"), "/client_sessions"), 0) << "what it began stays where it is";

  Session a(client, gateway->mcp("ev"), {.capabilities = std::string(samples)});
  Session b(client, gateway->mcp("ev"), {.capabilities = std::string(samples)});
  // Both ask at once: only a process for each can tell whom it means.
  auto of_a = a.start_tool("test_sampling", R"({"prompt":"who"})");
  const auto a_id = a.last_id();
  auto of_b = b.start_tool("test_sampling", R"({"prompt":"who"})");
  const auto b_id = b.last_id();
  sample(b, of_b, "bob");
  sample(a, of_a, "ann");
  EXPECT_NE(json::serialize(of_a.response(a_id)).find("ann"), std::string::npos);
  EXPECT_NE(json::serialize(of_b.response(b_id)).find("bob"), std::string::npos);
  EXPECT_EQ(counted(a), "1");
  EXPECT_EQ(counted(first), "2");
}

TEST_P(OwnSessions, of_several_calls_of_one_client_the_newest_is_asked) {
  // With several workers, which call comes last is their race.
  const auto gateway = start(per_client, 1, Background::Time::real);
  Session one(client, gateway->mcp("ev"), {.capabilities = std::string(samples)});
  auto forever = one.start_tool("sleep_forever");
  auto call = one.start_tool("test_sampling", R"({"prompt":"say hi"})");
  const auto id = one.last_id();
  sample(one, call, "hi");
  EXPECT_NE(json::serialize(call.response(id)).find("hi"), std::string::npos);
}

TEST_P(OwnSessions, a_modern_client_finds_what_it_left) {
  const auto gateway = start("");
  Modern one(client, gateway->mcp("ev"), std::string(samples));
  constexpr std::string_view params = R"({"name":"test_sampling","arguments":{"prompt":"who"}})";
  const auto asked_for = one.call("tools/call", params);
  ASSERT_EQ(text(asked_for, "/result/resultType"), "input_required") << asked_for;
  one.retry(
      "tools/call", params, asked_for,
      answers(asked_for, R"({"role":"assistant","model":"m","content":{"type":"text","text":"x"}})")
  );
  const auto count = [&] {
    return text(one.tool("count", R"({"key":"k"})"), "/result/content/0/text");
  };
  EXPECT_EQ(count(), "1");
  EXPECT_EQ(count(), "2");
}

TEST_P(OwnSessions, modern_calls_whose_questions_would_meet_have_a_process_while_they_wait) {
  const auto gateway = start("");
  Modern one(client, gateway->mcp("ev"), std::string(samples));
  Modern two(client, gateway->mcp("ev"), std::string(samples));
  constexpr std::string_view params = R"({"name":"test_sampling","arguments":{"prompt":"who"}})";
  const auto first = one.call("tools/call", params);
  const auto second = two.call("tools/call", params);
  ASSERT_EQ(text(first, "/result/resultType"), "input_required") << first;
  ASSERT_EQ(text(second, "/result/resultType"), "input_required") << second;
  const auto words = [](std::string_view name) {
    return fmt::format(
        R"({{"role":"assistant","model":"m","content":{{"type":"text","text":"{}"}}}})", name
    );
  };
  const auto of_two = two.retry("tools/call", params, second, answers(second, words("bob")));
  const auto of_one = one.retry("tools/call", params, first, answers(first, words("ann")));
  EXPECT_NE(json::serialize(of_one).find("ann"), std::string::npos) << of_one;
  EXPECT_NE(json::serialize(of_two).find("bob"), std::string::npos) << of_two;
  gateway->wait_status("ev", has_own(0));
}

TEST_P(OwnSessions, updates_reach_the_client_that_subscribed_to_them) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev"));
  auto ear = one.listen();
  ASSERT_TRUE(at(one.call("resources/subscribe", R"({"uri":"test://watched-resource"})"), "/result")
                  .is_object());
  one.tool("touch_resource", R"({"uri":"test://watched-resource"})");
  const auto told = ear.wait([](const json::value& m) {
    return text(m, "/method") == "notifications/resources/updated";
  });
  EXPECT_EQ(text(told, "/params/uri"), "test://watched-resource");
}

TEST_P(OwnSessions, who_listens_does_not_rest) {
  const auto gateway =
      start(per_client + R"(,"client_sessions":{"idle_timeout":"5s"})", Background::Time::manual);
  Session one(client, gateway->mcp("ev"));
  auto ear = one.listen();
  one.call("resources/subscribe", R"({"uri":"test://watched-resource"})");
  gateway->wait_status("ev", has_own(1));
  gateway->advance(std::chrono::seconds(20));
  EXPECT_EQ(at(gateway->status("ev"), "/client_sessions"), 1);
  one.call("resources/unsubscribe", R"({"uri":"test://watched-resource"})");
  gateway->advance(std::chrono::seconds(20));
  gateway->wait_status("ev", has_own(0));
}

TEST_P(OwnSessions, a_configuration_that_breaks_ends_them) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev"));
  EXPECT_EQ(counted(one), "1");
  gateway->apply(servers({{"ev", everything(per_client + R"(,"no_such_key":1)")}}));
  gateway->wait_status("ev", has_own(0));
  const auto refused = one.tool("count", R"({"key":"k"})");
  EXPECT_TRUE(at(refused, "/error").is_object()) << refused;
  gateway->apply(servers({{"ev", everything(per_client)}}));
  EXPECT_EQ(counted(one), "1");
}

TEST_P(OwnSessions, on_what_all_share_nobody_hears_the_questions_of_others) {
  const auto gateway = start(per_client);
  Modern one(client, gateway->mcp("ev"), std::string(samples));
  Modern two(client, gateway->mcp("ev"));
  auto waits = two.start(
      "tools/call", R"({"name":"slow","arguments":{"seconds":600},"_meta":{"progressToken":"t"}})"
  );
  waits.wait([](const json::value& m) { return text(m, "/method") == "notifications/progress"; });
  constexpr std::string_view params = R"({"name":"test_sampling","arguments":{"prompt":"who"}})";
  const auto answer = one.call("tools/call", params);
  // Whose question it is cannot be told there: nobody is asked.
  EXPECT_NE(text(answer, "/result/resultType"), "input_required") << answer;
}

TEST_P(OwnSessions, a_new_configuration_ends_them) {
  const auto gateway = start(per_client);
  Session one(client, gateway->mcp("ev"));
  EXPECT_EQ(counted(one), "1");
  gateway->apply(servers({{"ev", everything(per_client + R"(,"timeout":50)")}}));
  gateway->wait_status("ev", has_own(0));
  const auto anew = one.tool("count", R"({"key":"k"})");
  EXPECT_EQ(text(anew, "/result/content/0/text"), "1") << anew;
}

}  // namespace
}  // namespace mooring::integration
