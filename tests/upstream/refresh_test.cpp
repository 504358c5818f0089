// How the catalogue is kept: last known good, never listed twice at once, never a reason to lose
// anything.
#include "world.hpp"

namespace mooring::upstream {
namespace {

class Refresh : public testing::Test {
 protected:
  static std::vector<std::string> tools(const World& world) {
    std::vector<std::string> names;
    for (const auto& item : (*world.snapshot().catalogue)[ListKind::tools].items) {
      names.push_back(item.key);
    }
    return names;
  }
  static void say_changed(World& world, std::string_view what = "tools") {
    world.supervisor->overheard(std::move(*Frame::parse(
        protocol::make_notification(fmt::format("notifications/{}/list_changed", what))
    )));
    world.turn();
  }
  using Names = std::vector<std::string>;
};

TEST_F(Refresh, TOOL_05a_what_changed_is_seen_and_told) {
  World world;
  world.server->tools = {"a", "b"};
  world.connect();
  world.server->tools = {"b", "c"};
  say_changed(world);
  EXPECT_EQ(tools(world), (Names{"b", "c"}));
  EXPECT_EQ(world.observer.lists, std::vector<ListKind>{ListKind::tools});
  // Nothing else was asked for.
  EXPECT_EQ(world.server->count("tools/list"), 2u);
  say_changed(world);
  EXPECT_EQ(world.observer.lists.size(), 1u);
}

TEST_F(Refresh, TOOL_05b_a_burst_leads_to_no_parallel_refreshes_and_a_consistent_end) {
  World world;
  world.connect();
  world.server->holds = {"tools/list"};
  for (int i = 0; i < 10; ++i) {
    world.server->tools.push_back(fmt::format("t{}", i));
    say_changed(world);
  }
  world.server->released.set();
  world.turn();
  EXPECT_EQ(world.server->most_running["tools/list"], 1);
  EXPECT_LE(world.server->count("tools/list"), 3u);
  EXPECT_EQ(tools(world), world.server->tools);
}

TEST_F(Refresh, a_change_during_a_refresh_is_not_lost) {
  World world;
  world.connect();
  // The answer under way was written before the second change.
  world.server->then("tools/list", [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    const auto then = world.server->tool_list();
    co_await world.server->released.wait();
    co_return outcome(protocol::make_result(ask.request.id, then));
  });
  world.server->tools = {"first"};
  say_changed(world);
  world.server->tools = {"second"};
  say_changed(world);
  world.server->released.set();
  world.turn();
  EXPECT_EQ(tools(world), Names{"second"});
}

TEST_F(Refresh, a_new_session_is_listed_again) {
  World world;
  world.connect();
  world.server->tools = {"other"};
  world.report_lost(1, true, "gone");
  world.turn();
  EXPECT_EQ(tools(world), Names{"other"});
}

TEST_F(Refresh, while_the_server_is_away_its_list_stands) {
  World world;
  world.server->tools = {"a", "b"};
  world.connect();
  world.server->down = true;
  world.report_lost(1, true, "gone");
  world.advance(1h);
  EXPECT_EQ(world.state(), State::parked);
  EXPECT_EQ(tools(world), (Names{"a", "b"}));
  EXPECT_TRUE(world.observer.lists.empty());
}

TEST_F(Refresh, a_list_that_hangs_is_given_up_and_the_session_stands) {
  auto config = World::http();
  config.timeout = 10s;
  config.reconnect_attempts = 2;
  World world(config);
  world.connect();
  world.server->hangs = {"tools/list"};
  say_changed(world);
  world.advance(10min);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_LE(world.server->count("tools/list"), 5u);
  EXPECT_EQ(tools(world), Names{"echo"});
  EXPECT_TRUE(world.call()->answered());
  world.server->hangs.clear();
  world.server->tools = {"fresh"};
  say_changed(world);
  EXPECT_EQ(tools(world), Names{"fresh"});
}

TEST_F(Refresh, a_list_that_is_refused_stands_as_it_was) {
  World world;
  world.server->tools = {"a", "b"};
  world.connect();
  world.server->then("tools/list", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return outcome(protocol::make_error(ask.request.id, -32603, "not now"));
  });
  say_changed(world);
  EXPECT_EQ(tools(world), (Names{"a", "b"}));
  EXPECT_EQ(world.state(), State::ready);
}

TEST_F(Refresh, a_list_that_breaks_off_between_pages_stands_as_it_was) {
  World world;
  world.server->tools = {"a", "b"};
  world.connect();
  world.server->then("tools/list", std::string(R"({"tools":[{"name":"a"}],"nextCursor":"p2"})"));
  world.server->then("tools/list", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return outcome(protocol::make_error(ask.request.id, -32602, "bad cursor"));
  });
  say_changed(world);
  EXPECT_EQ(world.server->last("tools/list").params, R"({"cursor":"p2"})");
  EXPECT_EQ(tools(world), (Names{"a", "b"}));
}

