// The way of a call: what is sent, what is repeated, what it waits for.
#include "protocol/json_scan.hpp"
#include "talk.hpp"

namespace mooring::upstream {
namespace {

using Messages = std::vector<std::string>;

// ---- what is sent

TEST(Call, only_the_id_the_name_and_the_token_are_replaced) {
  World world;
  world.connect();
  auto made = std::make_shared<World::Call>(
      R"({ "id" : "c\u002d1","jsonrpc":"2.0", "method":"tools/call","x":[1.50,{ }],)"
      R"("params":{"name":"s__echo","_meta":{"progressToken":7,"k":1e2},"arguments":{"name":"n"}}})"
  );
  std::string sent;
  world.server->then("tools/call", [&sent](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    sent = ask.request.bytes;
    EXPECT_EQ(ask.request.progress_token, ask.request.id);
    EXPECT_EQ(ask.request.method, "tools/call");
    EXPECT_TRUE(ask.request.from_client);
    co_return outcome(protocol::make_result(ask.request.id, "{}"));
  });
  CallRequest request;
  request.frame = &made->frame;
  request.name = "echo \"1\"";
  world.launch(made, std::move(request));
  ASSERT_TRUE(made->answered());
  const auto id = std::string(made->result.response->id());
  EXPECT_EQ(
      sent, fmt::format(
                R"({{ "id" : {0},"jsonrpc":"2.0", "method":"tools/call","x":[1.50,{{ }}],)"
                R"("params":{{"name":"echo \"1\"","_meta":{{"progressToken":{0},"k":1e2}},)"
                R"("arguments":{{"name":"n"}}}}}})",
                id
            )
  );
}

TEST(Call, ids_are_never_shared_not_even_between_workers) {
  World world(World::http(), 3);
  world.connect();
  std::set<std::string> ids;
  for (const auto& seen : world.server->seen) {
    if (!seen.id.empty()) ids.insert(seen.id);
  }
  const auto before = ids.size();
  for (std::size_t worker = 0; worker < 3; ++worker) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(world.call(params(), worker)->answered());
      EXPECT_TRUE(ids.insert(world.server->last("tools/call").id).second);
    }
  }
  EXPECT_EQ(ids.size(), before + 30);
}

TEST(Call, progress_comes_back_under_the_clients_own_token) {
  World world;
  world.connect();
  Talk talk(world);
  const auto call = world.call(with_token);
  talk.say(progress(talk.id, 5));
  talk.say(progress("999", 6));
  talk.answer();
  EXPECT_TRUE(call->answered());
  EXPECT_EQ(call->sink.messages, (Messages{progress("\"mine\"", 5), progress("999", 6)}));
}

TEST(Call, what_concerns_the_session_does_not_go_to_the_call) {
  World world;
  world.connect();
  Talk talk(world);
  const auto call = world.call();
  world.server->tools = {"echo", "more"};
  talk.say(protocol::make_notification("notifications/tools/list_changed"));
  talk.say(protocol::make_notification("notifications/resources/updated", R"({"uri":"u"})"));
  talk.say(protocol::make_notification("notifications/message", R"({"data":"log"})"));
  talk.answer();
  EXPECT_EQ(
      call->sink.messages,
      Messages{protocol::make_notification("notifications/message", R"({"data":"log"})")}
  );
  EXPECT_EQ(world.observer.lists, std::vector<ListKind>{ListKind::tools});
  EXPECT_EQ(world.observer.notifications.size(), 1u);
}

