// The way of a call: when it ends.
#include "talk.hpp"

namespace mooring::upstream {
namespace {

TEST(Call, REC_01_REC_02_a_timeout_is_told_to_the_caller_and_to_the_server) {
  auto config = World::http();
  config.timeout = 2s;
  World world(config);
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto begun = world.now();
  const auto call = world.call();
  world.advance(1999ms);
  EXPECT_FALSE(call->done);
  world.advance(1ms);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->ended - begun, 2s);
  EXPECT_EQ(call->error().kind, "timeout");
  EXPECT_NE(call->error().message.find("2 s"), std::string::npos);
  EXPECT_FALSE(call->error().not_executed());
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  ASSERT_EQ(world.server->count("notifications/cancelled"), 1u);
  const auto& cancelled = world.server->last("notifications/cancelled");
  EXPECT_EQ(protocol::member(cancelled.params, "requestId"), world.server->last("tools/call").id);
  EXPECT_EQ(cancelled.session, "s-1");
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Call, a_call_may_bring_its_own_timeout) {
  World world;
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call(params(), 0, 500ms);
  world.advance(500ms);
  EXPECT_TRUE(call->done);
}

TEST(Call, REC_03_progress_extends_the_deadline) {
  auto config = World::http();
  config.timeout = 2s;
  World world(config);
  world.connect();
  Talk talk(world);
  const auto call = world.call(with_token);
  for (int i = 0; i < 5; ++i) {
    world.advance(1s);
    talk.say(progress(talk.id, i));
  }
  EXPECT_FALSE(call->done);
  talk.answer();
  EXPECT_TRUE(call->answered());
}

TEST(Call, REC_03_progress_does_not_extend_it_beyond_the_cap) {
  auto config = World::http();
  config.timeout = 2s;
  config.timeout_max = 5s;
  World world(config);
  world.connect();
  Talk talk(world);
  const auto begun = world.now();
  const auto call = world.call(with_token);
  for (int i = 0; i < 10 && !call->done; ++i) {
    world.advance(1s);
    if (!call->done) talk.say(progress(talk.id, i));
  }
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->ended - begun, 5s);
  EXPECT_EQ(call->error().kind, "timeout");
}

TEST(Call, progress_that_stops_ends_it) {
  auto config = World::http();
  config.timeout = 2s;
  World world(config);
  world.connect();
  Talk talk(world);
  const auto begun = world.now();
  const auto call = world.call(with_token);
  world.advance(1500ms);
  talk.say(progress(talk.id));
  world.advance(10s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->ended - begun, 3500ms);
}

TEST(Call, a_person_who_is_asked_has_time_to_answer) {
  auto config = World::http();
  config.timeout = 2s;
  config.client_request_timeout = 60s;
  World world(config);
  world.connect();
  Talk talk(world);
  const auto call = world.call(with_token);
  talk.say(protocol::make_request("\"q\"", "elicitation/create", "{}"));
  talk.say(progress(talk.id));
  EXPECT_EQ(call->sink.messages.size(), 2u);
  world.advance(59s);
  EXPECT_FALSE(call->done);
  talk.answer();
  EXPECT_TRUE(call->answered());
}

TEST(Call, REC_04_a_caller_that_gives_up_is_answered_at_once_and_the_server_told_why) {
  World world;
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call();
  call->abort.abort();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "cancelled");
  EXPECT_EQ(
      protocol::string_member(world.server->last("notifications/cancelled").params, "reason"),
      "the user said so"
  );
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("ping"), 0u);
}

TEST(Call, a_caller_that_gives_up_while_it_waits_sends_nothing) {
  World world;
  world.server->hangs = {"initialize"};
  world.start();
  const auto call = world.call();
  call->abort.abort();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "cancelled");
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_EQ(world.server->count("notifications/cancelled"), 0u);
  EXPECT_EQ(world.server->count("tools/call"), 0u);
}

TEST(Call, a_caller_that_gives_up_during_a_rebuild_is_answered_at_once) {
  World world;
  world.connect();
  world.server->expire_sessions();
  world.server->holds = {"initialize"};
  const auto call = world.call();
  call->abort.abort();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "cancelled");
  world.server->released.set();
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
}

}  // namespace
}  // namespace mooring::upstream