TEST_F(Refresh, pages_are_followed) {
  World world;
  world.server->then("tools/list", std::string(R"({"tools":[{"name":"a"}],"nextCursor":"\"x"})"));
  world.server->then("tools/list", std::string(R"({"tools":[{"name":"b"}]})"));
  world.connect();
  EXPECT_EQ(tools(world), (Names{"a", "b"}));
  EXPECT_EQ(world.server->last("tools/list").params, R"({"cursor":"\"x"})");
}

TEST_F(Refresh, a_session_lost_while_listing_is_rebuilt_and_listed) {
  World world;
  world.connect();
  world.server->expire_sessions();
  world.server->tools = {"fresh"};
  say_changed(world);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(tools(world), Names{"fresh"});
}

TEST_F(Refresh, a_list_that_hangs_on_an_old_session_does_not_keep_the_new_from_being_listed) {
  World world;
  world.connect();
  world.server->then("tools/list", [&](FakeServer::Ask ask) {
    return world.server->hang(ask, world.server->never);
  });
  say_changed(world);
  world.server->tools = {"fresh"};
  world.report_lost(1, true, "gone");
  world.turn();
  ASSERT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ(tools(world), Names{"fresh"});
}

TEST_F(Refresh, a_list_that_breaks_every_time_is_no_hot_loop) {
  World world;
  world.connect();
  world.server->always["tools/list"] = [&](FakeServer::Ask) -> awaitable<transport::Outcome> {
    EXPECT_LT(world.server->count("tools/list"), 100u);
    if (world.server->count("tools/list") > 100) world.server->down = true;
    co_return outcome(reset());
  };
  say_changed(world);
  world.advance(1min);
  EXPECT_LE(world.server->count("tools/list"), 10u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(world.state(), State::ready);
}

TEST_F(Refresh, resources_and_their_templates_are_listed_together) {
  World world;
  world.server->capabilities = R"({"resources":{"listChanged":true},"prompts":{}})";
  world.connect();
  say_changed(world, "resources");
  EXPECT_EQ(world.server->count("resources/list"), 2u);
  EXPECT_EQ(world.server->count("resources/templates/list"), 2u);
  EXPECT_EQ(world.server->count("prompts/list"), 1u);
  say_changed(world, "prompts");
  EXPECT_EQ(world.server->count("prompts/list"), 2u);
}

TEST_F(Refresh, a_server_that_announces_nothing_is_asked_again_when_a_client_asks) {
  World world;
  world.server->capabilities = R"({"tools":{}})";
  world.connect();
  world.server->tools = {"fresh"};
  world.run(world.supervisor->freshen(ListKind::tools));
  EXPECT_EQ(world.server->count("tools/list"), 1u);
  world.advance(list_max_age);
  for (int i = 0; i < 5; ++i) world.run(world.supervisor->freshen(ListKind::tools));
  EXPECT_EQ(world.server->count("tools/list"), 2u);
  EXPECT_EQ(tools(world), Names{"fresh"});
}

TEST_F(Refresh, a_server_that_announces_changes_is_not_asked_again) {
  World world;
  world.connect();
  world.advance(1h);
  world.run(world.supervisor->freshen(ListKind::tools));
  EXPECT_EQ(world.server->count("tools/list"), 1u);
}

TEST_F(Refresh, a_client_does_not_wait_longer_than_2_s_for_a_fresh_list) {
  World world;
  world.server->capabilities = R"({"tools":{}})";
  world.connect();
  world.advance(1h);
  world.server->hangs = {"tools/list"};
  bool done = false;
  asio::co_spawn(
      world.home().executor(), world.supervisor->freshen(ListKind::tools),
      [&done](const std::exception_ptr&) { done = true; }
  );
  world.advance(1999ms);
  EXPECT_FALSE(done);
  world.advance(1ms);
  EXPECT_TRUE(done);
}

TEST_F(Refresh, stop_ends_a_list_that_hangs) {
  World world;
  world.connect();
  world.server->hangs = {"tools/list"};
  say_changed(world);
  world.stop();
  EXPECT_EQ(world.server->cut, 1);
}

}  // namespace
}  // namespace mooring::upstream
