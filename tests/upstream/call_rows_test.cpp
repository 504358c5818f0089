// Section C of the requirements: calls whose server goes away, dies, is asked to reconnect, or asks
// for peace.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

const std::string echo = R"({"name":"echo"})";

TEST(CallRows, REC_01_a_timeout_is_one_request_and_the_session_stays) {
  auto config = World::http();
  config.timeout = 2s;
  World world(config);
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call();
  world.advance(20s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_EQ(world.status().breaker_failures, 1);
}

TEST(CallRows, REC_04_who_gives_up_costs_the_server_no_strike) {
  World world;
  world.connect();
  world.server->hangs = {"tools/call"};
  for (int i = 0; i < 5; ++i) {
    const auto call = world.call();
    call->abort.abort();
    world.turn();
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->error().kind, "cancelled");
  }
  EXPECT_EQ(world.status().breaker_failures, 0);
  EXPECT_TRUE(world.status().episodes.empty());
  world.server->hangs.clear();
  EXPECT_TRUE(world.call()->answered());
}

TEST(CallRows, REC_05_a_child_killed_before_the_call_is_started_again_and_the_call_runs_once) {
  World world(World::stdio(), 2);
  world.server->with_session_ids = false;
  world.connect();
  world.channels->processes[0]->die();
  const auto call = world.call(echo, 1);
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.channels->processes.size(), 2u);
}

TEST(CallRows, REC_06_a_child_that_dies_under_many_calls_ends_them_all_and_is_started_once) {
  World world(World::stdio(), 2);
  world.server->with_session_ids = false;
  world.connect();
  world.server->hangs = {"tools/call"};
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 10; ++i) calls.push_back(world.call(echo, i % 2));
  world.channels->processes[0]->die();
  world.turn();
  for (const auto& call : calls) {
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->error().delivery, Delivery::unknown);
    EXPECT_FALSE(call->error().retryable);
  }
  world.server->hangs.clear();
  EXPECT_EQ(world.channels->processes.size(), 2u);
  EXPECT_TRUE(world.call(echo, 1)->answered()) << "ten calls of one death do not open the breaker";
}

TEST(CallRows, REC_07_a_child_that_dies_of_every_call_is_no_hot_loop) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.server->always["tools/call"] = [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    world.channels->processes.back()->die();
    co_return co_await world.server->hang(ask, world.server->never);
  };
  for (int i = 0; i < 100; ++i) {
    const auto call = world.call();
    world.advance(100ms);
    if (call->done) EXPECT_TRUE(call->result.error.has_value());
  }
  EXPECT_LE(world.channels->processes.size(), 6u) << "in ten seconds";
  world.advance(30s);
  const auto call = world.call();
  world.advance(20s);
  ASSERT_TRUE(call->done);
  EXPECT_FALSE(call->error().message.empty());
}

TEST(CallRows, REC_08_a_session_that_comes_back_in_time_serves_those_who_waited) {
  World world(World::http(), 2);
  world.connect();
  world.server->holds = {"initialize"};
  world.report_lost(1, true, "gone");
  world.turn();
  ASSERT_EQ(world.state(), State::recovering);
  const auto one = world.call(echo, 0), two = world.call(echo, 1);
  world.advance(4999ms);
  EXPECT_FALSE(one->done);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(one->answered());
  EXPECT_TRUE(two->answered());
  EXPECT_EQ(world.server->count("tools/call"), 2u);
}

TEST(CallRows, REC_08_queue_wait_is_obeyed) {
  auto config = World::http();
  config.queue_wait = 700ms;
  World world(config);
  world.connect();
  world.server->hangs = {"initialize"};
  world.report_lost(1, true, "gone");
  world.turn();
  const auto begun = world.now();
  const auto call = world.call();
  world.advance(10s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->ended - begun, 700ms);
  EXPECT_EQ(call->error().kind, "unavailable");
  EXPECT_EQ(call->error().delivery, Delivery::not_sent);
  EXPECT_FALSE(call->error().recovery_id.empty());
}

TEST(CallRows, REC_09_a_failed_server_is_tried_early_once_in_10_s_too) {
  World world;
  world.server->always["initialize"] = ends_in(http_failure(404));
  world.start();
  ASSERT_EQ(world.state(), State::failed);
  const auto before = world.server->count("initialize");
  for (int i = 0; i < 100; ++i) {
    const auto call = world.call();
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->error().kind, "unavailable");
    EXPECT_TRUE(call->error().retry_after);
    world.advance(199ms);
  }
  EXPECT_EQ(world.server->count("initialize"), before + 2);
}

void reconnect_under_a_call(World& world, bool harmless) {
  world.server->hints["echo"] = harmless ? R"({"readOnlyHint":true})" : "{}";
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call(echo, 1);
  world.supervisor->reconnect_now();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().retryable, harmless);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_NE(call->error().message.find("reconnect"), std::string::npos);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ(world.status().breaker_failures, 0);
}
TEST(CallRows, REC_11_a_deliberate_reconnect_ends_a_read_only_call_safe_to_retry) {
  World world(World::http(), 2);
  reconnect_under_a_call(world, true);
}
TEST(CallRows, REC_11_and_any_other_call_with_the_truth) {
  World world(World::http(), 2);
  reconnect_under_a_call(world, false);
}
TEST(CallRows, REC_11_over_stdio) {
  World world(World::stdio(), 2);
  world.server->with_session_ids = false;
  reconnect_under_a_call(world, true);
}

TEST(CallRows, REC_11_who_waits_for_a_session_gets_the_new_one) {
  World world;
  world.connect();
  world.server->holds = {"initialize"};
  world.report_lost(1, true, "gone");
  world.turn();
  const auto call = world.call();
  world.supervisor->reconnect_now();
  world.turn();
  EXPECT_FALSE(call->done);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
}

TEST(CallRows, REC_14_two_calls_of_one_process_are_matched_by_id) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.server->then("tools/call", when_released(*world.server, answers(R"({"of":"the first"})")));
  const auto first = world.call();
  world.server->then("tools/call", answers(R"({"of":"the second"})"));
  const auto second = world.call();
  ASSERT_TRUE(second->answered());
  EXPECT_FALSE(first->done);
  world.server->released.set();
  world.turn();
  ASSERT_TRUE(first->answered());
  EXPECT_EQ(first->result.response->result(), R"({"of":"the first"})");
  EXPECT_EQ(second->result.response->result(), R"({"of":"the second"})");
}

}  // namespace
}  // namespace mooring::upstream
