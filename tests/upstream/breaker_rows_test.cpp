// Section E of the requirements: the circuit breaker, as calls meet it.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

/// The server turns every call away for now, and says no more.
Failure away() { return http_answer(503); }

class BreakerRows : public testing::Test {
 protected:
  static UpstreamConfig config() {
    auto config = World::http();
    // Nobody looks after the session meanwhile.
    config.keepalive_interval = 0s;
    return config;
  }
  static void fail(World& world, int times, Failure how = away()) {
    for (int i = 0; i < times; ++i) {
      world.server->then("tools/call", how);
      const auto call = world.call();
      ASSERT_TRUE(call->done);
      ASSERT_TRUE(call->result.error.has_value());
    }
  }
  static void expect_refused(World& world, std::size_t worker = 0) {
    const auto before = world.server->count("tools/call");
    const auto call = world.call(R"({"name":"echo"})", worker);
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->error().kind, "unavailable");
    EXPECT_EQ(call->error().delivery, Delivery::not_sent);
    EXPECT_TRUE(call->error().retryable);
    EXPECT_EQ(world.server->count("tools/call"), before);
  }
};

TEST_F(BreakerRows, BRK_01_the_fourth_call_is_refused_and_told_when_to_come_back) {
  World world(config());
  world.connect();
  fail(world, 3);
  world.advance(10s);
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().retry_after, 50s);
  EXPECT_NE(call->error().message.find("50 s"), std::string::npos) << call->error().message;
  EXPECT_NE(call->error().message.find("transient"), std::string::npos) << call->error().message;
  EXPECT_EQ(world.server->count("tools/call"), 3u);
  const auto status = world.status();
  EXPECT_EQ(status.breaker, "open");
  EXPECT_EQ(status.breaker_failures, 3);
  EXPECT_EQ(status.breaker_open_in, 50s);
}

TEST_F(BreakerRows, BRK_01_timeouts_count) {
  World world(config());
  world.connect();
  world.server->hangs = {"tools/call"};
  for (int i = 0; i < 3; ++i) {
    const auto call = world.call(R"({"name":"echo"})", 0, 1s);
    world.advance(1s);
    ASSERT_TRUE(call->done);
  }
  expect_refused(world);
}

TEST_F(BreakerRows, BRK_01_connections_that_break_count_though_the_session_lives) {
  World world(config());
  world.connect();
  fail(world, 3, reset());
  EXPECT_EQ(world.server->count("initialize"), 1u);
  expect_refused(world);
}

TEST_F(BreakerRows, BRK_01_every_worker_refuses) {
  World world(config(), 2);
  world.connect();
  fail(world, 3);
  expect_refused(world, 1);
}

TEST_F(BreakerRows, BRK_02a_the_call_let_through_succeeds_and_closes_it) {
  World world(config());
  world.connect();
  fail(world, 3);
  world.advance(60s);
  EXPECT_EQ(world.status().breaker, "half_open");
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.status().breaker, "closed");
  EXPECT_EQ(world.status().breaker_failures, 0);
  fail(world, 2);
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_02b_the_call_let_through_fails_and_it_stays_open) {
  World world(config());
  world.connect();
  fail(world, 3);
  world.advance(60s);
  fail(world, 1);
  expect_refused(world);
  world.advance(59999ms);
  expect_refused(world);
  world.advance(1ms);
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_02_the_call_let_through_is_cancelled_and_the_next_one_tries) {
  World world(config());
  world.connect();
  fail(world, 3);
  world.advance(60s);
  world.server->hangs = {"tools/call"};
  const auto call = world.call();
  call->abort.abort();
  world.turn();
  ASSERT_TRUE(call->done);
  world.server->hangs.clear();
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_03_a_success_between_starts_the_count_anew) {
  World world(config());
  world.connect();
  fail(world, 2);
  EXPECT_TRUE(world.call()->answered());
  fail(world, 2);
  EXPECT_EQ(world.status().breaker, "closed");
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_04a_another_server_does_not_notice) {
  World open(config()), other(config());
  open.connect();
  other.connect();
  fail(open, 3);
  expect_refused(open);
  EXPECT_TRUE(other.call()->answered());
}

