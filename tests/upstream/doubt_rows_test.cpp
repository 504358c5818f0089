// Section A of the requirements, the second half: failures that only a question can tell apart,
// sessions that come and go, and what is adopted from whom.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

constexpr auto python_gate = "Invalid request parameters";

std::size_t probes(const World& world) {
  // The first list belongs to the connecting.
  return world.server->count("tools/list") - 1;
}

TEST(Expiry, EXP_24_the_session_lives_and_the_error_is_the_answer) {
  World world;
  world.connect();
  world.server->then("tools/call", says(-32602, python_gate));
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::error);
  EXPECT_NE(call->result.response->error().find(python_gate), std::string_view::npos);
  EXPECT_EQ(probes(world), 1u);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Expiry, EXP_24_the_question_fails_alike_and_the_session_was_lost) {
  World world;
  world.connect();
  world.server->then("tools/call", says(-32602, python_gate));
  world.server->then("tools/list", says(-32602, python_gate));
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::result);
  EXPECT_EQ(world.server->last("tools/call").session, "s-2");
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_24_a_400_that_the_question_meets_too_is_the_session) {
  World world;
  world.connect();
  world.server->then("tools/call", ambiguous());
  world.server->then("tools/list", ambiguous());
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_24_a_400_that_the_question_does_not_meet_is_told) {
  World world;
  world.connect();
  world.server->then("tools/call", ambiguous());
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_NE(call->error().message.find("400"), std::string::npos);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Expiry, EXP_24_one_session_is_asked_at_most_once_in_5_s) {
  World world;
  world.connect();
  world.server->always["tools/call"] = ends_in(ambiguous());
  EXPECT_TRUE(world.call()->done);
  EXPECT_EQ(probes(world), 1u);
  world.advance(4999ms);
  EXPECT_TRUE(world.call()->done);
  EXPECT_EQ(probes(world), 1u);
  world.advance(1ms);
  EXPECT_TRUE(world.call()->done);
  EXPECT_EQ(probes(world), 2u);
}

void share_one_question(bool lost) {
  World world(World::http(), 2);
  world.connect();
  for (int i = 0; i < 20; ++i) {
    world.server->then("tools/call", when_released(*world.server, ends_in(ambiguous())));
  }
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 20; ++i) calls.push_back(world.call(R"({"name":"echo"})", i % 2));
  if (lost) world.server->then("tools/list", ambiguous());
  world.server->released.set();
  world.turn();
  for (const auto& call : calls) {
    ASSERT_TRUE(call->done);
    EXPECT_EQ(call->answered(), lost);
  }
  // The new session is listed as well.
  EXPECT_EQ(probes(world), lost ? 2u : 1u);
  EXPECT_EQ(world.server->count("initialize"), lost ? 2u : 1u);
  EXPECT_EQ(world.server->count("tools/call"), lost ? 40u : 20u);
}
TEST(Expiry, EXP_24_twenty_doubts_share_one_question_and_live) { share_one_question(false); }
TEST(Expiry, EXP_24_twenty_doubts_share_one_question_and_are_healed) { share_one_question(true); }

TEST(Expiry, EXP_24_a_question_without_answer_ends_after_5_s) {
  World world;
  world.connect();
  world.server->then("tools/call", ambiguous());
  world.server->hangs = {"tools/list"};
  const auto call = world.call();
  EXPECT_FALSE(call->done);
  world.advance(20s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 2u) << "who does not answer is replaced";
}

TEST(Expiry, EXP_24_an_error_of_a_tool_is_not_repeated_because_the_session_ended_after_it) {
  World world;
  world.connect();
  world.server->then("tools/call", [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    world.server->expire_sessions();
    co_return outcome(protocol::make_error(ask.request.id, -32000, "Session not found"));
  });
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  // The question was turned away in another way than the call: nothing proves that it did not run.
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_24_stop_ends_those_who_wait_for_the_answer) {
  World world;
  world.connect();
  world.server->always["tools/call"] = ends_in(ambiguous());
  world.server->hangs = {"tools/list"};
  const auto first = world.call(), second = world.call();
  world.stop();
  world.turn();
  EXPECT_TRUE(first->done);
  EXPECT_TRUE(second->done);
}

// ---- calls that were running

void ended_with_its_session(FakeServer::Step step, std::size_t initializes) {
  World world;
  world.connect();
  world.server->then("tools/call", std::move(step));
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), initializes);
  EXPECT_TRUE(world.call()->answered());
}
TEST(Expiry, EXP_25_a_session_that_ended_under_a_call_is_healed_and_the_call_not_repeated) {
  ended_with_its_session(says(-32600, "Session terminated before the request completed"), 2);
}
TEST(Expiry, EXP_25_a_stream_that_ended_without_response_is_not_repeated) {
  auto cut = http_failure(200, Delivery::unknown);
  cut.sent_session_id = true;
  cut.stage = Stage::body;
  cut.response_begun = true;
  cut.error = "the stream ended without a response";
  ended_with_its_session(ends_in(cut), 1);
}
TEST(Expiry, EXP_25_with_a_hint_it_is_repeated) {
  World world;
  world.server->hints["echo"] = R"({"readOnlyHint":true})";
  world.connect();
  world.server->then("tools/call", says(-32600, "Session terminated before the request completed"));
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "s-2");
}

