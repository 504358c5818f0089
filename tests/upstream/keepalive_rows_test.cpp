// Section F of the requirements: what keeps an idle session alive.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

UpstreamConfig every(core::Duration interval) {
  auto config = World::http();
  config.keepalive_interval = interval;
  return config;
}

TEST(Keepalive, KA_01a_one_ping_in_180_s) {
  World world;
  world.connect();
  world.advance(179999ms);
  EXPECT_EQ(world.server->count("ping"), 0u);
  world.advance(1ms);
  EXPECT_EQ(world.server->count("ping"), 1u);
  world.advance(1800s);
  EXPECT_EQ(world.server->count("ping"), 11u);
  EXPECT_EQ(world.server->last("ping").session, "s-1");
}

TEST(Keepalive, KA_01b_never_more_than_one_in_5_s) {
  World world(every(1s));
  world.connect();
  world.advance(50s);
  EXPECT_EQ(world.server->count("ping"), 10u);
}

TEST(Keepalive, KA_01_zero_is_never) {
  World world(every(0s));
  world.connect();
  world.advance(24h);
  EXPECT_EQ(world.server->count("ping"), 0u);
}

TEST(Keepalive, KA_01_only_idle_time_counts) {
  World world(every(10s));
  world.connect();
  for (int i = 0; i < 10; ++i) {
    world.advance(9s);
    ASSERT_TRUE(world.call()->answered());
  }
  EXPECT_EQ(world.server->count("ping"), 0u);
  world.advance(10s);
  EXPECT_EQ(world.server->count("ping"), 1u);
}

TEST(Keepalive, KA_02a_a_server_without_ping_is_asked_for_its_tools) {
  World world(every(10s));
  world.server->always["ping"] = says(-32601, "Method not found");
  world.connect();
  const auto listed = world.server->count("tools/list");
  world.advance(10s);
  EXPECT_EQ(world.server->count("ping"), 1u);
  EXPECT_EQ(world.server->count("tools/list"), listed);
  world.advance(30s);
  EXPECT_EQ(world.server->count("ping"), 1u);
  EXPECT_EQ(world.server->count("tools/list"), listed + 3);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_TRUE(world.status().episodes.empty());
}

TEST(Keepalive, KA_02b_a_new_session_is_pinged_again) {
  World world(every(10s));
  world.server->always["ping"] = says(-32601, "Method not found");
  world.connect();
  world.advance(10s);
  world.report_lost(1, true, "gone");
  world.turn();
  world.advance(10s);
  EXPECT_EQ(world.server->count("ping"), 2u);
  EXPECT_EQ(world.server->last("ping").session, "s-2");
}

TEST(Keepalive, KA_03a_a_ping_that_hangs_is_not_the_end) {
  World world(every(10s));
  world.server->hangs = {"ping"};
  world.connect();
  world.advance(16s);
  EXPECT_EQ(world.server->count("ping"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_TRUE(world.call()->answered());
}

TEST(Keepalive, KA_03b_nothing_is_answered_and_the_session_is_replaced) {
  World world(every(10s));
  world.connect();
  world.server->hangs = {"ping", "tools/list"};
  // The ping, the list, and the list once more before the session is given up: 5 s each.
  world.advance(10s + 15s);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
}

TEST(Keepalive, KA_03_a_ping_that_says_the_session_is_lost_is_believed) {
  World world(every(10s));
  world.connect();
  world.server->expire_sessions();
  world.advance(10s);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ(world.server->count("ping"), 1u);
  ASSERT_EQ(world.status().episodes.size(), 1u);
  EXPECT_EQ(world.status().episodes[0].cause, "session_lost");
}

TEST(Keepalive, KA_04_no_ping_while_a_call_runs) {
  World world(every(10s), 2);
  world.connect();
  world.server->holds = {"tools/call"};
  const auto call = world.call(R"({"name":"echo"})", 1);
  world.advance(50s);
  EXPECT_FALSE(call->done);
  EXPECT_EQ(world.server->count("ping"), 0u);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
  world.advance(20s);
  EXPECT_GE(world.server->count("ping"), 1u);
}

TEST(Keepalive, KA_05_a_session_with_an_idle_limit_is_kept) {
  World world(every(5s));
  world.server->ttl = 10s;
  world.connect();
  world.advance(60s);
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "s-1");
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Keepalive, KA_05_a_limit_below_the_interval_is_learned) {
  World world;
  world.server->ttl = 100s;
  world.connect();
  // The first session is lost to the default of 180 s; from then on it stays below what expired.
  world.advance(1h);
  const auto lost = world.server->count("initialize") - 1;
  EXPECT_GE(lost, 1u);
  EXPECT_LE(lost, 3u);
  world.advance(1h);
  EXPECT_EQ(world.server->count("initialize") - 1, lost) << "what was learned holds";
  ASSERT_TRUE(world.status().idle_ttl);
  EXPECT_LE(*world.status().idle_ttl, 100s);
}

TEST(Keepalive, stdio_is_not_pinged) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.advance(1h);
  EXPECT_EQ(world.server->count("ping"), 0u);
}

}  // namespace
}  // namespace mooring::upstream
