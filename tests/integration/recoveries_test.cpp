// The flight recorder, as operators see it through the whole gateway.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class Recoveries : public testing::TestWithParam<unsigned> {
 protected:
  std::unique_ptr<TestGateway> start(std::filesystem::path state_dir = {}, std::string more = {}) {
    return std::make_unique<TestGateway>(
        servers({{"one", fmt::format(R"({{"url":"{}"{}}})", upstream.url(), more)}}),
        GatewayOptions{.workers = GetParam(), .state_dir = std::move(state_dir)}
    );
  }
  /// One session is lost under a call, which is saved.
  void lose_a_session(const TestGateway& gateway) {
    Session session(client, gateway.mcp("one"));
    session.tool("echo");
    upstream.forget_sessions();
    EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  }
  json::value get(const TestGateway& gateway, const std::string& path) {
    return client.send("GET", gateway.url() + "/api/v1/" + path).json();
  }
  /// Asks until it fits: what became of calls is told a little later.
  json::value get_until(
      const TestGateway& gateway, const std::string& path,
      const std::function<bool(const json::value&)>& fits
  ) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      auto now = get(gateway, path);
      if (fits(now) || std::chrono::steady_clock::now() > until) return now;
      std::this_thread::yield();
    }
  }
  static bool saved(const json::value& body) {
    return at(body, "/recoveries/0/calls_saved") == json::value(1);
  }

  ScriptedServer upstream;
  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, Recoveries, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(Recoveries, a_lost_session_is_written_down_with_what_became_of_its_call) {
  const auto gateway = start();
  EXPECT_EQ(at(get(*gateway, "recoveries"), "/recoveries").as_array().size(), 0U);
  lose_a_session(*gateway);
  const auto all = get_until(*gateway, "recoveries", saved);
  ASSERT_EQ(at(all, "/recoveries").as_array().size(), 1U) << all;
  EXPECT_EQ(text(all, "/recoveries/0/server"), "one");
  EXPECT_EQ(text(all, "/recoveries/0/cause"), "session_lost");
  EXPECT_EQ(text(all, "/recoveries/0/outcome"), "healed");
  EXPECT_FALSE(text(all, "/recoveries/0/evidence").empty());
  EXPECT_EQ(at(all, "/recoveries/0/calls_saved"), 1);
  EXPECT_EQ(at(all, "/recoveries/0/calls_unknown"), 0);
  EXPECT_GT(at(all, "/recoveries/0/steps").as_array().size(), 0U) << all;

  const auto one = get(*gateway, "servers/one");
  EXPECT_EQ(at(one, "/recoveries"), 1);
  EXPECT_EQ(at(one, "/calls_saved"), 1);
  EXPECT_EQ(text(one, "/episodes/0/id"), text(all, "/recoveries/0/id"));
  EXPECT_EQ(text(one, "/breaker"), "closed");
  EXPECT_EQ(at(gateway->status("one"), "/calls_saved"), 1);
}

TEST_P(Recoveries, are_asked_for_by_server_time_and_number) {
  const auto gateway = start();
  lose_a_session(*gateway);
  lose_a_session(*gateway);
  const auto count = [&](const std::string& query) {
    return at(get(*gateway, "recoveries" + query), "/recoveries").as_array().size();
  };
  EXPECT_EQ(count(""), 2U);
  EXPECT_EQ(count("?server=one"), 2U);
  EXPECT_EQ(count("?server=other"), 0U);
  EXPECT_EQ(count("?limit=1"), 1U);
  const auto newest = get(*gateway, "recoveries?limit=1");
  const auto since = text(newest, "/recoveries/0/begun_at");
  EXPECT_EQ(count("?since=" + since), 1U);
  EXPECT_EQ(count("?since=2000-01-01T00:00:00Z"), 2U);
  const auto wrong = client.send("GET", gateway->url() + "/api/v1/recoveries?limit=many");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.body.find("1 to 1000"), std::string::npos);
}

TEST_P(Recoveries, outlive_the_gateway) {
  test::TemporaryDirectory state;
  std::string id;
  {
    const auto gateway = start(state.path());
    lose_a_session(*gateway);
    id = text(get_until(*gateway, "recoveries", saved), "/recoveries/0/id");
  }
  const auto next = start(state.path());
  const auto all = get(*next, "recoveries");
  EXPECT_EQ(text(all, "/recoveries/0/id"), id);
  EXPECT_EQ(text(all, "/recoveries/0/outcome"), "healed");
  EXPECT_EQ(at(all, "/recoveries/0/calls_saved"), 1);
  EXPECT_EQ(text(get(*next, "servers/one"), "/episodes/0/id"), id);
}

TEST_P(Recoveries, are_told_while_they_happen) {
  const auto gateway = start();
  gateway->wait_state("one", "ready");
  auto events = client.open("GET", gateway->url() + "/api/v1/events");
  EXPECT_EQ(events.status(), 200);
  ASSERT_TRUE(events.is_stream());
  const auto first =
      events.wait([](const auto& event) { return !at(event, "/gateway").is_null(); });
  EXPECT_EQ(text(first, "/servers/0/state"), "ready");
  lose_a_session(*gateway);
  const auto healed =
      events.wait([](const auto& event) { return text(event, "/outcome") == "healed"; });
  EXPECT_EQ(text(healed, "/cause"), "session_lost");
  const auto changed = events.wait([](const auto& event) {
    return text(event, "/name") == "one" && at(event, "/generation") == json::value(2);
  });
  EXPECT_EQ(text(changed, "/name"), "one");
  gateway->stop();
  EXPECT_TRUE(events.wait_end());
}

TEST_P(Recoveries, are_measured) {
  const auto gateway = start();
  lose_a_session(*gateway);
  get_until(*gateway, "recoveries", saved);
  const auto metrics = client.send("GET", gateway->url() + "/metrics").body;
  for (const auto* line :
       {R"(mooring_recoveries_total{server="one",cause="session_lost",outcome="healed"} 1)",
        R"(mooring_recovery_duration_seconds_count{server="one"} 1)",
        R"(mooring_upstream_broken_calls_total{server="one",fate="saved"} 1)",
        R"(mooring_upstream_broken_calls_total{server="one",fate="unknown"} 0)",
        R"(mooring_upstream_breaker{server="one",state="closed"} 1)",
        R"(mooring_upstream_state{server="one",state="ready"} 1)"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line << "\n" << metrics;
  }
}

TEST_P(Recoveries, STAT_02_a_parked_server_says_why_and_what_comes_next) {
  const auto gateway = start({}, R"(,"reconnect":{"attempts":0})");
  Session session(client, gateway->mcp("one"));
  session.tool("echo");
  upstream.on("initialize", http(500, "text/plain", "broken"));
  upstream.forget_sessions();
  session.tool("echo");
  const auto now = gateway->wait_state("one", "parked");
  EXPECT_EQ(text(now, "/state"), "parked");
  EXPECT_FALSE(text(now, "/failure_kind").empty()) << now;
  EXPECT_GE(at(now, "/attempts").as_int64(), 1);
  EXPECT_FALSE(text(now, "/next_probe_at").empty());
  EXPECT_FALSE(text(now, "/last_success_at").empty());
  EXPECT_EQ(text(now, "/breaker"), "closed");
  const auto all = get_until(*gateway, "recoveries", [](const auto& body) {
    return text(body, "/recoveries/0/outcome") == "parked";
  });
  EXPECT_EQ(text(all, "/recoveries/0/outcome"), "parked");
}

}  // namespace
}  // namespace mooring::integration