TEST(Call, a_large_result_flows_through) {
  struct Body final : transport::BodyStream {
    awaitable<std::expected<std::string_view, Failure>> read_some() override {
      co_return std::exchange(rest, {});
    }
    std::string_view rest = "{\"big\":true}";
  };
  World world;
  world.connect();
  world.server->then("tools/call", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    EXPECT_EQ(ask.request.stream_over, 100u);
    transport::Outcome made;
    made.stream = std::make_unique<Body>();
    co_return made;
  });
  auto made = std::make_shared<World::Call>(protocol::make_request("1", "tools/call", params()));
  CallRequest request;
  request.frame = &made->frame;
  request.stream_over = 100;
  world.launch(made, std::move(request));
  ASSERT_TRUE(made->done);
  ASSERT_TRUE(made->result.stream);
  world.run([](transport::BodyStream& body) -> awaitable<void> {
    EXPECT_EQ(co_await body.read_some(), "{\"big\":true}");
    EXPECT_EQ(co_await body.read_some(), "");
  }(*made->result.stream));
}

// ---- lost sessions

TEST(Call, EXP_01_EXP_18_a_404_leads_to_one_initialize_and_one_repeat) {
  World world;
  world.connect();
  world.server->expire_sessions();
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.generation, 2u);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  ASSERT_EQ(world.server->count("tools/call"), 2u);
  Messages sessions;
  for (const auto& seen : world.server->seen) {
    if (seen.method == "tools/call") sessions.push_back(seen.session);
  }
  EXPECT_EQ(sessions, (Messages{"s-1", "s-2"}));
}

TEST(Call, EXP_10_every_operation_is_repeated_after_a_lost_session) {
  for (const auto* method :
       {"resources/list", "resources/read", "prompts/list", "prompts/get", "completion/complete"}) {
    World world;
    world.connect();
    world.server->expire_sessions();
    const auto call = world.send(protocol::make_request("1", method, "{}"));
    EXPECT_TRUE(call->answered()) << method;
    EXPECT_EQ(world.server->last(method).session, "s-2") << method;
  }
}

TEST(Call, EXP_21_twenty_calls_on_three_workers_share_one_rebuild) {
  World world(World::http(), 3);
  world.connect();
  world.server->holds = {"tools/call"};
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 20; ++i) calls.push_back(world.call(params(), i % 3));
  ASSERT_EQ(world.server->running["tools/call"], 20);
  world.server->expire_sessions();
  world.server->released.set();
  world.turn();
  for (const auto& call : calls) EXPECT_TRUE(call->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.server->count("tools/call"), 40u);
  EXPECT_EQ(world.status().recoveries, 1u);
}

TEST(Call, EXP_09_a_server_that_refuses_every_session_costs_two_attempts) {
  World world;
  world.connect();
  world.server->always["tools/call"] = [](FakeServer::Ask) -> awaitable<transport::Outcome> {
    auto gone = http_failure(404);
    gone.sent_session_id = true;
    gone.body = "Session not found";
    co_return outcome(gone);
  };
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "session_lost");
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_TRUE(call->error().retryable);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  EXPECT_LE(world.server->count("initialize"), 3u);
}

TEST(Call, EXP_13_a_rebuild_that_takes_longer_than_recovery_wait_is_not_waited_for) {
  World world;
  world.connect();
  world.server->expire_sessions();
  world.server->hangs = {"initialize"};
  const auto begun = world.now();
  const auto call = world.call();
  world.advance(14999ms);
  EXPECT_FALSE(call->done);
  world.advance(20s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->ended - begun, 15s);
  EXPECT_TRUE(call->error().not_executed());
  // The rebuild goes on.
  EXPECT_EQ(world.state(), State::recovering);
  EXPECT_EQ(world.server->cut, 0);
}

TEST(Call, EXP_20c_a_404_that_is_an_answer_is_no_lost_session) {
  World world;
  world.connect();
  auto answer = http_failure(404);
  answer.sent_session_id = true;
  answer.body = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"unknown tool"}})";
  world.server->then("tools/call", answer);
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

// ---- repeated or not

