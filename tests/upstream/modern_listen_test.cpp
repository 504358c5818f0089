// The one `subscriptions/listen` of a modern upstream (2026-07-28; protocol.md §6.5): what it asks
// for, what it brings, and that it stays.
#include "modern_side.hpp"
#include "steps.hpp"

namespace mooring::upstream {
namespace {

using Era = ModernSide::Era;

constexpr std::string_view all_of_it =
    R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},"resources":{"listChanged":true,"subscribe":true}})";

class ModernListen : public testing::Test {
 protected:
  /// What became of a wish; it may need the clock.
  struct Wish {
    bool done = false;
    bool granted = false;
  };
  static std::shared_ptr<Wish> want(World& world, std::string uri, bool on = true) {
    const auto wish = std::make_shared<Wish>();
    asio::co_spawn(
        world.home().executor(),
        [](std::shared_ptr<Supervisor> of, std::string what, bool how,
           std::shared_ptr<Wish> to) -> awaitable<void> {
          to->granted = co_await of->subscribe(std::move(what), how);
          to->done = true;
        }(world.supervisor, std::move(uri), on, wish),
        [](const std::exception_ptr&) {}
    );
    world.turn();
    return wish;
  }
  static std::string updated(std::string_view uri) { return fmt::format(R"({{"uri":"{}"}})", uri); }
};

TEST_F(ModernListen, asks_for_what_the_server_offers) {
  struct Row {
    std::string_view capabilities, wanted;
  };
  for (const auto& row : std::to_array<Row>({
           {all_of_it,
            R"({"toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true})"},
           {R"({"tools":{"listChanged":true},"prompts":{"listChanged":false}})",
            R"({"toolsListChanged":true})"},
           {R"({"tools":{},"resources":{"subscribe":true}})", ""},
           {"{}", ""},
       })) {
    for (const auto& config : {modern_http(), modern_stdio()}) {
      World world(config);
      world.server->capabilities = row.capabilities;
      ModernSide modern(world);
      world.connect();
      ASSERT_EQ(modern.listens.size(), row.wanted.empty() ? 0u : 1u) << row.capabilities;
      if (row.wanted.empty()) continue;
      EXPECT_EQ(modern.last().wanted(), row.wanted);
      const auto& seen = world.server->last("subscriptions/listen");
      EXPECT_NE(seen.params.find("io.modelcontextprotocol/protocolVersion"), std::string::npos);
      EXPECT_EQ(seen.headers.contains("Mcp-Method"), !config.url.empty());
      EXPECT_FALSE(seen.headers.contains("Mcp-Name"));
    }
  }
}

TEST_F(ModernListen, a_changed_list_is_listed_again) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->tools = {"echo", "new"};
  modern.tell(modern.last(), "notifications/tools/list_changed");
  EXPECT_EQ(world.server->count("tools/list"), 2u);
  EXPECT_EQ((*world.snapshot().catalogue)[ListKind::tools].items.size(), 2u);
  EXPECT_EQ(world.observer.lists, std::vector<ListKind>{ListKind::tools});
  EXPECT_TRUE(world.observer.notifications.empty());
}

TEST_F(ModernListen, an_update_reaches_the_observer_without_the_number_of_our_listen) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    world.server->capabilities = all_of_it;
    ModernSide modern(world);
    world.connect();
    const auto wish = want(world, "a:b");
    ASSERT_TRUE(wish->done);
    EXPECT_TRUE(wish->granted);
    modern.tell(
        modern.last(), "notifications/resources/updated", R"({"uri":"a:b","_meta":{"vendor":1.0}})"
    );
    modern.tell(modern.last(), "notifications/resources/updated", updated("a:b"));
    ASSERT_EQ(world.observer.notifications.size(), 2u);
    EXPECT_EQ(
        world.observer.notifications[0],
        R"({"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b","_meta":{"vendor":1.0}}})"
    );
    EXPECT_EQ(
        world.observer.notifications[1],
        R"({"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"a:b"}})"
    );
  }
}

