// Section B of the requirements: an upstream over its life, recycled, parked, doubted, started by
// the first call.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

class Lifetime : public testing::Test {
 protected:
  static UpstreamConfig stdio() { return World::stdio(); }
  static void prepare(World& world) { world.server->with_session_ids = false; }
  static FakeProcess& process(World& world, std::size_t index) {
    return *world.channels->processes.at(index);
  }
  static std::size_t processes(World& world) { return world.channels->processes.size(); }
  static bool lists(World& world, std::string_view tool) {
    const auto& catalogue = world.snapshot().catalogue;
    return catalogue && (*catalogue)[ListKind::tools].find(tool) != nullptr;
  }
  static const std::string echo;
};
const std::string Lifetime::echo = R"({"name":"echo"})";

// ---- away and back

TEST_F(Lifetime, SM_06_a_parked_server_that_comes_back_is_found_by_the_next_probe) {
  World world;
  world.connect();
  world.server->down = true;
  world.report_lost(1, true, "gone");
  world.advance(60s);
  ASSERT_EQ(world.state(), State::parked);
  ASSERT_TRUE(world.snapshot().next_probe);
  const auto probe = *world.snapshot().next_probe;
  world.server->down = false;
  world.advance(std::chrono::duration_cast<core::Duration>(probe - world.now()) - 1ms);
  EXPECT_EQ(world.state(), State::parked);
  world.advance(1ms);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_TRUE(world.call()->answered());
}

TEST_F(Lifetime, SM_09a_a_process_that_ends_at_once_is_not_started_for_ever) {
  World world(stdio());
  prepare(world);
  world.connect();
  for (int i = 0; i < 3600; ++i) {
    if (world.state() == State::ready) process(world, processes(world) - 1).die();
    world.advance(1s);
  }
  // Three rebuilds, one after a minute, then the parked cadence.
  EXPECT_LE(processes(world), 1u + 4u + 13u);
  EXPECT_TRUE(lists(world, "echo"));
}

TEST_F(Lifetime, SM_09b_a_session_that_outlives_a_keepalive_is_always_rebuilt) {
  auto config = World::http();
  config.keepalive_interval = 10s;
  World world(config);
  world.connect();
  for (int i = 0; i < 240; ++i) {
    world.advance(14s);
    world.server->expire_sessions();
    world.advance(1s);
    if (world.state() != State::ready) world.advance(10s);
    ASSERT_TRUE(world.call()->answered()) << i;
  }
  EXPECT_GE(world.status().recoveries, 230u);
}

TEST_F(Lifetime, SM_10_a_grace_is_given_again_after_the_new_session_served) {
  World world;
  world.connect();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.call()->answered());
    world.server->then("tools/call", http_answer(401));
    EXPECT_TRUE(world.call()->answered()) << i;
  }
  EXPECT_EQ(world.server->count("initialize"), 4u);
  EXPECT_EQ(world.state(), State::ready);
}

TEST_F(Lifetime, SM_20_what_a_parked_server_offers_stays_listed_on_every_worker) {
  auto config = World::http();
  config.reconnect_attempts = 0;
  World world(config, 2);
  world.connect();
  world.server->down = true;
  world.report_lost(1, true, "gone");
  world.advance(3h);
  EXPECT_EQ(world.state(), State::parked);
  EXPECT_TRUE(lists(world, "echo"));
  const auto call = world.call(echo, 1);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "unavailable");
  EXPECT_TRUE(call->error().retry_after);
  EXPECT_TRUE(world.observer.lists.empty()) << "nobody was told that a list changed";
}

TEST_F(Lifetime, SM_22_a_reconnect_heeds_retry_after) {
  for (const int status : {429, 503}) {
    World world;
    world.connect();
    auto busy = http_failure(status);
    busy.headers = {{"retry-after", "7"}};
    world.server->then("initialize", busy);
    world.report_lost(1, true, "gone");
    world.advance(6999ms);
    EXPECT_EQ(world.server->count("initialize"), 2u);
    world.advance(1ms);
    EXPECT_EQ(world.server->count("initialize"), 3u);
    EXPECT_EQ(world.state(), State::ready);
  }
}

TEST_F(Lifetime, SM_23_a_stream_that_was_opened_again_still_tells_of_changes) {
  World world;
  world.server->offers_stream = true;
  world.connect();
  world.server->stream_ends.notify();
  world.advance(2s);
  ASSERT_EQ(world.server->streams.size(), 2u);
  world.server->tools = {"echo", "new"};
  world.run(world.server->listener->message(
      std::move(*Frame::parse(protocol::make_notification("notifications/tools/list_changed")))
  ));
  EXPECT_TRUE(lists(world, "new"));
  EXPECT_EQ(world.observer.lists, std::vector<ListKind>{ListKind::tools});
}

// ---- doubts

