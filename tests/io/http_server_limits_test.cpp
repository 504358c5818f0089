#include "io/http_server_fixture.hpp"

namespace mooring::io {
namespace {

using namespace testing;

struct HttpServerLimitsT : HttpServerTest {
  HttpServerLimitsT() : HttpServerTest(Loop::Time::manual) {}

  /// Waits until the server has come as far as the kernel lets it.
  awaitable<void> connected(std::size_t count) {
    while (server->connections() != count) co_await settle();
    for (int i = 0; i < 10; ++i) co_await settle();
  }
};

TEST_F(HttpServerLimitsT, malformed_requests_get_a_400_and_nobody_else_notices) {
  serve_echo();
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto good = co_await Peer::connect(t.port);
    for (const std::string& garbage :
         {std::string("\x16\x03\x01\x02 hello\r\n\r\n"), std::string("GET\r\n\r\n"),
          std::string("GET / HTTP/1.1\r\n\r\n")}) {
      auto peer = co_await Peer::connect(t.port);
      co_await peer.send(garbage);
      const auto answer = co_await peer.message();
      EXPECT_TRUE(
          answer.starts_with("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n")
      ) << answer;
      EXPECT_NE(answer.find("Connection: close"), std::string::npos);
      EXPECT_NE(answer.find(R"({"error":"malformed request)"), std::string::npos);
      EXPECT_EQ(co_await peer.to_end(), "");
    }
    co_await good.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE((co_await good.message()).starts_with("HTTP/1.1 200 "));
  }(*this));
}

TEST_F(HttpServerLimitsT, a_header_of_a_megabyte_is_a_431) {
  serve_echo();
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    TaskGroup tasks(t.loop.worker.executor());
    const auto sends = [](Peer& p) -> awaitable<void> {
      co_await p.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(1 << 20, 'x'));
    };
    tasks.spawn(sends(peer));
    const auto answer = co_await peer.message();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n")) << answer;
    peer.close();
    co_await tasks.join();
  }(*this));
}

TEST_F(HttpServerLimitsT, HTTP_02_a_body_over_the_limit_is_a_413_and_the_connection_stays_usable) {
  serve_echo({.body_bytes = 1000});
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n" + std::string(3000000, 'x')
    );
    const auto sized = co_await peer.message();
    EXPECT_TRUE(sized.starts_with("HTTP/1.1 413 ")) << sized;
    EXPECT_TRUE(sized.ends_with(R"({"error":"request body over 1000 bytes"})"));
    co_await peer.send(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
        std::string(2000, 'x') + "\r\n0\r\n\r\n"
    );
    EXPECT_TRUE((co_await peer.message()).starts_with("HTTP/1.1 413 "));
    co_await peer.send("POST /ok HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_TRUE((co_await peer.message()).ends_with("POST /ok  x"));
  }(*this));
}

TEST_F(HttpServerLimitsT, a_body_that_cannot_be_drained_ends_the_connection_after_the_answer) {
  serve_echo({.body_bytes = 1000});
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto huge = co_await Peer::connect(t.port);
    co_await huge.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\nxxxx");
    const auto answer = co_await huge.message();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 "));
    EXPECT_NE(answer.find("Connection: close"), std::string::npos);
    EXPECT_EQ(co_await huge.to_end(), "");
    EXPECT_FALSE(huge.reset);

    auto polite = co_await Peer::connect(t.port);
    co_await polite.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\nExpect: 100-continue\r\n\r\n"
    );
    EXPECT_TRUE((co_await polite.message()).starts_with("HTTP/1.1 413 "));
    EXPECT_EQ(co_await polite.to_end(), "");
  }(*this));
}

TEST_F(HttpServerLimitsT, one_connection_too_many_gets_a_503) {
  serve_echo({.connections = 2});
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto first = co_await Peer::connect(t.port);
    auto second = co_await Peer::connect(t.port);
    co_await t.connected(2);
    auto third = co_await Peer::connect(t.port);
    co_await third.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE((co_await third.to_end()).starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
    first.close();
    co_await t.connected(1);
    auto fourth = co_await Peer::connect(t.port);
    co_await fourth.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE((co_await fourth.message()).starts_with("HTTP/1.1 200 "));
  }(*this));
}

TEST_F(HttpServerLimitsT, a_slow_header_is_a_408_counted_from_its_first_byte) {
  serve_echo();
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await t.connected(1);
    t.loop.time().advance(60s);
    co_await peer.send("GET / HTTP/1.1\r\n");
    co_await t.connected(1);
    for (int i = 0; i < 9; ++i) {
      t.loop.time().advance(1s);
      co_await peer.send("X: y\r\n");
      co_await t.connected(1);
    }
    EXPECT_EQ(t.server->connections(), 1U);
    t.loop.time().advance(2s);
    const auto answer = co_await peer.message();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << answer;
    EXPECT_EQ(co_await peer.to_end(), "");
  }(*this));
}

TEST_F(HttpServerLimitsT, a_body_may_take_long_but_not_pause_long) {
  serve_echo();
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
      co_await t.connected(1);
      t.loop.time().advance(29s);
      co_await peer.send("x");
    }
    co_await t.connected(1);
    t.loop.time().advance(31s);
    EXPECT_TRUE((co_await peer.message()).starts_with("HTTP/1.1 408 "));
  }(*this));
}

TEST_F(HttpServerLimitsT, idle_connections_are_closed_without_a_word) {
  serve_echo();
  loop.run([](HttpServerLimitsT& t) -> awaitable<void> {
    auto silent = co_await Peer::connect(t.port);
    auto used = co_await Peer::connect(t.port);
    co_await t.connected(2);
    t.loop.time().advance(100s);
    co_await used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await used.message();
    t.loop.time().advance(25s);
    EXPECT_EQ(co_await silent.to_end(), "");
    co_await t.connected(1);
    t.loop.time().advance(121s);
    EXPECT_EQ(co_await used.to_end(), "");
    co_await t.connected(0);
  }(*this));
  loop.time().advance(1s);
  EXPECT_EQ(loop.time().armed(), 0U) << "a server without connections needs no timer";
}

TEST_F(HttpServerLimitsT, a_peer_that_takes_nothing_is_dropped) {
  bool failed = false;
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    co_await exchange.begin_stream(200, {});
    const std::string piece(1 << 20, 'x');
    while (co_await exchange.write(piece)) {
    }
    failed = true;
  });
  loop.run([](HttpServerLimitsT& t, bool& f) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.until("\r\n\r\n");
    for (int i = 0; i < 300; ++i) co_await settle();
    EXPECT_FALSE(f);
    t.loop.time().advance(31s);
    co_await t.connected(0);
    EXPECT_TRUE(f);
  }(*this, failed));
}

TEST_F(HttpServerLimitsT, a_handler_may_take_as_long_as_it_likes) {
  Event go_on(loop.worker.executor(), loop.worker.timers());
  Event started(loop.worker.executor(), loop.worker.timers());
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    started.set();
    co_await go_on.wait();
    co_await exchange.respond(200, {}, "late");
  });
  loop.run([](HttpServerLimitsT& t, Event& s, Event& go) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await s.wait();
    t.loop.time().advance(1h);
    co_await t.connected(1);
    go.set();
    EXPECT_TRUE((co_await peer.message()).ends_with("late"));
  }(*this, started, go_on));
}

}  // namespace
}  // namespace mooring::io
