#include "http_test.hpp"

namespace mooring::transport {
namespace {

using recovery::Delivery;

const std::string changed = R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})";

class HttpListen : public HttpTest {
 protected:
  io::AbortSource abort;
};

TEST_F(HttpListen, messages_flow_until_the_server_closes) {
  server.events("retry: 750\n" + event(changed, "g-7"));
  run([&]() -> awaitable<void> {
    const auto end = co_await channel->listen(session(), "g-6", sink, abort);
    EXPECT_TRUE(end.offered);
    EXPECT_FALSE(end.failure);
    EXPECT_EQ(end.last_event_id, "g-7");
    EXPECT_EQ(end.retry, std::chrono::milliseconds(750));
    EXPECT_EQ(sink.methods, std::vector<std::string>{"notifications/tools/list_changed"});
    EXPECT_EQ(server.seen.at(0).headers["last-event-id"], "g-6");
  });
}

TEST_F(HttpListen, a_cut_stream_tells_where_to_go_on) {
  server.events(event(changed, "g-1"), true);
  run([&]() -> awaitable<void> {
    const auto end = co_await channel->listen(session(), {}, sink, abort);
    EXPECT_TRUE(end.offered);
    CO_ASSERT(end.failure.has_value());
    EXPECT_EQ(end.failure->stage, recovery::Stage::body);
    EXPECT_EQ(end.last_event_id, "g-1");
    EXPECT_FALSE(server.seen.at(0).headers.contains("last-event-id"));
  });
}

TEST_F(HttpListen, not_offered) {
  server.reply(405);
  server.reply(404);
  server.reply(400);
  server.reply(406);
  server.reply(200, {{"Content-Type", "text/html"}}, "<p>hello");
  server.reply(405);
  run([&]() -> awaitable<void> {
    for (int i = 0; i < 6; ++i) {
      const auto with = i == 0 ? session() : nullptr;
      const auto end = co_await channel->listen(with, {}, sink, abort);
      EXPECT_FALSE(end.offered) << i;
      EXPECT_FALSE(end.failure) << i;
    }
  });
}

TEST_F(HttpListen, status_404_with_a_session_is_evidence) {
  server.reply(404, {}, "Session not found");
  server.reply(503);
  run([&]() -> awaitable<void> {
    auto end = co_await channel->listen(session(), {}, sink, abort);
    EXPECT_TRUE(end.offered);
    CO_ASSERT(end.failure.has_value());
    EXPECT_EQ(end.failure->http_status, 404);
    EXPECT_TRUE(end.failure->sent_session_id);
    end = co_await channel->listen(session(), {}, sink, abort);
    CO_ASSERT(end.failure.has_value());
    EXPECT_EQ(end.failure->http_status, 503);
  });
}

TEST_F(HttpListen, abort_ends_it) {
  io::Event over(worker.executor(), clock);
  server.then([&](io::HttpExchange& exchange) -> awaitable<void> {
    const std::vector<io::HeaderField> headers = {{"Content-Type", "text/event-stream"}};
    co_await exchange.begin_stream(200, headers);
    const auto one = event(changed, "g-3");
    co_await exchange.write(one);
    co_await over.wait();
  });
  run([&]() -> awaitable<void> {
    sink.on_message = [&](const protocol::Frame&) -> awaitable<void> {
      asio::post(worker.executor(), [&] { abort.abort(); });
      co_return;
    };
    const auto end = co_await channel->listen(session(), {}, sink, abort);
    CO_ASSERT(end.failure.has_value());
    EXPECT_TRUE(end.failure->aborted);
    EXPECT_EQ(end.last_event_id, "g-3");
    over.set();
  });
}

TEST_F(HttpListen, the_channel_goes_away) {
  io::Event over(worker.executor(), clock);
  server.then([&](io::HttpExchange& exchange) -> awaitable<void> {
    const std::vector<io::HeaderField> headers = {{"Content-Type", "text/event-stream"}};
    co_await exchange.begin_stream(200, headers);
    co_await over.wait();
  });
  run([&]() -> awaitable<void> {
    io::TaskGroup tasks(worker.executor());
    std::optional<ListenEnd> end;
    auto listen = [&]() -> awaitable<void> {
      end = co_await channel->listen(session(), {}, sink, abort);
    };
    tasks.spawn(listen());
    while (server.seen.empty()) co_await server.arrived.wait();
    channel.reset();
    co_await tasks.join();
    CO_ASSERT(end && end->failure);
    EXPECT_TRUE(end->failure->aborted);
    over.set();
  });
}

}  // namespace
}  // namespace mooring::transport