TEST_F(ModernListen, wishes_change_without_a_gap) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    world.server->capabilities = all_of_it;
    ModernSide modern(world);
    world.connect();
    modern.acknowledges = false;
    const auto wish = want(world, "a:\"b\"");
    ASSERT_EQ(modern.listens.size(), 2u);
    EXPECT_TRUE(modern.listens[0]->open) << "until the next one stands";
    EXPECT_FALSE(wish->done);
    EXPECT_EQ(protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["a:\"b\""])");
    EXPECT_EQ(protocol::member(modern.last().wanted(), "toolsListChanged"), "true");
    modern.acknowledge(modern.last());
    EXPECT_TRUE(wish->granted);
    EXPECT_FALSE(modern.listens[0]->open);
    EXPECT_TRUE(modern.listens[0]->given_up);
    EXPECT_TRUE(modern.listens[1]->open);
    // A process has to be told.
    ASSERT_EQ(world.server->count("notifications/cancelled"), config.url.empty() ? 1u : 0u);
    if (config.url.empty()) {
      EXPECT_EQ(
          protocol::member(world.server->last("notifications/cancelled").params, "requestId"),
          modern.listens[0]->id
      );
    }
    modern.acknowledges = true;
    EXPECT_TRUE(want(world, "c:d")->granted);
    EXPECT_EQ(
        protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["a:\"b\"","c:d"])"
    );
    EXPECT_TRUE(want(world, "a:\"b\"", false)->granted);
    EXPECT_EQ(protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["c:d"])");
    EXPECT_TRUE(want(world, "c:d", false)->granted);
    EXPECT_FALSE(protocol::member(modern.last().wanted(), "resourceSubscriptions"));
    EXPECT_EQ(modern.open(), 1u);
    EXPECT_EQ(modern.listens.size(), 5u);
  }
}

TEST_F(ModernListen, what_is_wanted_already_needs_no_other_listen) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  EXPECT_TRUE(want(world, "a:b")->granted);
  EXPECT_TRUE(want(world, "a:b")->granted);
  EXPECT_EQ(modern.listens.size(), 2u);
  EXPECT_TRUE(want(world, "never:wanted", false)->granted);
  EXPECT_EQ(modern.listens.size(), 2u);
}

TEST_F(ModernListen, a_burst_of_wishes_ends_in_one_listen_for_all) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  modern.acknowledges = false;
  std::vector<std::shared_ptr<Wish>> wishes;
  for (int i = 0; i < 10; ++i) wishes.push_back(want(world, fmt::format("r:{}", i)));
  ASSERT_EQ(modern.listens.size(), 2u);
  modern.acknowledges = true;
  modern.acknowledge(modern.last());
  for (const auto& wish : wishes) EXPECT_TRUE(wish->granted);
  EXPECT_EQ(modern.listens.size(), 3u);
  EXPECT_EQ(modern.open(), 1u);
}

TEST_F(ModernListen, a_server_without_lists_that_change_is_listened_to_while_something_is_wanted) {
  World world(modern_http());
  world.server->capabilities = R"({"resources":{"subscribe":true}})";
  ModernSide modern(world);
  world.connect();
  EXPECT_EQ(modern.listens.size(), 0u);
  EXPECT_TRUE(want(world, "a:b")->granted);
  EXPECT_EQ(modern.open(), 1u);
  EXPECT_TRUE(want(world, "a:b", false)->granted);
  EXPECT_EQ(modern.open(), 0u);
  EXPECT_TRUE(want(world, "a:b")->granted);
  EXPECT_EQ(modern.open(), 1u);
}

TEST_F(ModernListen, what_the_server_does_not_take_is_refused_and_forgotten) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  modern.honours = R"({"toolsListChanged":true,"resourceSubscriptions":["a:b"]})";
  const auto known = want(world, "a:b");
  const auto unknown = want(world, "x:y");
  EXPECT_TRUE(known->granted);
  ASSERT_TRUE(unknown->done);
  EXPECT_FALSE(unknown->granted);
  EXPECT_EQ(protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["a:b"])");
  EXPECT_EQ(modern.open(), 1u);
}

