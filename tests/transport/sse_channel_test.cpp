// Calls over HTTP+SSE: what is posted, who gets what comes on the stream, and how calls end.
#include <algorithm>

#include "sse_test.hpp"

namespace mooring::transport {
namespace {

using recovery::Delivery;
using recovery::Stage;
using SseCall = SseTest;

OutgoingRequest client_call(std::string id) {
  auto request = make_call(std::move(id));
  request.from_client = true;
  return request;
}

TEST_F(SseCall, is_posted_and_answered_on_the_stream) {
  run_open([&]() -> awaitable<void> {
    auto request = make_call("41");
    request.session = session("never-sent");
    const auto call = co_await start_posted(std::move(request));
    EXPECT_EQ(peer.seen[0].path, "/messages?session=7");
    EXPECT_EQ(peer.seen[0].headers["mcp-protocol-version"], "2025-11-25");
    EXPECT_FALSE(peer.seen[0].headers.contains("mcp-session-id"));
    peer.answer("41", R"({"n":1.50})");
    co_await call->done.wait();
    CO_ASSERT(call->outcome.response);
    EXPECT_EQ(call->outcome.response->result(), R"({"n":1.50})");
    EXPECT_EQ(call->outcome.session_id, "");
    EXPECT_EQ(channel->pid(), 0);
  });
}

TEST_F(SseCall, answers_find_their_calls_in_any_order) {
  run_open([&]() -> awaitable<void> {
    std::vector<std::unique_ptr<Running>> calls;
    for (int i = 1; i <= 5; ++i) calls.push_back(start(make_call(std::to_string(i))));
    co_await peer.until_posts(5);
    for (int i = 5; i >= 1; --i) peer.answer(std::to_string(i), fmt::format(R"({{"i":{}}})", i));
    for (int i = 1; i <= 5; ++i) {
      auto& call = *calls[static_cast<std::size_t>(i - 1)];
      co_await call.done.wait();
      CO_ASSERT(call.outcome.response);
      EXPECT_EQ(call.outcome.response->result(), fmt::format(R"({{"i":{}}})", i));
    }
  });
}

TEST_F(SseCall, an_answer_may_come_before_the_acknowledgement) {
  io::Event answered(worker.executor(), worker.timers());
  peer.on_post([&](io::HttpExchange& exchange) -> awaitable<void> {
    peer.answer("1");
    co_await answered.wait();
    co_await exchange.respond(202, {}, "");
  });
  run_open([&]() -> awaitable<void> {
    const auto call = start(make_call("1"));
    co_await call->done.wait();
    EXPECT_TRUE(call->outcome.response);
    answered.set();
  });
}

TEST_F(SseCall, an_answer_in_the_body_of_the_post_is_taken) {
  peer.on_post(status(200, ok_1, "application/json"));
  run_open([&]() -> awaitable<void> {
    const auto outcome = co_await channel->request(make_call("1"), sink);
    CO_ASSERT(outcome.response);
    EXPECT_EQ(outcome.response->result(), R"({"ok":true})");
  });
}

TEST_F(SseCall, what_the_server_says_meanwhile_comes_first_and_in_order) {
  run_open([&]() -> awaitable<void> {
    auto request = client_call("1");
    request.progress_token = "9";
    const auto call = co_await start_posted(std::move(request));
    peer.say(
        event(R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9}})")
    );
    peer.say(event(R"({"jsonrpc":"2.0","id":"q","method":"roots/list"})"));
    peer.answer("1");
    co_await call->done.wait();
    EXPECT_TRUE(call->outcome.response);
    const std::vector<std::string> expected = {"notifications/progress", "roots/list"};
    EXPECT_EQ(call->sink.methods, expected);
  });
}

TEST_F(SseCall, what_belongs_to_no_call_goes_to_the_listener) {
  run_open([&]() -> awaitable<void> {
    const std::string changed = "notifications/tools/list_changed";
    peer.say(event(fmt::format(R"({{"jsonrpc":"2.0","method":"{}"}})", changed)));
    io::AbortSource abort;
    sink.on_message = [&](const protocol::Frame&) -> awaitable<void> {
      abort.abort();
      co_return;
    };
    const auto end = co_await channel->listen(nullptr, {}, sink, abort);
    CO_ASSERT(end.failure);
    EXPECT_TRUE(end.failure->aborted);
    EXPECT_EQ(sink.methods, std::vector<std::string>{changed});
  });
}