TEST_F(Lifetime, SM_21_a_call_that_meets_a_doubt_is_sent_once_the_session_proved_to_live) {
  World world;
  world.connect();
  world.server->holds = {"tools/list"};
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  const auto call = world.call();
  EXPECT_EQ(world.state(), State::suspect);
  EXPECT_EQ(world.server->count("tools/call"), 0u);
  world.advance(1s);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "s-1");
}

TEST_F(Lifetime, SM_21_a_call_that_meets_a_doubt_is_sent_on_a_new_session_where_the_old_is_silent) {
  World world;
  world.connect();
  world.server->hangs = {"tools/list"};
  world.server->always["initialize"] = [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_await io::sleep_until(world.home().timers(), world.now() + 100ms);
    co_return world.server->open(ask);
  };
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  const auto begun = world.now();
  const auto call = world.call();
  world.advance(5s);
  EXPECT_FALSE(call->done) << "nothing is sent, and nobody turned away, while the session is asked";
  world.advance(1s);
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->ended - begun, 5100ms);
  EXPECT_EQ(world.server->last("tools/call").session, "s-2");
  EXPECT_EQ(world.server->count("tools/call"), 1u);
}

// ---- idle

TEST_F(Lifetime, SM_11_a_process_nobody_calls_is_ended_and_started_by_the_next_call) {
  auto config = stdio();
  config.idle_timeout = 2s;
  World world(config);
  prepare(world);
  world.connect();
  world.advance(1999ms);
  EXPECT_FALSE(process(world, 0).closed);
  world.advance(1ms);
  EXPECT_TRUE(process(world, 0).closed);
  EXPECT_EQ(world.state(), State::idle);
  EXPECT_TRUE(lists(world, "echo"));
  world.advance(1h);
  EXPECT_EQ(processes(world), 1u);
  EXPECT_EQ(world.state(), State::idle);
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(processes(world), 2u);
}

TEST_F(Lifetime, SM_11_calls_put_it_off) {
  auto config = stdio();
  config.idle_timeout = 2s;
  World world(config, 2);
  prepare(world);
  world.connect();
  for (std::size_t i = 0; i < 6; ++i) {
    world.advance(1500ms);
    ASSERT_TRUE(world.call(echo, i % 2)->answered());
  }
  EXPECT_EQ(processes(world), 1u);
  world.server->holds = {"tools/call"};
  const auto call = world.call(echo, 1);
  world.advance(30s);
  EXPECT_FALSE(process(world, 0).closed) << "a call runs";
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
  world.advance(4s);
  EXPECT_TRUE(process(world, 0).closed);
}

TEST_F(Lifetime, SM_11_a_call_that_comes_while_the_process_ends_starts_the_next) {
  auto config = stdio();
  config.idle_timeout = 2s;
  World world(config, 2);
  prepare(world);
  world.connect();
  world.server->ending_hangs = true;
  world.advance(2s);
  const auto call = world.call(echo, 1);
  world.advance(1s);
  EXPECT_FALSE(call->done);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
  EXPECT_EQ(processes(world), 2u);
}

// ---- replaced after its lifetime

UpstreamConfig short_lived(core::Duration lifetime = 2s) {
  auto config = World::stdio();
  config.max_lifetime = lifetime;
  return config;
}

TEST_F(Lifetime, SM_12_a_process_is_replaced_after_its_lifetime) {
  World world(short_lived(1h));
  prepare(world);
  world.connect();
  world.advance(1h - 1ms);
  EXPECT_EQ(processes(world), 1u);
  world.advance(1ms);
  EXPECT_TRUE(process(world, 0).closed);
  EXPECT_EQ(processes(world), 2u);
  EXPECT_EQ(world.state(), State::ready);
  world.advance(1h);
  EXPECT_EQ(processes(world), 3u);
}

TEST_F(Lifetime, SM_12_running_calls_end_first_and_new_ones_get_the_next_process) {
  World world(short_lived(), 2);
  prepare(world);
  world.connect();
  world.server->holds = {"tools/call"};
  const auto running = world.call(echo, 1), other = world.call(echo, 0);
  world.advance(2500ms);
  EXPECT_FALSE(process(world, 0).closed);
  const auto late = world.call(echo, 1), later = world.call(echo, 0);
  world.advance(500ms);
  EXPECT_EQ(world.server->count("tools/call"), 2u) << "nothing new on the old process";
  world.server->released.set();
  world.turn();
  ASSERT_TRUE(running->answered());
  ASSERT_TRUE(other->answered());
  EXPECT_EQ(running->result.generation, 1u);
  EXPECT_TRUE(process(world, 0).closed);
  ASSERT_TRUE(late->answered()) << "the old process waits for its own calls alone";
  ASSERT_TRUE(later->answered());
  EXPECT_EQ(late->result.generation, 2u);
  EXPECT_EQ(later->result.generation, 2u);
  EXPECT_EQ(processes(world), 2u);
}