TEST_F(ModernListen, a_server_that_takes_no_subscriptions_is_not_asked_for_one) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  const auto wish = want(world, "a:b");
  ASSERT_TRUE(wish->done);
  EXPECT_FALSE(wish->granted);
  EXPECT_EQ(modern.listens.size(), 1u);
}

TEST_F(ModernListen, an_acknowledgement_that_does_not_come) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  EXPECT_TRUE(want(world, "a:b")->granted);
  modern.acknowledges = false;
  const auto wish = want(world, "c:d");
  world.advance(5s);
  ASSERT_TRUE(wish->done);
  EXPECT_FALSE(wish->granted);
  // What stood goes on, and the next wish has its own chance.
  EXPECT_TRUE(modern.listens[1]->open);
  modern.acknowledges = true;
  const auto next = want(world, "e:f");
  world.advance(5s);
  ASSERT_TRUE(next->done);
  EXPECT_TRUE(next->granted);
  EXPECT_EQ(protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["a:b","e:f"])");
  EXPECT_EQ(modern.open(), 1u);
}

TEST_F(ModernListen, a_server_that_never_acknowledges_is_heard_all_the_same) {
  World world(modern_http());
  ModernSide modern(world);
  modern.acknowledges = false;
  world.connect();
  world.server->tools = {"new"};
  modern.tell(modern.last(), "notifications/tools/list_changed");
  EXPECT_EQ(world.server->count("tools/list"), 2u);
  world.advance(600s);
  EXPECT_EQ(modern.open(), 1u);
  EXPECT_LE(modern.listens.size(), 20u) << "no hot loop";
  world.server->tools = {"newer"};
  modern.tell(modern.last(), "notifications/tools/list_changed");
  EXPECT_EQ((*world.snapshot().catalogue)[ListKind::tools].items.at(0).key, "newer");
}

TEST_F(ModernListen, an_acknowledgement_of_something_else_is_none) {
  World world(modern_http());
  ModernSide modern(world);
  modern.acknowledges = false;
  world.connect();
  const auto& sink = modern.last().sink;
  for (const auto* params :
       {R"({"notifications":{}})", R"({"_meta":{"io.modelcontextprotocol/subscriptionId":77}})",
        R"({"_meta":{"io.modelcontextprotocol/subscriptionId":null},"notifications":7})", "[]"}) {
    world.run(
        [](transport::Sink& to, Frame frame) -> awaitable<void> {
          co_await to.message(std::move(frame));
        }(*sink, *Frame::parse(
                     protocol::make_notification("notifications/subscriptions/acknowledged", params)
                 ))
    );
  }
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_TRUE(world.observer.notifications.empty());
}

TEST_F(ModernListen, a_refused_listen_is_not_asked_for_again_in_that_session) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.server->always["subscriptions/listen"] = modern.says(404, -32601, "Method not found");
  world.connect();
  world.advance(600s);
  EXPECT_EQ(world.server->count("subscriptions/listen"), 1u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_TRUE(world.call()->answered());
  // Nobody has to wait for what cannot be.
  const auto wish = want(world, "a:b");
  ASSERT_TRUE(wish->done);
  EXPECT_FALSE(wish->granted);
}

TEST_F(ModernListen, a_listen_that_is_refused_for_the_moment_is_asked_for_again) {
  for (const int status : {500, 503, 429, 200}) {
    World world(modern_http());
    ModernSide modern(world);
    world.server->next["subscriptions/listen"].push_back(
        status == 200 ? says(-32603, "try later") : modern.says(status, -32603, "try later")
    );
    world.connect();
    world.advance(10s);
    EXPECT_EQ(modern.open(), 1u) << status;
    EXPECT_EQ(world.snapshot().session->generation, 1u) << status;
  }
}

TEST_F(ModernListen, a_wish_that_is_refused_leaves_what_stands) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  world.server->next["subscriptions/listen"].push_back(modern.says(400, -32602, "unknown uri"));
  const auto wish = want(world, "x:y");
  world.advance(5s);
  ASSERT_TRUE(wish->done);
  EXPECT_FALSE(wish->granted);
  EXPECT_EQ(modern.open(), 1u) << "its lists are still listened for";
  world.advance(600s);
  EXPECT_EQ(modern.open(), 1u);
  EXPECT_TRUE(want(world, "a:b")->granted);
}

