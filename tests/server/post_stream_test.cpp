// JSON or SSE: how one POST is answered, and what a client that goes away finds when it is back.
#include "door.hpp"
#include "server/event_stream.hpp"

namespace mooring::server {
namespace {

using Messages = std::vector<std::string>;

class PostStreamTest : public DoorTest {
 protected:
  static std::string answer(std::string_view id = "1") {
    return protocol::make_result(id, R"({"held":true})");
  }
  void say(Held& held, std::string message) {
    ASSERT_TRUE(held.responder);
    run(held.responder->send(std::move(message)));
  }
  void finish(Held& held) {
    held.go.set();
    turn();
  }
  /// A request whose result comes in these pieces.
  void in_pieces(std::vector<std::string> pieces, bool ok = true, bool say_first = false) {
    service_.handler = [this, pieces, ok, say_first](
                           gateway::ClientSessionPtr, Frame, gateway::ResponderPtr responder
                       ) -> awaitable<void> {
      if (say_first) co_await responder->send(note("first"));
      for (const auto& piece : pieces) {
        const bool read = co_await responder->finish_part(piece);
        taken_.push_back(read);
        if (!read) break;
      }
      co_await responder->finish_end(ok);
    };
  }

  std::vector<bool> taken_;
};

TEST_F(PostStreamTest, a_quick_answer_is_json) {
  const auto held = hold();
  const auto exchange = post();
  advance(999ms);
  EXPECT_FALSE(exchange->responded());
  finish(*held);
  EXPECT_FALSE(exchange->streamed);
  EXPECT_EQ(exchange->answer, answer());
  EXPECT_TRUE(exchange->returned);
  advance(1min);
  EXPECT_EQ(timers_->armed(), 0u);
}

TEST_F(PostStreamTest, after_stream_after_it_is_a_stream) {
  const auto held = hold();
  const auto exchange = post();
  advance(1s);
  EXPECT_EQ(exchange->status, 200);
  EXPECT_EQ(exchange->answer_header("Content-Type"), "text/event-stream");
  ASSERT_EQ(exchange->events().size(), 1u);
  EXPECT_EQ(exchange->events()[0].data, "");
  EXPECT_EQ(exchange->events()[0].retry_ms, 1000);
  finish(*held);
  EXPECT_EQ(exchange->messages(), Messages{answer()});
  EXPECT_TRUE(exchange->ended);
}

TEST_F(PostStreamTest, the_first_message_before_the_response_makes_it_a_stream) {
  const auto held = hold();
  const auto exchange = post();
  say(*held, note("a"));
  EXPECT_TRUE(exchange->streamed);
  EXPECT_EQ(exchange->messages(), Messages{note("a")});
  say(*held, note("b"));
  finish(*held);
  EXPECT_EQ(exchange->messages(), (Messages{note("a"), note("b"), answer()}));
  EXPECT_TRUE(exchange->ended);
}

TEST_F(PostStreamTest, always_stream_begins_at_once) {
  options_.always_stream = true;
  const auto held = hold();
  const auto exchange = post();
  EXPECT_TRUE(exchange->streamed);
  finish(*held);
  EXPECT_EQ(exchange->messages(), Messages{answer()});
}

TEST_F(PostStreamTest, a_door_that_never_streams_and_a_client_that_takes_no_stream_get_json) {
  for (const bool json_only : {true, false}) {
    options_.json_only = json_only;
    door_.reset();
    const auto held = hold();
    auto headers = usual();
    if (!json_only) headers[1].second = "application/json";
    const auto exchange = send("POST", headers, call());
    advance(10s);
    say(*held, note("lost"));
    finish(*held);
    EXPECT_FALSE(exchange->streamed);
    EXPECT_EQ(exchange->answer, answer());
  }
}

TEST_F(PostStreamTest, priming_is_for_2025_11_25_and_later) {
  for (const auto version :
       {protocol::Version::v2024_11_05, protocol::Version::v2025_03_26,
        protocol::Version::v2025_06_18, protocol::Version::v2025_11_25}) {
    service_.add("v", version);
    const auto held = hold();
    const auto exchange = post(call(), "v");
    advance(1s);
    EXPECT_TRUE(exchange->streamed);
    const bool primed = version == protocol::Version::v2025_11_25;
    EXPECT_EQ(exchange->events().size(), primed ? 1u : 0u);
    finish(*held);
    EXPECT_EQ(exchange->events().back().data, answer());
    EXPECT_TRUE(exchange->events().back().id.has_value());
  }
}

TEST_F(PostStreamTest, a_quiet_stream_is_kept_alive_by_comments) {
  const auto held = hold();
  const auto exchange = post();
  advance(1s);
  const auto before = exchange->answer;
  advance(15s);
  EXPECT_EQ(exchange->answer, before + ": keep-alive\n\n");
  advance(15s);
  EXPECT_EQ(exchange->answer, before + ": keep-alive\n\n: keep-alive\n\n");
  finish(*held);
  EXPECT_EQ(exchange->messages(), Messages{answer()});
  advance(1min);
  EXPECT_EQ(timers_->armed(), 0u);
}

TEST_F(PostStreamTest, a_slow_client_gets_everything_once_and_in_order) {
  const auto held = hold();
  auto exchange = std::make_shared<FakeExchange>("POST", usual(), call());
  exchange->writable = std::make_unique<io::Event>(worker_.executor(), *timers_);
  serve(exchange);
  for (const auto* text : {"a", "b", "c"}) {
    asio::co_spawn(
        worker_.executor(), held->responder->send(note(text)), [](const std::exception_ptr&) {}
    );
  }
  turn();
  finish(*held);
  advance(20s);
  EXPECT_FALSE(exchange->returned);
  exchange->writable->set();
  turn();
  EXPECT_EQ(exchange->messages(), (Messages{note("a"), note("b"), note("c"), answer()}));
  EXPECT_TRUE(exchange->returned);
}

TEST_F(PostStreamTest, a_client_that_goes_away_does_not_end_the_request_and_finds_what_it_missed) {
  const auto held = hold();
  const auto exchange = post();
  say(*held, note("a"));
  const auto id = exchange->last_event_id();
  exchange->peer_leaves();
  turn();
  EXPECT_FALSE(exchange->returned);
  say(*held, note("b"));
  finish(*held);
  EXPECT_TRUE(exchange->returned);
  const auto again = send("GET", listening("s", id));
  EXPECT_EQ(again->messages(), (Messages{note("b"), answer()}));
  EXPECT_TRUE(again->ended);
  EXPECT_TRUE(again->returned);
}

TEST_F(PostStreamTest, a_client_that_comes_back_before_the_end_waits_for_it) {
  const auto held = hold();
  const auto exchange = post();
  advance(1s);
  const auto id = exchange->last_event_id();
  exchange->peer_leaves();
  const auto again = send("GET", listening("s", id));
  EXPECT_TRUE(again->messages().empty());
  say(*held, note("a"));
  EXPECT_EQ(again->messages(), Messages{note("a")});
  finish(*held);
  EXPECT_EQ(again->messages(), (Messages{note("a"), answer()}));
  EXPECT_TRUE(again->ended);
}

TEST_F(PostStreamTest, the_answer_can_be_fetched_again_until_it_is_forgotten) {
  const auto held = hold();
  const auto exchange = post();
  advance(1s);
  const auto id = exchange->last_event_id();
  exchange->peer_leaves();
  finish(*held);
  for (int i = 0; i < 3; ++i) {
    const auto again = send("GET", listening("s", id));
    EXPECT_EQ(again->messages(), Messages{answer()});
    EXPECT_TRUE(again->ended);
  }
  // From the very end there is nothing more to come.
  const auto over = send("GET", listening("s", send("GET", listening("s", id))->last_event_id()));
  EXPECT_TRUE(over->messages().empty());
  EXPECT_TRUE(over->ended);
}

TEST_F(PostStreamTest, a_stream_of_another_boot_ends_with_the_truth) {
  const EventId id{"EARLIER", 0, 7, "\"call-7\"", 3};
  const auto exchange = send("GET", listening("s", id.text()));
  ASSERT_EQ(exchange->messages().size(), 1u);
  EXPECT_TRUE(exchange->ended);
  const auto said = exchange->messages()[0];
  const auto frame = Frame::parse(said);
  ASSERT_TRUE(frame.has_value()) << said;
  EXPECT_EQ(frame->id(), "\"call-7\"");
  EXPECT_EQ(frame->kind(), Frame::Kind::error);
  const auto data = protocol::member(*protocol::member(frame->error(), "data"), "mooring");
  ASSERT_TRUE(data);
  EXPECT_EQ(protocol::string_member(*data, "outcome"), "unknown");
  EXPECT_EQ(protocol::string_member(*data, "delivery"), "unknown");
}

TEST_F(PostStreamTest, a_stream_that_is_forgotten_ends_with_the_truth_too) {
  const EventId id{"BOOT", 0, 4711, "7", 3};
  const auto exchange = send("GET", listening("s", id.text()));
  ASSERT_EQ(exchange->messages().size(), 1u);
  EXPECT_NE(exchange->messages()[0].find(R"("id":7)"), std::string::npos);
  EXPECT_TRUE(exchange->ended);
}

TEST_F(PostStreamTest, disconnect_ends_the_stream_early_and_the_client_polls) {
  const auto held = hold();
  const auto exchange = post();
  advance(1s);
  held->responder->disconnect();
  turn();
  EXPECT_TRUE(exchange->ended);
  EXPECT_TRUE(exchange->closed);
  const auto id = exchange->last_event_id();
  say(*held, note("meanwhile"));
  finish(*held);
  const auto again = send("GET", listening("s", id));
  EXPECT_EQ(again->messages(), (Messages{note("meanwhile"), answer()}));
}

TEST_F(PostStreamTest, disconnect_before_there_is_a_stream_begins_one_first) {
  const auto held = hold();
  const auto exchange = post();
  held->responder->disconnect();
  turn();
  EXPECT_TRUE(exchange->ended);
  ASSERT_NE(exchange->last_event_id(), "");
  finish(*held);
  const auto again = send("GET", listening("s", exchange->last_event_id()));
  EXPECT_EQ(again->messages(), Messages{answer()});
}

TEST_F(PostStreamTest, disconnect_where_nothing_can_be_resumed_is_nothing) {
  options_.json_only = true;
  const auto held = hold();
  const auto exchange = post();
  held->responder->disconnect();
  turn();
  finish(*held);
  EXPECT_EQ(exchange->answer, answer());
  EXPECT_FALSE(exchange->closed);
}

TEST_F(PostStreamTest, a_handler_that_never_answers_ends_the_stream) {
  service_.handler = [](gateway::ClientSessionPtr, Frame, gateway::ResponderPtr responder
                     ) -> awaitable<void> { co_await responder->send(note("only this")); };
  const auto exchange = post();
  EXPECT_TRUE(exchange->returned);
  const auto again = send("GET", listening("s", exchange->last_event_id()));
  EXPECT_TRUE(again->ended);
}

TEST_F(PostStreamTest, what_is_said_after_the_response_is_nobodys) {
  gateway::ResponderPtr kept;
  service_.handler = [&kept](
                         gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                     ) -> awaitable<void> {
    kept = responder;
    co_await responder->finish(protocol::make_result(request.id(), R"({"held":true})"));
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
    co_await responder->send(note("late"));
  };
  const auto exchange = post();
  EXPECT_EQ(exchange->answer, answer());
  run(kept->send(note("later")));
  run(kept->finish("{}"));
  kept->disconnect();
  turn();
  EXPECT_EQ(exchange->answer, answer());
}

// ---- results in pieces

TEST_F(PostStreamTest, pieces_become_one_json_body) {
  in_pieces({R"({"jsonrpc":"2.0",)", R"("id":1,)", R"("result":{}})"});
  const auto exchange = post();
  EXPECT_EQ(exchange->answer, R"({"jsonrpc":"2.0","id":1,"result":{}})");
  EXPECT_EQ(exchange->answer_header("Content-Type"), "application/json");
  EXPECT_TRUE(exchange->ended);
}

TEST_F(PostStreamTest, pieces_become_one_event_of_a_stream) {
  in_pieces({R"({"jsonrpc":"2.0",)", R"("id":1,)", R"("result":{}})"}, true, true);
  const auto exchange = post();
  EXPECT_EQ(
      exchange->messages(), (Messages{note("first"), R"({"jsonrpc":"2.0","id":1,"result":{}})"})
  );
  EXPECT_TRUE(exchange->ended);
}

TEST_F(PostStreamTest, pieces_that_break_off_cut_the_body) {
  in_pieces({R"({"jsonrpc":"2.0",)"}, false);
  const auto exchange = post();
  EXPECT_TRUE(exchange->returned);
  EXPECT_TRUE(exchange->streamed);
  EXPECT_FALSE(exchange->ended);
}

TEST_F(PostStreamTest, pieces_that_break_off_in_a_stream_are_followed_by_the_truth) {
  in_pieces({R"({"jsonrpc":"2.0",)"}, false, true);
  const auto exchange = post();
  EXPECT_FALSE(exchange->ended && !exchange->closed);
  ASSERT_EQ(exchange->messages(), Messages{note("first")});
  const auto again = send("GET", listening("s", exchange->last_event_id()));
  ASSERT_EQ(again->messages().size(), 1u);
  EXPECT_TRUE(again->ended);
  const auto frame = Frame::parse(again->messages()[0]);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->id(), "1");
  EXPECT_EQ(frame->kind(), Frame::Kind::error);
}

TEST_F(PostStreamTest, a_client_that_leaves_between_the_pieces_is_told_the_truth_later) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler =
      [&go](gateway::ClientSessionPtr, Frame, gateway::ResponderPtr responder) -> awaitable<void> {
    co_await responder->send(note("first"));
    co_await responder->finish_part(R"({"jsonrpc":"2.0",)");
    co_await go.wait();
    const bool read = co_await responder->finish_part(R"("id":1,"result":{}})");
    EXPECT_FALSE(read);
    co_await responder->finish_end(true);
  };
  const auto exchange = post();
  const auto id = exchange->last_event_id();
  exchange->peer_leaves();
  go.set();
  turn();
  const auto again = send("GET", listening("s", id));
  ASSERT_EQ(again->messages().size(), 1u) << again->answer;
  EXPECT_NE(again->messages()[0].find("\"error\""), std::string::npos);
  EXPECT_TRUE(again->ended);
}