TEST_F(Lifetime, SM_12_a_call_given_up_meanwhile_does_not_hold_it) {
  World world(short_lived(1min), 2);
  prepare(world);
  world.connect();
  world.server->hangs = {"tools/call"};
  world.advance(59s);
  const auto call = world.call(echo, 1, 3s);
  world.advance(2s);
  EXPECT_FALSE(process(world, 0).closed);
  world.advance(1s);
  EXPECT_TRUE(call->done);
  EXPECT_TRUE(process(world, 0).closed);
  EXPECT_EQ(world.state(), State::ready);
}

TEST_F(Lifetime, SM_12_a_harmless_call_whose_process_dies_meanwhile_is_repeated_at_once) {
  World world(short_lived(), 2);
  prepare(world);
  world.server->hints["echo"] = R"({"readOnlyHint":true})";
  world.connect();
  world.server->holds = {"tools/call"};
  const auto call = world.call(echo, 1);
  world.advance(3s);
  world.server->holds.clear();
  process(world, 0).die();
  world.turn();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.generation, 2u);
}

TEST_F(Lifetime, SM_12_a_reconnect_asked_for_meanwhile_is_one_replacement) {
  World world(short_lived(5min));
  prepare(world);
  world.connect();
  world.server->hangs = {"tools/call"};
  world.advance(299s);
  const auto call = world.call(echo, 0, 200s);
  world.advance(2s);
  world.supervisor->reconnect_now();
  world.turn();
  EXPECT_TRUE(call->done);
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_EQ(processes(world), 2u);
  world.advance(299s);
  EXPECT_EQ(processes(world), 2u);
  EXPECT_FALSE(process(world, 1).closed);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
}

TEST_F(Lifetime, SM_12_stop_while_calls_are_waited_for_returns) {
  World world(short_lived());
  prepare(world);
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call();
  world.advance(3s);
  world.stop();
  EXPECT_EQ(world.state(), State::stopped);
  EXPECT_TRUE(process(world, 0).closed);
  EXPECT_TRUE(call->done);
}

// ---- started by the first call

Supervisor::Known known_with(std::vector<std::string> tools) {
  World world;
  world.server->tools = std::move(tools);
  world.start();
  return {world.snapshot().server, world.snapshot().catalogue};
}
UpstreamConfig lazy() {
  auto config = World::stdio();
  config.lazy = true;
  return config;
}

TEST_F(Lifetime, SM_13_a_lazy_server_is_listed_from_what_was_known_and_started_by_a_call) {
  World world(lazy(), 2);
  prepare(world);
  world.start(known_with({"echo", "more"}));
  world.advance(1h);
  EXPECT_EQ(processes(world), 0u);
  EXPECT_EQ(world.state(), State::idle);
  EXPECT_TRUE(lists(world, "more"));
  world.server->tools = {"echo", "more"};
  EXPECT_TRUE(world.call(echo, 1)->answered());
  EXPECT_EQ(processes(world), 1u);
  EXPECT_TRUE(world.observer.lists.empty()) << "nothing differs";
}

TEST_F(Lifetime, SM_13_ten_first_calls_start_one_process) {
  World world(lazy(), 2);
  prepare(world);
  world.start(known_with({"echo"}));
  world.server->holds = {"initialize"};
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 10; ++i) calls.push_back(world.call(echo, i % 2));
  world.advance(20s);
  world.server->released.set();
  world.turn();
  for (const auto& call : calls) EXPECT_TRUE(call->answered());
  EXPECT_EQ(processes(world), 1u);
}

TEST_F(Lifetime, SM_13_a_first_call_to_a_server_that_does_not_start_is_told_why) {
  World world(lazy());
  prepare(world);
  world.start(known_with({"echo"}));
  world.channels->refusals.push_back(Error{Reason::config, "cannot run it: no such file"});
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_NE(call->error().message.find("no such file"), std::string::npos);
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_TRUE(lists(world, "echo"));
}

TEST_F(Lifetime, SM_14a_without_anything_known_it_starts_at_once) {
  World world(lazy());
  prepare(world);
  world.connect();
  EXPECT_EQ(processes(world), 1u);
  EXPECT_TRUE(lists(world, "echo"));
}

TEST_F(Lifetime, SM_14a_what_is_known_of_a_server_that_is_not_lazy_does_not_matter) {
  World world(stdio());
  prepare(world);
  world.start(known_with({"old"}));
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_FALSE(lists(world, "old"));
}

TEST_F(Lifetime, SM_14b_a_tool_the_server_lost_goes_from_the_list_and_its_call_is_told) {
  World world(lazy());
  prepare(world);
  world.start(known_with({"echo", "lost"}));
  world.server->then("tools/call", says(-32602, "Unknown tool: lost"));
  const auto call = world.call(R"({"name":"lost"})");
  ASSERT_TRUE(call->answered());
  EXPECT_NE(call->result.response->error().find("Unknown tool"), std::string_view::npos);
  EXPECT_FALSE(lists(world, "lost"));
  EXPECT_TRUE(lists(world, "echo"));
  EXPECT_EQ(world.observer.lists, std::vector<ListKind>{ListKind::tools});
}

}  // namespace
}  // namespace mooring::upstream