TEST_F(BreakerRows, BRK_04b_utility_operations_do_not_count) {
  World world(config());
  world.connect();
  for (int i = 0; i < 5; ++i) {
    world.server->then("resources/read", away());
    EXPECT_TRUE(
        world.send(protocol::make_request("1", "resources/read", R"({"uri":"u"})"))->result.error
    );
  }
  EXPECT_EQ(world.status().breaker_failures, 0);
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_05_a_handshake_closes_it) {
  World world(config(), 2);
  world.connect();
  fail(world, 3);
  world.supervisor->reconnect_now();
  world.turn();
  ASSERT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_TRUE(world.call()->answered());
  EXPECT_TRUE(world.call(R"({"name":"echo"})", 1)->answered());
  EXPECT_EQ(world.status().breaker_failures, 0);
}

TEST_F(BreakerRows, BRK_06a_failed_tools_are_answers) {
  World world(config());
  world.connect();
  fail(world, 2);
  for (int i = 0; i < 3; ++i) {
    world.server->then("tools/call", std::string(R"({"isError":true,"content":[]})"));
    EXPECT_TRUE(world.call()->answered());
  }
  EXPECT_EQ(world.status().breaker_failures, 0);
  for (int i = 0; i < 3; ++i) {
    world.server->then("tools/call", says(-32603, "inside"));
    EXPECT_TRUE(world.call()->answered());
  }
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_06b_a_server_that_asks_for_less_is_not_away) {
  World world(config());
  world.connect();
  fail(world, 3, http_answer(429));
  EXPECT_EQ(world.status().breaker_failures, 0);
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_06b_its_pause_is_kept) {
  World world(config());
  world.connect();
  auto busy = http_answer(429);
  busy.headers = {{"retry-after", "3"}};
  world.server->then("tools/call", busy);
  const auto first = world.call();
  ASSERT_TRUE(first->done);
  EXPECT_EQ(first->error().kind, "rate_limited");
  EXPECT_EQ(first->error().retry_after, 3s);
  EXPECT_TRUE(first->error().not_executed());
  const auto next = world.call();
  world.advance(2999ms);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  world.advance(1ms);
  EXPECT_TRUE(next->answered());
}

TEST_F(BreakerRows, BRK_06b_a_pause_nobody_can_wait_for_is_told_at_once) {
  World world(config());
  world.connect();
  auto busy = http_answer(429);
  busy.headers = {{"Retry-After", "30"}};
  world.server->then("tools/call", busy);
  world.call();
  world.advance(10s);
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "rate_limited");
  EXPECT_EQ(call->error().delivery, Delivery::not_sent);
  EXPECT_EQ(call->error().retry_after, 20s);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  world.advance(20s);
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(BreakerRows, BRK_06b_who_is_cancelled_during_the_pause_is_not_sent) {
  World world(config());
  world.connect();
  auto busy = http_answer(429);
  busy.headers = {{"retry-after", "3"}};
  world.server->then("tools/call", busy);
  world.call();
  const auto call = world.call();
  call->abort.abort();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "cancelled");
  world.advance(10s);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
}

TEST_F(BreakerRows, BRK_07_of_ten_calls_on_two_workers_exactly_one_is_let_through) {
  World world(config(), 2);
  world.connect();
  fail(world, 3);
  world.advance(60s);
  world.server->holds = {"tools/call"};
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 10; ++i) calls.push_back(world.call(R"({"name":"echo"})", i % 2));
  EXPECT_EQ(world.server->running["tools/call"], 1);
  EXPECT_EQ(std::ranges::count_if(calls, [](const auto& call) { return call->done; }), 9);
  world.server->released.set();
  world.turn();
  EXPECT_EQ(std::ranges::count_if(calls, [](const auto& call) { return call->answered(); }), 1);
  EXPECT_EQ(world.server->count("tools/call"), 3u + 1u);
  EXPECT_TRUE(world.call(R"({"name":"echo"})", 1)->answered());
}

TEST_F(BreakerRows, BRK_08_threshold_and_cooldown_are_obeyed) {
  auto configured = config();
  configured.breaker_failures = 5;
  configured.breaker_cooldown = 10s;
  World world(configured);
  world.connect();
  fail(world, 5);
  expect_refused(world);
  world.advance(9999ms);
  expect_refused(world);
  world.advance(1ms);
  EXPECT_TRUE(world.call()->answered());
}

}  // namespace
}  // namespace mooring::upstream
