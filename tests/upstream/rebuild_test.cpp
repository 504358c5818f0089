// What follows when a session that stood is lost.
#include "world.hpp"

namespace mooring::upstream {
namespace {

using Methods = std::vector<std::string>;

TEST(Rebuild, EXP_16_a_lost_session_is_replaced_and_the_old_one_ended) {
  World world;
  world.connect();
  world.report_lost(1, true, "HTTP 404");
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ(world.snapshot().session->headers->session_id, "s-2");
  EXPECT_EQ(world.server->ended, std::vector<std::string>{"s-1"});
  EXPECT_EQ(world.status().recoveries, 1u);
}

TEST(Rebuild, a_loss_of_an_older_generation_changes_nothing) {
  World world;
  world.connect();
  world.report_lost(1, true, "HTTP 404");
  world.turn();
  for (int i = 0; i < 5; ++i) world.report_lost(1, true, "late");
  world.report_lost(7, true, "never was");
  world.turn();
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
}

TEST(Rebuild, SM_21_a_suspect_connection_is_asked_and_its_session_kept) {
  World world;
  world.connect();
  const auto listed = world.server->count("tools/list");
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  EXPECT_GT(world.server->count("tools/list"), listed);
  EXPECT_EQ(world.server->last("tools/list").session, "s-1");
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
  EXPECT_EQ(world.snapshot().session->headers->session_id, "s-1");
  EXPECT_TRUE(world.server->ended.empty());
  EXPECT_EQ(world.status().recoveries, 0u);
}

TEST(Rebuild, SM_21_a_suspect_that_does_not_answer_within_5_s_is_replaced) {
  World world;
  world.connect();
  world.server->hangs = {"tools/list"};
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  EXPECT_EQ(world.state(), State::suspect);
  world.advance(5s);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
}

TEST(Rebuild, a_suspect_whose_session_is_gone_is_replaced) {
  World world;
  world.connect();
  world.server->expire_sessions();
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  EXPECT_EQ(world.snapshot().session->headers->session_id, "s-2");
}

TEST(Rebuild, SM_04_SM_18_a_server_that_stays_down_is_tried_five_times_more_then_parked) {
  World world;
  world.connect();
  world.server->down = true;
  world.report_lost(1, true, "gone");
  world.turn();
  EXPECT_EQ(world.state(), State::backing_off);
  EXPECT_EQ(world.status().attempts, 1);
  world.advance(40s);
  EXPECT_EQ(world.state(), State::parked);
  EXPECT_EQ(world.status().attempts, 6);
  EXPECT_TRUE(world.snapshot().catalogue);
  world.server->down = false;
  world.advance(300s);
  EXPECT_EQ(world.state(), State::ready);
}

TEST(Rebuild, EXP_27_the_new_session_may_differ) {
  World world;
  world.connect();
  world.server->with_session_ids = false;
  world.server->version = "2025-03-26";
  world.report_lost(1, true, "gone");
  world.turn();
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "");
  EXPECT_EQ(world.server->last("tools/call").version, "2025-03-26");
}

TEST(Rebuild, log_level_and_subscriptions_are_restored) {
  World world;
  world.server->capabilities = R"({"tools":{},"logging":{},"resources":{"subscribe":true}})";
  world.connect();
  world.supervisor->remember_log_level("warning");
  world.supervisor->remember_subscription("file:///a", true);
  world.supervisor->remember_subscription("file:///\"b\"", true);
  world.supervisor->remember_subscription("file:///c", true);
  world.supervisor->remember_subscription("file:///c", false);
  world.turn();
  EXPECT_EQ(world.server->count("logging/setLevel"), 0u);
  world.report_lost(1, true, "gone");
  world.turn();
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->last("logging/setLevel").params, R"({"level":"warning"})");
  EXPECT_EQ(world.server->last("logging/setLevel").session, "s-2");
  ASSERT_EQ(world.server->count("resources/subscribe"), 2u);
  EXPECT_EQ(world.server->last("resources/subscribe").session, "s-2");
}

TEST(Rebuild, nothing_is_restored_that_the_new_server_does_not_offer) {
  World world;
  world.connect();
  world.supervisor->remember_log_level("warning");
  world.supervisor->remember_subscription("file:///a", true);
  world.turn();
  world.report_lost(1, true, "gone");
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("logging/setLevel"), 0u);
  EXPECT_EQ(world.server->count("resources/subscribe"), 0u);
}

TEST(Rebuild, REC_05_a_process_that_dies_is_started_again) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.channels->processes[0]->die();
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  ASSERT_EQ(world.channels->processes.size(), 2u);
  EXPECT_TRUE(world.channels->processes[0]->closed);
  EXPECT_EQ(world.status().pid, 1001);
  EXPECT_TRUE(world.call()->answered());
}

TEST(Rebuild, REC_07_a_process_that_dies_after_each_start_is_no_hot_loop) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  for (int i = 0; i < 20; ++i) {
    if (world.state() == State::ready) world.channels->processes.back()->die();
    world.turn();
  }
  EXPECT_LE(world.channels->processes.size(), 8u);
  EXPECT_NE(world.state(), State::ready);
}

