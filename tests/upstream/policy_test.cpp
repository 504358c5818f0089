// What an operator may say of one server: which calls may be repeated, and what else a lost session
// looks like.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

Failure cut_off() {
  auto failure = reset();
  failure.sent_session_id = true;
  return failure;
}
FakeServer::Step lost_with_its_session() {
  return says(-32600, "Session terminated before the request completed");
}

TEST(Policy, never_repeats_nothing_that_left_us) {
  auto config = World::http();
  config.replay = ReplayPolicy::never;
  World world(config);
  world.server->hints["echo"] = R"({"readOnlyHint":true})";
  world.connect();
  world.server->then("tools/call", session_gone());
  const auto refused = world.call();
  ASSERT_TRUE(refused->done);
  EXPECT_TRUE(refused->error().not_executed());
  EXPECT_EQ(world.snapshot().session->generation, 2u) << "it is healed all the same";
  world.server->then("tools/call", cut_off());
  EXPECT_EQ(world.call()->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  world.server->then("tools/call", connect_refused());
  EXPECT_TRUE(world.call()->answered()) << "nothing had left us";
}

TEST(Policy, spec_repeats_what_was_lost_with_its_session) {
  auto config = World::http();
  config.replay = ReplayPolicy::spec;
  World world(config);
  world.connect();
  world.server->then("tools/call", lost_with_its_session());
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "s-2");
  world.server->then("tools/call", cut_off());
  EXPECT_EQ(world.call()->error().delivery, Delivery::unknown) << "a connection is no session";
}

TEST(Policy, safe_is_the_default_and_repeats_neither) {
  World world;
  world.connect();
  world.server->then("tools/call", lost_with_its_session());
  EXPECT_EQ(world.call()->error().delivery, Delivery::unknown);
  world.server->then("tools/call", cut_off());
  EXPECT_EQ(world.call()->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
}

TEST(Policy, the_first_pattern_that_matches_a_tool_decides) {
  auto config = World::http();
  config.replay = ReplayPolicy::spec;
  config.tool_replay = {
      {"get_*", ReplayPolicy::spec},
      {"*_money", ReplayPolicy::never},
      {"send_*", ReplayPolicy::safe}
  };
  const auto repeated = [&](std::string_view tool, FakeServer::Step how) {
    World world(config);
    world.connect();
    world.server->then("tools/call", std::move(how));
    return world.call(fmt::format(R"({{"name":"{}"}})", tool))->answered();
  };
  EXPECT_TRUE(repeated("get_money", lost_with_its_session()));
  EXPECT_FALSE(repeated("send_money", ends_in(session_gone())));
  EXPECT_TRUE(repeated("send_word", ends_in(session_gone())));
  EXPECT_FALSE(repeated("send_word", lost_with_its_session()));
  EXPECT_TRUE(repeated("anything", lost_with_its_session()));
}

TEST(Policy, a_policy_for_tools_is_none_for_other_methods) {
  auto config = World::http();
  config.tool_replay = {{"*", ReplayPolicy::never}};
  World world(config);
  world.connect();
  world.server->then("prompts/get", session_gone());
  EXPECT_TRUE(world.send(protocol::make_request("1", "prompts/get", R"({"name":"p"})"))->answered()
  );
}

TEST(Policy, tools_the_operator_vouches_for_are_repeated) {
  auto config = World::http();
  config.repeatable_tools = {"echo*"};
  World world(config);
  world.connect();
  world.server->then("tools/call", cut_off());
  EXPECT_TRUE(world.call(R"({"name":"echo_all"})")->answered());
  world.server->then("tools/call", cut_off());
  EXPECT_FALSE(world.call(R"({"name":"other"})")->answered());
}

TEST(Policy, patterns_speak_of_the_servers_own_names) {
  auto config = World::http();
  config.repeatable_tools = {"echo"};
  World world(config);
  world.connect();
  world.server->then("tools/call", cut_off());
  auto made = std::make_shared<World::Call>(
      protocol::make_request("1", "tools/call", R"({"name":"s__echo"})")
  );
  CallRequest request;
  request.frame = &made->frame;
  request.name = "echo";
  world.launch(made, std::move(request));
  EXPECT_TRUE(made->answered());
}

TEST(Overrides, session_patterns_name_what_else_is_a_lost_session) {
  auto config = World::http();
  config.session_patterns = {"context [0-9]+ was evicted"};
  World world(config);
  world.connect();
  world.server->then("tools/call", says(-32000, "context 12 was evicted"));
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "s-2");
  world.server->then("tools/call", says(-32000, "the context 12 was evicted yesterday"));
  EXPECT_EQ(world.call()->result.response->kind(), Frame::Kind::error)
      << "the whole message counts";
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Overrides, session_codes_name_what_else_is_a_lost_session) {
  auto config = World::http();
  config.session_codes = {-32050};
  World world(config);
  world.connect();
  world.server->then("tools/call", says(-32050, "whatever"));
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
  world.server->then("tools/call", says(-32051, "whatever"));
  EXPECT_EQ(world.call()->result.response->kind(), Frame::Kind::error);
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Overrides, a_401_may_mean_a_lost_session) {
  auto config = World::http();
  config.treat_401_as_session = true;
  World world(config);
  world.connect();
  for (int i = 0; i < 3; ++i) {
    world.server->then("tools/call", http_answer(401));
    EXPECT_TRUE(world.call()->answered());
  }
  EXPECT_EQ(world.server->count("initialize"), 4u);
  EXPECT_EQ(world.status().episodes.back().cause, "session_lost");
  EXPECT_EQ(world.state(), State::ready);
}

TEST(Overrides, keepalives_and_lists_heed_them_too) {
  auto config = World::http();
  config.session_codes = {-32050};
  config.keepalive_interval = 10s;
  World world(config);
  world.connect();
  world.server->then("ping", says(-32050, "whatever"));
  world.advance(10s);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  world.server->then("tools/list", says(-32050, "whatever"));
  world.supervisor->overheard(
      std::move(*Frame::parse(protocol::make_notification("notifications/tools/list_changed")))
  );
  world.turn();
  EXPECT_EQ(world.server->count("initialize"), 3u);
}

}  // namespace
}  // namespace mooring::upstream
