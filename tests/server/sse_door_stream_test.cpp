// What goes out on the stream of HTTP+SSE, to slow readers too, and how it ends.
#include "sse_fixture.hpp"

namespace mooring::server {
namespace {

using SseDoorStream = SseDoorTest;

TEST_F(SseDoorStream, answers_come_as_they_are_ready) {
  const auto stream = open();
  const auto held = hold("1");
  say(stream, call("1"));
  say(stream, call("2"));
  EXPECT_EQ(requests_in_flight(), 1u);
  EXPECT_EQ(said(*stream).back(), result("2"));
  held->go.set();
  settle();
  EXPECT_EQ(said(*stream).back(), protocol::make_result("1", held->result));
  EXPECT_EQ(requests_in_flight(), 0u);
}

TEST_F(SseDoorStream, what_is_said_during_a_request_comes_before_its_result_and_in_order) {
  const auto stream = open();
  service_.handler = [](gateway::ClientSessionPtr, Frame request,
                        gateway::ResponderPtr responder) -> awaitable<void> {
    EXPECT_TRUE(responder->can_send());
    for (const auto* text : {"a", "b", "c"}) co_await responder->send(note(text));
    co_await responder->send(protocol::make_request("\"q\"", "sampling/createMessage", "{}"));
    co_await responder->finish(result(request.id()));
  };
  say(stream, call("4"));
  EXPECT_EQ(
      said(*stream),
      (Messages{
          opened(), note("a"), note("b"), note("c"),
          protocol::make_request("\"q\"", "sampling/createMessage", "{}"), result("4")
      })
  );
  say(stream, protocol::make_result("\"q\"", R"({"role":"assistant"})"));
  EXPECT_EQ(service_.notices, Messages{protocol::make_result("\"q\"", R"({"role":"assistant"})")});
}

TEST_F(SseDoorStream, what_belongs_to_no_request_comes_too) {
  const auto stream = open();
  service_.outboxes.begin()->second(note("unasked"));
  settle();
  EXPECT_EQ(said(*stream).back(), note("unasked"));
}

TEST_F(SseDoorStream, text_with_line_breaks_stays_one_message) {
  const auto stream = open();
  service_.outboxes.begin()->second("{\"jsonrpc\":\"2.0\",\n\"method\":\"x\"}");
  settle();
  EXPECT_EQ(said(*stream).back(), "{\"jsonrpc\":\"2.0\",\n\"method\":\"x\"}");
}

TEST_F(SseDoorStream, what_follows_initialize_waits_for_its_answer) {
  service_.opening = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
  const auto stream = get();
  say(stream, initialize());
  const auto first = post_to(query_of(*stream), note("initialized"));
  const auto second = post_to(query_of(*stream), call("1"), 1);
  EXPECT_EQ(first->status, 0);
  EXPECT_EQ(second->status, 0);
  EXPECT_TRUE(service_.notices.empty());
  service_.opening->set();
  settle();
  EXPECT_EQ(first->status, 202);
  EXPECT_EQ(second->status, 202);
  EXPECT_EQ(said(*stream), (Messages{opened(), result("1")}));
  EXPECT_EQ(service_.notices, Messages{note("initialized")});
}

TEST_F(SseDoorStream, over_the_limit_of_requests_the_next_is_accepted_when_one_is_answered) {
  sse_options_.requests = 2;
  const auto stream = open();
  const auto one = hold("1");
  say(stream, call("1"));
  const auto two = hold("2");
  say(stream, call("2"));
  const auto third = post_to(query_of(*stream), call("3"), 1);
  EXPECT_EQ(third->status, 0);
  // The answers of the client itself do not wait: a call may hang on them.
  say(stream, protocol::make_result("\"q\"", "{}"));
  two->go.set();
  settle();
  EXPECT_EQ(third->status, 202);
  EXPECT_EQ(said(*stream).back(), result("3"));
  one->go.set();
  settle();
}

TEST_F(SseDoorStream, a_quiet_stream_shows_that_it_lives) {
  const auto stream = open();
  const auto comments = [&] {
    std::size_t count = 0;
    for (auto at = stream->answer.find("\n: "); at != std::string::npos;
         at = stream->answer.find("\n: ", at + 1))
      ++count;
    return count;
  };
  pass(14s);
  EXPECT_EQ(comments(), 0u);
  pass(2s);
  EXPECT_EQ(comments(), 1u);
  pass(10s);
  say(stream, call());
  pass(10s);
  EXPECT_EQ(comments(), 1u);
  pass(6s);
  EXPECT_EQ(comments(), 2u);
  EXPECT_EQ(said(*stream).size(), 2u);
}

TEST_F(SseDoorStream, a_result_in_parts_is_one_event) {
  const auto stream = open();
  service_.handler = [](gateway::ClientSessionPtr, Frame,
                        gateway::ResponderPtr responder) -> awaitable<void> {
    EXPECT_TRUE(co_await responder->finish_part(R"({"jsonrpc":"2.0","id":1,)"));
    EXPECT_TRUE(co_await responder->finish_part(R"("result":{}})"));
    co_await responder->finish_end(true);
  };
  say(stream, call());
  EXPECT_EQ(said(*stream).back(), R"({"jsonrpc":"2.0","id":1,"result":{}})");
}

TEST_F(SseDoorStream, a_result_that_breaks_off_or_is_too_long_is_a_true_error) {
  sse_options_.held_bytes = 100;
  const auto stream = open();
  bool taken = true;
  service_.handler = [&](gateway::ClientSessionPtr, Frame,
                         gateway::ResponderPtr responder) -> awaitable<void> {
    EXPECT_TRUE(co_await responder->finish_part(std::string(60, ' ')));
    taken = co_await responder->finish_part(std::string(60, ' '));
    co_await responder->finish_end(false);
  };
  for (int i = 0; i < 2; ++i) {  // what the first one held is free again
    say(stream, call());
    EXPECT_FALSE(taken);
    EXPECT_EQ(said(*stream).back(), gateway::broken_result("1"));
  }
}

TEST_F(SseDoorStream, the_end_of_the_stream_ends_the_session_and_cancels_its_calls) {
  const auto stream = open();
  const auto query = query_of(*stream);
  const auto number = hold("7");
  say(stream, call("7"));
  const auto text = hold("\"seven\"");
  say(stream, call("\"seven\""));
  const auto outbox = service_.outboxes.begin()->second;
  const auto before = stream->answer;
  stream->peer_leaves();
  settle();
  EXPECT_TRUE(stream->returned);
  EXPECT_EQ(service_.notices.size(), 2u);
  for (const auto* id : {"7", "\"seven\""}) {
    EXPECT_EQ(std::ranges::count(service_.notices, cancelled(id)), 1) << id;
  }
  EXPECT_EQ(service_.unlistened, 1);
  // It had an id, but nobody holds it: there is nothing to revoke.
  EXPECT_EQ(service_.ended, Messages{""});
  EXPECT_EQ(post_to(query, call("8"))->status, 404);
  outbox(note("late"));
  number->go.set();
  text->go.set();
  settle();
  EXPECT_EQ(stream->answer, before);
  EXPECT_EQ(requests_in_flight(), 0u);
}

TEST_F(SseDoorStream, a_stream_without_a_session_just_ends) {
  const auto stream = get();
  stream->peer_leaves();
  settle();
  EXPECT_TRUE(stream->returned);
  EXPECT_TRUE(service_.ended.empty());
  EXPECT_EQ(service_.unlistened, 0);
}

TEST_F(SseDoorStream, a_stream_that_ends_during_initialize_leaves_no_session) {
  service_.opening = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
  const auto stream = get();
  say(stream, initialize());
  const auto waiting = post_to(query_of(*stream), call(), 1);
  stream->peer_leaves();
  settle();
  EXPECT_EQ(waiting->status, 404);
  EXPECT_TRUE(service_.ended.empty());
  service_.opening->set();
  settle();
  EXPECT_EQ(service_.ended.size(), 1u);
  EXPECT_TRUE(service_.outboxes.empty());
}

TEST_F(SseDoorStream, one_stream_of_a_client_is_nothing_to_its_other_one) {
  const auto one = open();
  const auto two = open();
  one->peer_leaves();
  settle();
  EXPECT_EQ(service_.ended.size(), 1u);
  say(two, call("3"));
  EXPECT_EQ(said(*two).back(), result("3"));
}

TEST_F(SseDoorStream, notifications_that_nobody_reads_cut_the_stream) {
  sse_options_.unread_bytes = 1000;
  const auto stream = open();
  const auto held = hold("1");
  say(stream, call("1"));
  stream->writable = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
  const auto outbox = service_.outboxes.begin()->second;
  for (int i = 0; i < 3; ++i) outbox(long_note(200));
  settle();
  EXPECT_FALSE(stream->closed);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) outbox(long_note(200));
  settle();
  EXPECT_TRUE(testing::internal::GetCapturedStderr().contains("does not read its notifications"));
  EXPECT_TRUE(stream->closed);
  stream->writable->set();
  settle();
  EXPECT_TRUE(stream->returned);
  EXPECT_FALSE(stream->ended);
  EXPECT_EQ(service_.ended.size(), 1u);
  EXPECT_EQ(service_.notices, Messages{cancelled("1")});
  held->go.set();
  settle();
}

TEST_F(SseDoorStream, what_belongs_to_calls_waits_for_a_slow_reader) {
  sse_options_.unread_bytes = 1000;
  const auto stream = open();
  stream->writable = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
  int sent = 0;
  service_.handler = [&](gateway::ClientSessionPtr, Frame request,
                         gateway::ResponderPtr responder) -> awaitable<void> {
    for (; sent < 20; ++sent) co_await responder->send(long_note(300));
    co_await responder->finish(result(request.id()));
  };
  say(stream, call("1"));
  EXPECT_LT(sent, 5);
  // A notification has room of its own.
  service_.outboxes.begin()->second(note("unasked"));
  settle();
  EXPECT_FALSE(stream->closed);
  stream->writable->set();
  settle();
  const auto all = said(*stream);
  ASSERT_EQ(all.size(), 23u);
  EXPECT_EQ(std::ranges::count(all, long_note(300)), 20);
  EXPECT_EQ(all.back(), result("1"));
}

TEST_F(SseDoorStream, a_message_over_the_limit_goes_out_alone) {
  sse_options_.unread_bytes = 1000;
  const auto stream = open();
  service_.outboxes.begin()->second(long_note(5000));
  settle();
  EXPECT_EQ(said(*stream).back(), long_note(5000));
  const auto held = hold("1");
  held->result = fmt::format(R"({{"x":"{}"}})", std::string(5000, 'y'));
  held->go.set();
  say(stream, call("1"));
  EXPECT_EQ(said(*stream).back(), protocol::make_result("1", held->result));
}

TEST_F(SseDoorStream, answers_wait_in_turn_whatever_their_size) {
  sse_options_.unread_bytes = 1000;
  const auto stream = open();
  stream->writable = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
  Messages expected = {opened()};
  for (int i = 1; i <= 6; ++i) {
    const auto held = hold(std::to_string(i));
    held->result = fmt::format(R"({{"x":"{}"}})", std::string(i % 2 == 0 ? 900 : 10, 'y'));
    held->go.set();
    say(stream, call(std::to_string(i)));
    expected.push_back(protocol::make_result(std::to_string(i), held->result));
  }
  EXPECT_GT(requests_in_flight(), 0u);
  stream->writable->set();
  settle();
  EXPECT_EQ(said(*stream), expected);
}

TEST_F(SseDoorStream, all_streams_can_be_ended_with_what_was_said_on_them) {
  const auto one = open();
  const auto two = get();
  service_.outboxes.begin()->second(note("last"));
  settle();
  sse_door().end_streams();
  settle();
  for (const auto& stream : {one, two}) {
    EXPECT_TRUE(stream->ended);
    EXPECT_TRUE(stream->returned);
  }
  EXPECT_EQ(said(*one).back(), note("last"));
  EXPECT_EQ(service_.ended.size(), 1u);
  EXPECT_EQ(get()->status, 200);
}

TEST_F(SseDoorStream, a_stop_cancels_answers_and_ends_cleanly) {
  const auto stream = open();
  const auto held = hold("1");
  say(stream, call("1"));
  stop();
  EXPECT_FALSE(stopped_);
  EXPECT_EQ(service_.notices, Messages{cancelled("1")});
  const auto late = get();
  EXPECT_EQ(late->status, 503);
  EXPECT_EQ(post_to(query_of(*stream), call("2"), 1)->status, 503);
  held->go.set();
  settle();
  EXPECT_TRUE(stopped_);
  EXPECT_TRUE(stream->ended);
  EXPECT_FALSE(stream->closed);
  EXPECT_EQ(said(*stream).back(), protocol::make_result("1", held->result));
  EXPECT_EQ(service_.ended.size(), 1u);
}

TEST_F(SseDoorStream, a_stop_does_not_wait_for_one_who_does_not_read) {
  sse_options_.unread_bytes = 100;
  const auto stream = open();
  stream->writable = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
  for (int i = 1; i <= 3; ++i) say(stream, call(std::to_string(i)));
  EXPECT_GT(requests_in_flight(), 0u);
  stop();
  EXPECT_FALSE(stopped_);
  EXPECT_EQ(requests_in_flight(), 0u);
  pass(3s);
  EXPECT_TRUE(stream->closed);
  stream->writable->set();
  settle();
  EXPECT_TRUE(stopped_);
  EXPECT_FALSE(stream->ended);
}

}  // namespace
}  // namespace mooring::server