TEST_F(ModernListen, a_broken_listen_is_opened_again_and_what_was_missed_is_listed) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->tools = {"echo", "missed"};
  modern.break_off(modern.last());
  EXPECT_EQ(modern.listens.size(), 2u) << "at once";
  EXPECT_EQ(modern.open(), 1u);
  EXPECT_EQ((*world.snapshot().catalogue)[ListKind::tools].items.size(), 2u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_EQ(world.state(), State::ready);
}

TEST_F(ModernListen, one_that_breaks_over_and_over_is_asked_for_ever_more_slowly) {
  World world(modern_http());
  ModernSide modern(world);
  world.server->always["subscriptions/listen"] = ends_in(reset());
  world.connect();
  world.advance(600s);
  EXPECT_GE(world.server->count("subscriptions/listen"), 5u);
  EXPECT_LE(world.server->count("subscriptions/listen"), 25u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_EQ(world.server->count("tools/list"), 1u);
}

TEST_F(ModernListen, one_that_the_server_ends_properly_is_opened_again) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  for (int i = 0; i < 5; ++i) {
    modern.end(modern.last(), outcome(protocol::make_result(modern.last().id, "{}")));
    world.advance(90s);
    ASSERT_EQ(modern.open(), 1u) << i;
  }
  EXPECT_EQ(modern.listens.size(), 6u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
}

TEST_F(ModernListen, a_new_session_listens_for_what_was_wanted) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    world.server->capabilities = all_of_it;
    ModernSide modern(world);
    world.connect();
    EXPECT_TRUE(want(world, "a:b")->granted);
    world.supervisor->reconnect_now();
    world.turn();
    world.advance(5s);
    ASSERT_EQ(world.state(), State::ready);
    EXPECT_EQ(world.snapshot().session->generation, 2u);
    EXPECT_EQ(modern.open(), 1u);
    EXPECT_EQ(protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["a:b"])");
    EXPECT_EQ(world.server->count("resources/subscribe"), 0u);
  }
}

TEST_F(ModernListen, a_wish_while_the_server_is_away_waits_five_seconds) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  world.server->down = true;
  modern.break_off(modern.last());
  const auto lost = want(world, "a:b");
  world.advance(5s);
  ASSERT_TRUE(lost->done);
  EXPECT_FALSE(lost->granted);
  world.server->down = false;
  world.advance(600s);
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_FALSE(protocol::member(modern.last().wanted(), "resourceSubscriptions"));
}

TEST_F(ModernListen, legacy_subscribe_and_unsubscribe_change_it) {
  World world(modern_http());
  world.server->capabilities = all_of_it;
  ModernSide modern(world);
  world.connect();
  const auto send = [&](std::string_view method, std::string_view uri) {
    const auto call =
        world.send(protocol::make_request("1", method, fmt::format(R"({{"uri":"{}"}})", uri)));
    EXPECT_TRUE(call->answered()) << method;
    return call->answered() && call->result.response->kind() == Frame::Kind::result;
  };
  EXPECT_TRUE(send("resources/subscribe", "a:b"));
  EXPECT_EQ(protocol::member(modern.last().wanted(), "resourceSubscriptions"), R"(["a:b"])");
  modern.honours = R"({"resourceSubscriptions":["a:b"]})";
  EXPECT_FALSE(send("resources/subscribe", "x:y"));
  EXPECT_TRUE(send("resources/unsubscribe", "a:b"));
  EXPECT_FALSE(protocol::member(modern.last().wanted(), "resourceSubscriptions"));
}

TEST_F(ModernListen, ends_with_the_supervisor) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world);
    world.connect();
    world.stop();
    EXPECT_EQ(modern.open(), 0u);
    EXPECT_EQ(modern.listens.size(), 1u);
    EXPECT_TRUE(world.server->ended.empty());
  }
}

}  // namespace
}  // namespace mooring::upstream
