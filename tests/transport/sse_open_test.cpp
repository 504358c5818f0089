// How the stream of HTTP+SSE is opened, and what is taken for its endpoint.
#include "sse_test.hpp"

namespace mooring::transport {
namespace {

using SseOpen = SseTest;

TEST_F(SseOpen, asks_for_events_with_the_configured_headers) {
  config.headers = {{"Authorization", "Bearer t"}, {"X-Team", "blue"}};
  run_open([&]() -> awaitable<void> {
    CO_ASSERT(peer.gets.size() == 1);
    EXPECT_EQ(peer.gets[0].path, "/v1/sse");
    EXPECT_EQ(peer.gets[0].headers["accept"], "text/event-stream");
    EXPECT_EQ(peer.gets[0].headers["authorization"], "Bearer t");
    const auto call = co_await start_posted(make_call("1"));
    EXPECT_EQ(peer.seen[0].headers["authorization"], "Bearer t");
    EXPECT_EQ(peer.seen[0].headers["x-team"], "blue");
    EXPECT_EQ(peer.seen[0].headers["content-type"], "application/json");
    peer.answer("1");
    co_await call->done.wait();
  });
}

class SseEndpoint : public SseTest,
                    public testing::WithParamInterface<std::pair<std::string, std::string>> {};

TEST_P(SseEndpoint, is_resolved_against_the_stream) {
  auto named = GetParam().first;
  if (named.starts_with("ORIGIN")) named = peer.origin() + named.substr(6);
  peer.begin = ": hello\n\nid: 1\ndata:\n\nevent: endpoint\r\ndata: " + named + "\r\n\r\n";
  run_open([&]() -> awaitable<void> {
    EXPECT_FALSE(co_await channel->notify("{}", nullptr));
    CO_ASSERT(peer.seen.size() == 1);
    EXPECT_EQ(peer.seen[0].path, GetParam().second);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Forms, SseEndpoint,
    testing::Values(
        std::pair{"/messages/?session_id=a1", "/messages/?session_id=a1"},
        std::pair{"messages", "/v1/messages"}, std::pair{"?s=1", "/v1/sse?s=1"},
        std::pair{"ORIGIN/post?x=1", "/post?x=1"}
    )
);

TEST_F(SseOpen, the_endpoint_is_relative_to_where_redirects_led) {
  peer.begin = "event: endpoint\ndata: post\n\n";
  peer.on_get([](io::HttpExchange& exchange) -> awaitable<void> {
    const std::vector<io::HeaderField> fields = {{"Location", "/v2/sse"}};
    co_await exchange.respond(307, fields, "");
  });
  run_open([&]() -> awaitable<void> {
    EXPECT_FALSE(co_await channel->notify("{}", nullptr));
    CO_ASSERT(peer.seen.size() == 1);
    EXPECT_EQ(peer.seen[0].path, "/v2/post");
  });
}

TEST_F(SseOpen, credentials_do_not_follow_a_redirect_to_another_origin) {
  SsePeer other(worker);
  config.headers = {{"Authorization", "Bearer t"}, {"X-Team", "blue"}};
  peer.on_get([&](io::HttpExchange& exchange) -> awaitable<void> {
    const auto url = other.url();
    const std::vector<io::HeaderField> fields = {{"Location", url}};
    co_await exchange.respond(307, fields, "");
  });
  run_open([&]() -> awaitable<void> {
    EXPECT_FALSE(co_await channel->notify("{}", nullptr));
    CO_ASSERT(other.seen.size() == 1);
    EXPECT_FALSE(other.gets[0].headers.contains("authorization"));
    EXPECT_FALSE(other.seen[0].headers.contains("authorization"));
    EXPECT_EQ(other.seen[0].headers["x-team"], "blue");
    co_await channel->close();
    co_await other.stop();
  });
}

TEST_F(SseOpen, an_endpoint_of_another_origin_is_refused) {
  peer.begin = "event: endpoint\ndata: http://127.0.0.1:1/messages\n\n";
  run([&]() -> awaitable<void> {
    const auto error = co_await open();
    EXPECT_EQ(error.reason, Reason::protocol);
    EXPECT_NE(error.detail.find("http://127.0.0.1:1"), std::string::npos) << error.detail;
    EXPECT_NE(error.detail.find("another origin"), std::string::npos) << error.detail;
    EXPECT_TRUE(co_await peer.gone.wait());
    EXPECT_TRUE(peer.seen.empty());
  });
}

TEST_F(SseOpen, an_endpoint_that_is_no_uri_is_refused) {
  peer.begin = "event: endpoint\ndata:  \n\n";
  run([&]() -> awaitable<void> { EXPECT_EQ((co_await open()).reason, Reason::protocol); });
}

TEST_F(SseOpen, an_endpoint_that_never_comes_is_waited_for_so_long) {
  peer.begin = ": nothing to say\n\n";
  config.connect_timeout = std::chrono::milliseconds(7250);
  run([&]() -> awaitable<void> {
    Error error;
    tasks.spawn(
        [](SseOpen_an_endpoint_that_never_comes_is_waited_for_so_long_Test& test,
           Error& to) -> awaitable<void> { to = co_await test.open(); }(*this, error)
    );
    EXPECT_TRUE(co_await peer.opened.wait());
    co_await pass(config.connect_timeout);
    co_await tasks.join();
    EXPECT_EQ(error.reason, Reason::io);
    EXPECT_EQ(error.detail, "the event stream named no endpoint within 7.25 s");
    EXPECT_TRUE(co_await peer.gone.wait());
  });
}

TEST_F(SseOpen, a_stream_that_ends_before_its_endpoint_is_worth_another_try) {
  peer.begin.clear();
  peer.hang_up();
  run([&]() -> awaitable<void> {
    const auto error = co_await open();
    EXPECT_EQ(error.reason, Reason::io);
    EXPECT_EQ(error.detail, "the event stream ended before it named an endpoint");
  });
}

TEST_F(SseOpen, the_stream_of_streamable_http_is_told_apart) {
  peer.begin = event(R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
  run([&]() -> awaitable<void> {
    EXPECT_EQ((co_await open()).reason, Reason::protocol);
    EXPECT_TRUE(co_await peer.gone.wait());
  });
}

TEST_F(SseOpen, other_answers_are_told_as_they_are) {
  peer.on_get(status(404, "no such page"));
  peer.on_get(status(401));
  peer.on_get(status(503, "busy"));
  peer.on_get(status(200, "<!doctype html><p>Welcome", "text/html"));
  run([&]() -> awaitable<void> {
    const auto missing = co_await open();
    EXPECT_EQ(missing.reason, Reason::protocol);
    EXPECT_NE(missing.detail.find("404"), std::string::npos) << missing.detail;
    EXPECT_EQ((co_await open()).reason, Reason::login_needed);
    const auto busy = co_await open();
    EXPECT_EQ(busy.reason, Reason::io);
    EXPECT_NE(busy.detail.find("503"), std::string::npos) << busy.detail;
    const auto page = co_await open();
    EXPECT_EQ(page.reason, Reason::protocol);
    EXPECT_NE(page.detail.find("text/html"), std::string::npos) << page.detail;
  });
}

TEST_F(SseOpen, can_be_given_up) {
  peer.begin.clear();
  run([&]() -> awaitable<void> {
    Error error;
    tasks.spawn([](SseOpen_can_be_given_up_Test& test, Error& to) -> awaitable<void> {
      to = co_await test.open();
    }(*this, error));
    EXPECT_TRUE(co_await peer.opened.wait());
    abort_opening.abort();
    co_await tasks.join();
    EXPECT_EQ(error.reason, Reason::cancelled);
    EXPECT_TRUE(co_await peer.gone.wait());
  });
}

TEST_F(SseOpen, a_channel_that_is_dropped_closes_its_stream) {
  run_open([&]() -> awaitable<void> {
    channel.reset();
    EXPECT_TRUE(co_await peer.gone.wait());
    for (int turn = 0; turn < 8; ++turn) co_await yield_once();
  });
}

}  // namespace
}  // namespace mooring::transport