TEST(Call, what_may_have_run_is_never_repeated) {
  for (const auto stage : {Stage::write, Stage::headers, Stage::body, Stage::process}) {
    World world;
    world.connect();
    auto failure = reset();
    failure.stage = stage;
    world.server->then("tools/call", failure);
    const auto call = world.call();
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->error().delivery, Delivery::unknown);
    EXPECT_FALSE(call->error().not_executed());
    EXPECT_FALSE(call->error().retryable);
    EXPECT_NE(call->error().advice.find("may have run"), std::string::npos);
    EXPECT_EQ(world.server->count("tools/call"), 1u);
  }
}

TEST(Call, what_was_not_sent_is_repeated_once) {
  World world;
  world.connect();
  const auto listed = world.server->count("tools/list");
  world.server->then("tools/call", connect_refused());
  const auto call = world.call();
  EXPECT_TRUE(call->answered());
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  // The connection was suspect, the session was not: it was asked first.
  EXPECT_GT(world.server->count("tools/list"), listed);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Call, what_was_not_sent_twice_is_an_error) {
  World world;
  world.connect();
  world.server->then("tools/call", connect_refused());
  world.server->then("tools/call", connect_refused());
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "transient");
  EXPECT_EQ(call->error().delivery, Delivery::not_sent);
  EXPECT_TRUE(call->error().retryable);
  EXPECT_NE(call->error().message.find("connection refused"), std::string::npos);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
}

TEST(Call, EXP_06_an_http_error_is_told_once) {
  World world;
  world.connect();
  world.server->then("tools/call", http_failure(500, Delivery::unknown));
  const auto call = world.call();
  EXPECT_EQ(call->error().kind, "other");
  EXPECT_NE(call->error().message.find("500"), std::string::npos);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(world.state(), State::ready);
}

TEST(Call, SM_10_refused_credentials_get_one_grace_reconnect_and_then_park_it) {
  World world;
  world.connect();
  ASSERT_TRUE(world.call()->answered());
  world.server->then("tools/call", http_failure(401));
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
  world.server->then("tools/call", http_failure(401));
  world.server->then("tools/call", http_failure(401));
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "auth");
  EXPECT_NE(call->error().advice.find("credentials"), std::string::npos);
  EXPECT_FALSE(call->error().retryable);
  EXPECT_EQ(world.server->count("initialize"), 3u);
  EXPECT_EQ(world.state(), State::parked);
}

TEST(Call, REC_12_an_error_of_the_server_is_its_answer) {
  World world;
  world.connect();
  world.server->then("tools/call", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return outcome(protocol::make_error(ask.request.id, -32602, "bad value"));
  });
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::error);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Call, REC_06_a_process_that_dies_during_a_call_ends_it_at_once) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.server->hangs = {"tools/call"};
  const auto call = world.call();
  world.channels->processes[0]->die();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  world.server->hangs.clear();
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.channels->processes.size(), 2u);
}

// ---- waiting for a session

TEST(Call, a_first_connect_is_waited_for_as_long_as_it_may_take) {
  World world;
  world.server->holds = {"initialize"};
  world.start();
  const auto call = world.call();
  world.advance(50s);
  EXPECT_FALSE(call->done);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
}

TEST(Call, REC_08_a_rebuild_is_waited_for_queue_wait) {
  World world;
  world.connect();
  world.server->down = true;
  world.report_lost(1, true, "gone");
  world.turn();
  const auto begun = world.now();
  const auto short_of = world.call();
  world.advance(4999ms);
  EXPECT_FALSE(short_of->done);
  world.advance(1ms);
  ASSERT_TRUE(short_of->done);
  EXPECT_EQ(short_of->ended - begun, 5s);
  EXPECT_EQ(short_of->error().kind, "unavailable");
  EXPECT_TRUE(short_of->error().not_executed());
  EXPECT_TRUE(short_of->error().retryable);
  const auto in_time = world.call();
  world.server->down = false;
  world.advance(5s);
  EXPECT_TRUE(in_time->answered());
}