TEST_F(PostStreamTest, pieces_for_a_client_that_is_away_are_kept) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler =
      [&go](gateway::ClientSessionPtr, Frame, gateway::ResponderPtr responder) -> awaitable<void> {
    co_await responder->send(note("first"));
    co_await go.wait();
    co_await responder->finish_part(R"({"jsonrpc":"2.0",)");
    co_await responder->finish_part(R"("id":1,"result":{}})");
    co_await responder->finish_end(true);
  };
  const auto exchange = post();
  const auto id = exchange->last_event_id();
  exchange->peer_leaves();
  go.set();
  turn();
  const auto again = send("GET", listening("s", id));
  EXPECT_EQ(again->messages(), Messages{R"({"jsonrpc":"2.0","id":1,"result":{}})"});
  EXPECT_TRUE(again->ended);
}

TEST_F(PostStreamTest, no_comment_comes_between_the_pieces) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler =
      [&go](gateway::ClientSessionPtr, Frame, gateway::ResponderPtr responder) -> awaitable<void> {
    co_await responder->send(note("first"));
    co_await responder->finish_part(R"({"jsonrpc":"2.0",)");
    co_await go.wait();
    co_await responder->finish_part(R"("id":1,"result":{}})");
    co_await responder->finish_end(true);
  };
  const auto exchange = post();
  advance(1min);
  go.set();
  turn();
  EXPECT_EQ(exchange->messages().back(), R"({"jsonrpc":"2.0","id":1,"result":{}})");
}

}  // namespace
}  // namespace mooring::server