TEST_F(SseCall, a_stream_that_ends_ends_every_call_and_the_listener) {
  run_open([&]() -> awaitable<void> {
    const auto first = co_await start_posted(make_call("1"));
    const auto second = co_await start_posted(make_call("2"));
    // Acknowledged by now: the next exchange on that connection is over.
    EXPECT_FALSE(co_await channel->notify("{}", nullptr));
    peer.hang_up(true);
    io::AbortSource never;
    const auto end = co_await channel->listen(nullptr, {}, sink, never);
    CO_ASSERT(end.failure);
    for (const auto* call : {first.get(), second.get()}) {
      co_await tasks.join();
      CO_ASSERT(call->outcome.failure);
      EXPECT_EQ(call->outcome.failure->delivery, Delivery::unknown);
      EXPECT_EQ(call->outcome.failure->stage, Stage::body);
      EXPECT_EQ(call->outcome.failure->method, "tools/call");
      EXPECT_FALSE(call->outcome.failure->aborted);
      EXPECT_TRUE(call->outcome.failure->error.starts_with("the event stream ended"))
          << call->outcome.failure->error;
    }
    const auto late = co_await channel->request(make_call("3"), sink);
    CO_ASSERT(late.failure);
    EXPECT_EQ(late.failure->delivery, Delivery::not_sent);
    const auto notice = co_await channel->notify("{}", nullptr);
    CO_ASSERT(notice);
    EXPECT_EQ(notice->delivery, Delivery::not_sent);
  });
}

TEST_F(SseCall, a_post_without_acknowledgement_ends_with_the_stream) {
  io::Event over(worker.executor(), worker.timers());
  peer.on_post([&](io::HttpExchange&) -> awaitable<void> { co_await over.wait(); });
  run_open([&]() -> awaitable<void> {
    const auto call = co_await start_posted(make_call("1"));
    peer.hang_up();
    co_await call->done.wait();
    over.set();
    CO_ASSERT(call->outcome.failure);
    EXPECT_EQ(call->outcome.failure->delivery, Delivery::unknown);
    EXPECT_EQ(call->outcome.failure->error, "the event stream ended");
    EXPECT_FALSE(call->outcome.failure->aborted);
  });
}

TEST_F(SseCall, a_post_that_never_got_a_connection_was_not_sent) {
  // The stream goes directly, messages go to a proxy that is not there.
  options.proxy_for = [&](const core::Url& url) -> std::optional<core::Url> {
    if (url.path() == "/v1/sse") return std::nullopt;
    return *core::Url::parse("http://127.0.0.1:1");
  };
  run_open([&]() -> awaitable<void> {
    const auto outcome = co_await channel->request(make_call("1"), sink);
    CO_ASSERT(outcome.failure);
    EXPECT_EQ(outcome.failure->delivery, Delivery::not_sent);
  });
}

TEST_F(SseCall, a_refused_post_is_that_calls_failure_alone) {
  peer.on_post(status(404, "Could not find session"));
  peer.on_post(status(500, "oops"));
  run_open([&]() -> awaitable<void> {
    const auto unknown = co_await channel->request(make_call("1"), sink);
    CO_ASSERT(unknown.failure);
    EXPECT_EQ(unknown.failure->http_status, 404);
    EXPECT_EQ(unknown.failure->phase, recovery::Phase::sse_message);
    EXPECT_EQ(unknown.failure->body, "Could not find session");
    const auto broken = co_await channel->request(make_call("2"), sink);
    CO_ASSERT(broken.failure);
    EXPECT_EQ(broken.failure->http_status, 500);
    EXPECT_EQ(broken.failure->body, "oops");
    EXPECT_EQ(broken.failure->delivery, Delivery::unknown);
    const auto call = co_await start_posted(make_call("3"));
    peer.answer("3");
    co_await call->done.wait();
    EXPECT_TRUE(call->outcome.response);
  });
}