TEST(Call, REC_09_SM_20_parked_answers_at_once_and_asks_for_one_early_attempt) {
  auto config = World::http();
  config.reconnect_attempts = 0;
  World world(config);
  world.connect();
  world.server->down = true;
  world.report_lost(1, true, "gone");
  world.turn();
  ASSERT_EQ(world.state(), State::parked);
  EXPECT_NE((*world.snapshot().catalogue)[ListKind::tools].find("echo"), nullptr);
  world.advance(100s);

  const auto attempts = [&] { return world.status().attempts; };
  const auto before = attempts();
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "unavailable");
  EXPECT_EQ(call->error().delivery, Delivery::not_sent);
  EXPECT_TRUE(call->error().retryable);
  EXPECT_EQ(call->error().retry_after, 200s);
  EXPECT_NE(call->error().message.find("next probe in 200 s"), std::string::npos)
      << call->error().message;
  EXPECT_NE(call->error().message.find("connection refused"), std::string::npos);
  EXPECT_EQ(attempts(), before + 1);

  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(world.call()->done);
    world.advance(400ms);
  }
  EXPECT_EQ(attempts(), before + 1);
  world.advance(2s);
  EXPECT_TRUE(world.call()->done);
  EXPECT_EQ(attempts(), before + 2);

  world.server->down = false;
  world.advance(10s);
  world.call();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_TRUE(world.call()->answered());
}

TEST(Call, disabled_and_stopped_servers_say_so) {
  auto config = World::http();
  config.enabled = false;
  World world(config);
  world.start();
  const auto disabled = world.call();
  EXPECT_NE(disabled->error().message.find("disabled"), std::string::npos);
  EXPECT_FALSE(disabled->error().retryable);

  World other;
  other.connect();
  other.stop();
  const auto stopped = other.call();
  EXPECT_NE(stopped->error().message.find("stopped"), std::string::npos);
}

TEST(Call, stop_ends_the_waiting) {
  World world;
  world.server->hangs = {"initialize"};
  world.start();
  const auto call = world.call();
  world.stop();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_TRUE(call->error().not_executed());
}

// ---- notifications and catalogues

TEST(Link, a_notification_goes_to_the_session_it_is_for) {
  World world;
  world.connect();
  world.run(world.links[0]->notify(protocol::make_notification("notifications/a")));
  world.run(world.links[0]->notify(protocol::make_notification("notifications/b"), 1));
  world.run(world.links[0]->notify(protocol::make_notification("notifications/c"), 2));
  EXPECT_EQ(world.server->last("notifications/a").session, "s-1");
  EXPECT_EQ(world.server->count("notifications/b"), 1u);
  EXPECT_EQ(world.server->count("notifications/c"), 0u);
  world.server->down = true;
  world.run(world.links[0]->notify(protocol::make_notification("notifications/d")));
  EXPECT_EQ(world.server->count("notifications/d"), 0u);
}

TEST(Link, a_first_catalogue_is_waited_for_until_there_is_no_hope) {
  const auto wait = [](World& world, core::Duration time) {
    auto known = std::make_shared<std::optional<bool>>();
    asio::co_spawn(
        world.home().executor(), world.links[0]->wait_for_catalogue(world.now() + time),
        [known](const std::exception_ptr&, bool result) { *known = result; }
    );
    world.turn();
    return known;
  };
  World slow;
  slow.server->holds = {"initialize"};
  slow.start();
  const auto first = wait(slow, 2s), second = wait(slow, 10s);
  slow.advance(2s);
  EXPECT_EQ(*first, false);
  EXPECT_EQ(*second, std::nullopt);
  slow.server->released.set();
  slow.turn();
  EXPECT_EQ(*second, true);
  EXPECT_EQ(*wait(slow, 0s), true);

  World hopeless(World::stdio());
  hopeless.channels->refusals.push_back(Error{Reason::config, "no such command"});
  hopeless.start();
  EXPECT_EQ(*wait(hopeless, 10s), false);
}

}  // namespace
}  // namespace mooring::upstream