TEST(Rebuild, SM_09_a_server_that_lives_for_a_while_keeps_its_budget) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  for (int i = 0; i < 20; ++i) {
    world.advance(10min);
    ASSERT_EQ(world.state(), State::ready) << i;
    world.channels->processes.back()->die();
    world.turn();
    EXPECT_EQ(world.state(), State::ready) << i;
  }
}

TEST(Rebuild, EXP_26_a_server_that_refuses_each_new_session_is_not_asked_for_ever) {
  World world;
  world.connect();
  world.server->always["tools/list"] = [](FakeServer::Ask) -> awaitable<transport::Outcome> {
    auto gone = http_failure(404);
    gone.sent_session_id = true;
    co_return outcome(gone);
  };
  world.report_lost(1, true, "gone");
  for (int i = 0; i < 60; ++i) {
    ASSERT_LE(world.server->count("initialize"), 12u) << "a hot loop";
    world.advance(1s);
  }
  EXPECT_LE(world.server->count("initialize"), 9u);
}

TEST(Rebuild, reconnect_replaces_a_session_that_stands) {
  World world;
  world.connect();
  world.supervisor->reconnect_now();
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ(world.server->ended, std::vector<std::string>{"s-1"});
}

TEST(Rebuild, a_loss_and_a_reconnect_at_once_are_one_attempt) {
  World world;
  world.connect();
  world.report_lost(1, true, "gone");
  world.supervisor->reconnect_now();
  world.turn();
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
}

TEST(Rebuild, a_reconnect_asked_for_during_an_attempt_is_that_attempt) {
  World world;
  world.connect();
  world.server->holds = {"initialize"};
  world.report_lost(1, true, "gone");
  world.turn();
  ASSERT_EQ(world.state(), State::recovering);
  for (int i = 0; i < 3; ++i) world.supervisor->reconnect_now();
  world.server->released.set();
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
}

TEST(Rebuild, SM_23_a_stream_that_ends_is_opened_again_where_it_stopped) {
  World world;
  world.server->offers_stream = true;
  world.connect();
  ASSERT_EQ(world.server->streams, std::vector<std::string>{""});
  world.server->stream_end.last_event_id = "e-7";
  world.server->stream_ends.notify();
  world.advance(2s);
  EXPECT_EQ(world.server->streams, (std::vector<std::string>{"", "e-7"}));
  EXPECT_EQ(world.server->count("initialize"), 1u);
  world.server->stream_end.last_event_id = "";
  world.server->stream_end.retry = 60s;
  world.server->stream_ends.notify();
  world.advance(59s);
  EXPECT_EQ(world.server->streams.size(), 2u);
  world.advance(1s);
  EXPECT_EQ(world.server->streams.back(), "e-7");
}

TEST(Rebuild, a_stream_that_is_refused_leads_to_one_question) {
  World world;
  world.server->offers_stream = true;
  world.server->stream_end.failure = http_failure(500);
  world.server->stream_ends.set();
  world.start();
  world.advance(100s);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.status().episodes.size(), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Rebuild, the_stream_of_an_old_session_ends_with_it) {
  World world;
  world.server->offers_stream = true;
  world.connect();
  world.report_lost(1, true, "gone");
  world.turn();
  world.server->stream_ends.notify();
  world.advance(2s);
  // One of the old session, one of the new, and that one again: never two of the old.
  EXPECT_EQ(world.server->streams.size(), 3u);
}

TEST(Rebuild, an_attempt_that_fails_and_is_stopped_returns) {
  World world;
  world.connect();
  world.server->hangs = {"initialize"};
  world.report_lost(1, true, "gone");
  world.turn();
  world.stop();
  EXPECT_EQ(world.state(), State::stopped);
}

TEST(Rebuild, what_the_server_says_on_its_own_reaches_the_observer) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  auto* sink = world.channels->processes[0]->listener;
  ASSERT_NE(sink, nullptr);
  const auto say = [&](std::string_view method, std::string_view id = {}) {
    auto bytes = id.empty() ? protocol::make_notification(method, "{}")
                            : protocol::make_request(id, method, "{}");
    world.run(sink->message(std::move(*Frame::parse(std::move(bytes)))));
  };
  say("notifications/message");
  say("notifications/resources/updated");
  say("notifications/progress");
  say("notifications/cancelled");
  EXPECT_EQ(world.observer.notifications.size(), 2u);
  world.observer.answer = R"({"jsonrpc":"2.0","id":5,"result":{"theirs":true}})";
  say("sampling/createMessage", "5");
  EXPECT_EQ(world.server->last("response").params, *world.observer.answer);
}

TEST(Rebuild, every_worker_is_told) {
  World world(World::http(), 3);
  world.connect();
  for (std::size_t worker = 0; worker < 3; ++worker) {
    EXPECT_EQ(world.snapshot(worker).state, State::ready);
    EXPECT_EQ(world.snapshot(worker).session, world.snapshot(0).session);
  }
  world.report_lost(1, true, "gone");
  world.turn();
  for (std::size_t worker = 0; worker < 3; ++worker) {
    EXPECT_EQ(world.snapshot(worker).session->generation, 2u);
  }
}

}  // namespace
}  // namespace mooring::upstream