// ---- sessions that are refused at once

TEST(Expiry, EXP_26_rebuilds_are_bounded_calls_are_told_and_it_heals_in_the_end) {
  World world;
  world.connect();
  ASSERT_TRUE(world.call()->answered());
  world.server->forgets_all = true;
  const auto begun = world.now();
  std::vector<std::shared_ptr<World::Call>> calls;
  for (int i = 0; i < 600; ++i) {
    calls.push_back(world.call());
    world.advance(1s);
  }
  world.advance(20s);
  for (const auto& call : calls) {
    ASSERT_TRUE(call->done);
    EXPECT_TRUE(call->error().not_executed());
    EXPECT_FALSE(call->error().message.empty());
    EXPECT_FALSE(call->error().advice.empty());
  }
  std::vector<std::size_t> in_minute(11);
  for (const auto& seen : world.server->seen) {
    if (seen.method != "initialize" || seen.at < begun) continue;
    ++in_minute.at(static_cast<std::size_t>((seen.at - begun) / 60s));
  }
  // The session that had answered is free, then three.
  EXPECT_LE(in_minute[0], 1u + 1u + 3u);
  for (std::size_t minute = 1; minute < in_minute.size(); ++minute)
    EXPECT_LE(in_minute[minute], 1u + 6u) << "one early attempt in 10 s at most; minute " << minute;
  world.server->forgets_all = false;
  world.advance(11s);
  world.call();
  world.advance(1s);
  EXPECT_TRUE(world.call()->answered());
}

TEST(Expiry, EXP_26_nobody_calls_and_it_is_left_in_peace) {
  World world;
  world.connect();
  world.server->forgets_all = true;
  world.report_lost(1, true, "gone");
  world.advance(1h);
  // Once, three more, one after a minute, then every five minutes.
  EXPECT_LE(world.server->count("initialize"), 1u + 5u + 12u);
  EXPECT_EQ(world.state(), State::parked);
}

TEST(Expiry, EXP_27_a_session_without_id_is_lost_and_rebuilt_as_well) {
  World world;
  world.connect();
  world.server->expire_sessions();
  world.server->with_session_ids = false;
  world.server->then("tools/call", session_gone());
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(world.server->last("tools/call").session, "");
}

TEST(Expiry, EXP_28_nobody_waits_for_the_end_of_the_old_session) {
  World world;
  world.connect();
  world.server->ending_hangs = true;
  world.server->then("tools/call", session_gone());
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->ended, std::vector<std::string>{"s-1"});
  EXPECT_EQ(world.state(), State::ready);
  world.server->released.set();
}

TEST(Expiry, EXP_29_a_session_id_on_another_answer_is_not_adopted) {
  World world;
  world.connect();
  world.server->then("tools/call", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    auto made = outcome(protocol::make_result(ask.request.id, "{}"));
    made.session_id = "evil";
    co_return made;
  });
  world.server->then("tools/call", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    auto made = outcome(protocol::make_error(ask.request.id, -32000, "no"));
    made.session_id = "worse";
    co_return made;
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(world.call()->answered());
    EXPECT_EQ(world.server->last("tools/call").session, "s-1");
  }
}

TEST(Expiry, EXP_30_without_a_session_an_answer_is_an_answer) {
  World world;
  world.server->with_session_ids = false;
  world.connect();
  auto unknown = http_failure(404);
  unknown.body =
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Session not found"}})";
  world.server->then("tools/call", unknown);
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::error);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(probes(world), 0u);
}

TEST(Doubt, EXP_24_what_a_later_session_was_lost_by_says_nothing_of_an_earlier_one) {
  World world;
  world.connect();
  world.server->then("tools/call", [&](FakeServer::Ask) -> awaitable<transport::Outcome> {
    co_await world.server->released.wait();
    auto late = http_failure(400, Delivery::unknown);
    late.sent_session_id = true;
    late.body = "that will not do";
    co_return outcome(late);
  });
  const auto call = world.call();
  // The first session ends with its connection, the second because the server does not know it.
  world.server->hangs = {"tools/list"};
  world.report_lost(1, false, "connection reset by peer");
  world.advance(5s);
  world.server->hangs.clear();
  world.turn();
  ASSERT_EQ(world.snapshot().session->generation, 2U);
  world.report_lost(2, true, "Session not found");
  world.turn();
  ASSERT_EQ(world.snapshot().session->generation, 3U);
  world.server->released.set();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(world.server->count("tools/call"), 1U);
  EXPECT_FALSE(call->error().not_executed());
}

}  // namespace
}  // namespace mooring::upstream