TEST_F(SseCall, a_refused_notice_is_told) {
  peer.on_post(status(400, "bad"));
  run_open([&]() -> awaitable<void> {
    const auto failure = co_await channel->notify(R"({"method":"m"})", session());
    CO_ASSERT(failure);
    EXPECT_EQ(failure->http_status, 400);
    EXPECT_EQ(failure->method, "m");
  });
}

TEST_F(SseCall, an_event_over_the_limit_ends_the_stream) {
  config.buffer_bytes = 4096;
  run_open([&]() -> awaitable<void> {
    const auto call = co_await start_posted(make_call("1"));
    peer.answer("1", fmt::format(R"("{}")", std::string(10'000, 'x')));
    co_await call->done.wait();
    CO_ASSERT(call->outcome.failure);
    EXPECT_EQ(call->outcome.failure->delivery, Delivery::unknown);
    EXPECT_NE(
        call->outcome.failure->error.find("an event is over limits.buffer_bytes (4096 bytes)"),
        std::string::npos
    ) << call->outcome.failure->error;
    EXPECT_TRUE(co_await peer.gone.wait());
  });
}

TEST_F(SseCall, a_call_can_be_given_up_and_its_late_answer_is_ignored) {
  run_open([&]() -> awaitable<void> {
    const auto call = co_await start_posted(make_call("1"));
    call->abort.abort();
    co_await call->done.wait();
    CO_ASSERT(call->outcome.failure);
    EXPECT_TRUE(call->outcome.failure->aborted);
    EXPECT_EQ(call->outcome.failure->delivery, Delivery::unknown);
    peer.answer("1");
    const auto next = co_await start_posted(make_call("2"));
    peer.answer("2");
    co_await next->done.wait();
    EXPECT_TRUE(next->outcome.response);
  });
}

TEST_F(SseCall, giving_up_stops_a_post_without_acknowledgement) {
  io::Event left(worker.executor(), worker.timers());
  peer.on_post([&](io::HttpExchange& exchange) -> awaitable<void> {
    exchange.on_peer_gone([&] { left.set(); });
    co_await left.wait();
  });
  run_open([&]() -> awaitable<void> {
    const auto call = co_await start_posted(make_call("1"));
    call->abort.abort();
    co_await call->done.wait();
    EXPECT_TRUE(co_await left.wait());
  });
}

TEST_F(SseCall, close_ends_the_stream_and_what_is_open) {
  run_open([&]() -> awaitable<void> {
    const auto call = co_await start_posted(make_call("1"));
    co_await channel->end_session(nullptr);
    co_await call->done.wait();
    CO_ASSERT(call->outcome.failure);
    EXPECT_EQ(call->outcome.failure->error, "the event stream was closed by us");
    EXPECT_TRUE(co_await peer.gone.wait());
    co_await channel->close();
    const auto late = co_await channel->request(make_call("2"), sink);
    CO_ASSERT(late.failure);
    EXPECT_EQ(late.failure->delivery, Delivery::not_sent);
  });
}

TEST(SseThreads, a_channel_serves_callers_of_other_workers) {
  io::Worker home(0);
  io::Worker away(1);
  SsePeer peer(home);
  UpstreamConfig config;
  config.name = "old";
  config.url = peer.url();
  io::AbortSource abort;
  away.start();
  run_on(home, [&]() -> awaitable<void> {
    auto channel = co_await SseChannel::open(home, config, {}, abort);
    CO_ASSERT(channel);
    const auto calls = [&]() -> awaitable<int> {
      RecordingSink sink(away);
      int answered = 0;
      for (int i = 1; i <= 20; ++i) {
        const auto id = std::to_string(i);
        const auto outcome = co_await (*channel)->request(make_call(id), sink);
        if (outcome.response && away.on_this_thread()) ++answered;
      }
      co_return answered;
    };
    for (int i = 1; i <= 20; ++i) {
      peer.on_post([&peer, id = std::to_string(i)](io::HttpExchange& exchange) -> awaitable<void> {
        peer.answer(id);
        co_await exchange.respond(202, {}, "");
      });
    }
    EXPECT_EQ(co_await asio::co_spawn(away.executor(), calls(), asio::use_awaitable), 20);
    co_await (*channel)->close();
    co_await peer.stop();
  });
  away.stop();
  away.join();
}

}  // namespace
}  // namespace mooring::transport
