#include "io/http_server.hpp"

#include "io/http_server_fixture.hpp"

namespace mooring::io {
namespace {

using namespace testing;
using HttpServerT = HttpServerTest;

TEST_F(HttpServerT, answers_on_one_connection_again_and_again) {
  serve_echo();
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    for (int i = 0; i < 3; ++i) {
      co_await peer.send("POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
      EXPECT_EQ(
          co_await peer.message(),
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n\r\nPOST /a b=c hi"
      );
    }
    EXPECT_EQ(t.server->connections(), 1U);
  }(*this));
}

TEST_F(HttpServerT, pipelined_requests_are_answered_in_order) {
  serve_echo();
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    std::string all;
    for (int i = 0; i < 50; ++i) {
      all += fmt::format(
          "PUT /{} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", i
      );
    }
    co_await peer.send(all);
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE((co_await peer.message()).ends_with(fmt::format("PUT /{}  x", i)));
    }
  }(*this));
}

TEST_F(HttpServerT, reads_a_body_byte_by_byte_and_a_large_one) {
  serve([](HttpExchange& exchange) -> awaitable<void> {
    const std::string body = std::move(exchange.body());
    co_await exchange.respond(200, {}, std::to_string(body.size()));
  });
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    for (const char c : std::string("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")) {
      co_await peer.send(std::string(1, c));
      co_await settle();
    }
    EXPECT_TRUE((co_await peer.message()).ends_with("\r\n\r\n3"));
    co_await peer.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n" + std::string(9000000, 'x')
    );
    EXPECT_TRUE((co_await peer.message()).ends_with("\r\n\r\n9000000"));
  }(*this));
}

TEST_F(HttpServerT, expect_continue_is_answered_before_the_body) {
  serve_echo();
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send(
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    EXPECT_EQ(co_await peer.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    co_await peer.send("ok");
    EXPECT_TRUE((co_await peer.message()).ends_with("POST /  ok"));
  }(*this));
}

TEST_F(HttpServerT, honours_connection_close_and_http_1_0) {
  serve_echo();
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto closed = co_await peer.to_end();
    EXPECT_NE(closed.find("Connection: close\r\n"), std::string::npos);
    EXPECT_FALSE(peer.reset);

    auto old = co_await Peer::connect(t.port);
    co_await old.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE((co_await old.to_end()).ends_with("GET /  "));

    auto alive = co_await Peer::connect(t.port);
    co_await alive.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_NE((co_await alive.message()).find("Connection: keep-alive\r\n"), std::string::npos);
    co_await alive.send("GET /2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE((co_await alive.message()).ends_with("GET /2  "));
  }(*this));
}

TEST_F(HttpServerT, head_and_204_have_no_body) {
  serve([](HttpExchange& exchange) -> awaitable<void> {
    if (exchange.method() == "HEAD") {
      co_await exchange.respond(200, {}, "hello");
    } else {
      co_await exchange.respond(204, {}, "ignored");
    }
  });
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nOPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(co_await peer.until("\r\n\r\n"), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(co_await peer.until("\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
  }(*this));
}

TEST_F(HttpServerT, streams_in_chunks_and_goes_on) {
  serve([](HttpExchange& exchange) -> awaitable<void> {
    const HeaderField type{"Content-Type", "text/event-stream"};
    EXPECT_TRUE(co_await exchange.begin_stream(200, {&type, 1}));
    EXPECT_TRUE(exchange.responded());
    EXPECT_TRUE(co_await exchange.write("data: 1\n\n"));
    EXPECT_TRUE(co_await exchange.write(""));
    EXPECT_TRUE(co_await exchange.write(std::string(20000, 'x')));
    EXPECT_TRUE(co_await exchange.end_stream());
    EXPECT_FALSE(co_await exchange.write("late"));
  });
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    for (int i = 0; i < 2; ++i) {
      co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      EXPECT_EQ(
          co_await peer.until("\r\n\r\n"),
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      );
      EXPECT_EQ(co_await peer.until("\n\n\r\n"), "9\r\ndata: 1\n\n\r\n");
      EXPECT_EQ((co_await peer.until("\r\n0\r\n\r\n")).size(), 6U + 20000U + 7U);
    }
    auto old = co_await Peer::connect(t.port);
    co_await old.send("GET / HTTP/1.0\r\n\r\n");
    const auto text = co_await old.to_end();
    EXPECT_TRUE(text.ends_with("\r\n\r\ndata: 1\n\n" + std::string(20000, 'x')));
  }(*this));
}

TEST_F(HttpServerT, an_unfinished_stream_is_cut_and_an_unanswered_request_is_a_500) {
  serve([](HttpExchange& exchange) -> awaitable<void> {
    if (exchange.path() == "/cut") {
      co_await exchange.begin_stream(200, {});
      co_await exchange.write("half");
    } else if (exchange.path() == "/throw") {
      throw std::runtime_error("expected in the log");
    }
  });
  loop.run([](HttpServerT& t) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\nGET /throw HTTP/1.1\r\nHost: h\r\n\r\n"
    );
    EXPECT_TRUE((co_await peer.message()).starts_with("HTTP/1.1 500 "));
    EXPECT_TRUE((co_await peer.message()).starts_with("HTTP/1.1 500 "));
    co_await peer.send("GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE((co_await peer.to_end()).ends_with("4\r\nhalf\r\n"));
  }(*this));
}

TEST_F(HttpServerT, a_slow_reader_holds_the_writer_back) {
  std::size_t written = 0;
  bool all_taken = false;
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    co_await exchange.begin_stream(200, {});
    const std::string piece(256 * 1024, 'x');
    for (int i = 0; i < 200; ++i) {
      if (!co_await exchange.write(piece)) co_return;
      written += piece.size();
    }
    all_taken = co_await exchange.end_stream();
  });
  loop.run([](HttpServerT& t, std::size_t& w, bool& all) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await peer.until("\r\n\r\n");
    // The writer runs until the kernel's buffers are full, and no further.
    std::size_t before = 1;
    while (before != w) {
      before = w;
      for (int i = 0; i < 50; ++i) co_await settle();
    }
    EXPECT_LT(w, std::size_t{40} << 20);
    std::size_t total = 0;
    while (!peer.read.ends_with("\r\n0\r\n\r\n")) {
      if (peer.read.size() > 100) total += peer.take(peer.read.size() - 100).size();
      if (!co_await peer.more()) break;
    }
    EXPECT_GT(total + peer.read.size(), std::size_t{200} * 256 * 1024);
    co_await settle();
    EXPECT_TRUE(all);
  }(*this, written, all_taken));
}

TEST_F(HttpServerT, a_working_handler_learns_that_its_peer_is_gone) {
  auto& timers = loop.worker.timers();
  Event started(loop.worker.executor(), timers);
  Event gone(loop.worker.executor(), timers);
  int calls = 0;
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    exchange.on_peer_gone([&] {
      ++calls;
      gone.set();
    });
    EXPECT_FALSE(exchange.peer_gone());
    started.set();
    co_await gone.wait();
    EXPECT_TRUE(exchange.peer_gone());
    exchange.on_peer_gone([&] { ++calls; });
    co_await exchange.respond(200, {}, "nobody reads this");
  });
  loop.run([](HttpServerT& t, Event& s, Event& g) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await s.wait();
    peer.close();
    co_await g.wait();
    while (t.server->connections() > 0) co_await settle();
  }(*this, started, gone));
  EXPECT_EQ(calls, 2);
}

TEST_F(HttpServerT, a_client_that_never_stops_asking_does_not_keep_the_loop_to_itself) {
  constexpr int requests = 4000;  // more than one read takes
  int handled = 0;
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    ++handled;
    co_await exchange.respond(200, {}, "x");
  });
  loop.run([](HttpServerT& t, const int& done) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    std::string many;
    for (int i = 0; i < requests; ++i) many += "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    CO_ASSERT(co_await peer.send(many));
    int before = 0, most = 0;
    while (done < requests) {
      co_await asio::post(asio::use_awaitable);
      most = std::max(most, done - std::exchange(before, done));
    }
    EXPECT_LE(most, 3) << "requests between two others' turns";
  }(*this, handled));
}

TEST_F(HttpServerT, watching_for_the_peer_loses_no_pipelined_byte) {
  auto& timers = loop.worker.timers();
  Event started(loop.worker.executor(), timers);
  Event go_on(loop.worker.executor(), timers);
  bool gone = false;
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    exchange.on_peer_gone([&] { gone = true; });
    started.set();
    co_await go_on.wait();
    co_await exchange.respond(200, {}, fmt::format("{}{}", exchange.path(), exchange.body()));
  });
  loop.run([](HttpServerT& t, Event& s, Event& go) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await s.wait();
    const std::string body(150'000, 'b');
    const auto send_rest = [](Peer& p, const std::string& b) -> awaitable<void> {
      co_await p.send("POST /sec");
      co_await settle();
      co_await p.send(
          fmt::format("ond HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{}", b.size(), b)
      );
    };
    TaskGroup tasks(t.loop.worker.executor());
    tasks.spawn(send_rest(peer, body));
    for (int i = 0; i < 50; ++i) co_await settle();
    go.set();
    EXPECT_TRUE((co_await peer.message()).ends_with("/first"));
    EXPECT_TRUE((co_await peer.message()).ends_with("/second" + body));
    co_await tasks.join();
  }(*this, started, go_on));
  EXPECT_FALSE(gone);
}

TEST_F(HttpServerT, drain_lets_requests_finish_and_closes_idle_connections) {
  auto& timers = loop.worker.timers();
  Event started(loop.worker.executor(), timers);
  Event go_on(loop.worker.executor(), timers);
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    started.set();
    co_await go_on.wait();
    co_await exchange.respond(200, {}, "done");
  });
  loop.run([](HttpServerT& t, Event& s, Event& go) -> awaitable<void> {
    auto idle = co_await Peer::connect(t.port);
    auto busy = co_await Peer::connect(t.port);
    co_await busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await s.wait();
    while (t.server->connections() < 2) co_await settle();
    t.server->drain();
    EXPECT_EQ(co_await idle.to_end(), "");
    go.set();
    const auto text = co_await busy.to_end();
    EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(text.ends_with("done"));
    tcp::socket late(t.loop.worker.context());
    auto [error] = co_await late.async_connect(
        {boost::asio::ip::address_v4::loopback(), t.port}, asio::as_tuple(asio::use_awaitable)
    );
    EXPECT_TRUE(error);
  }(*this, started, go_on));
}

TEST_F(HttpServerT, stop_ends_handlers_that_watch_their_peer) {
  auto& timers = loop.worker.timers();
  Event started(loop.worker.executor(), timers);
  Event gone(loop.worker.executor(), timers);
  bool ended = false;
  serve([&](HttpExchange& exchange) -> awaitable<void> {
    exchange.on_peer_gone([&] { gone.set(); });
    started.set();
    co_await gone.wait();
    EXPECT_FALSE(co_await exchange.respond(200, {}, ""));
    ended = true;
  });
  loop.run([](HttpServerT& t, Event& s) -> awaitable<void> {
    auto peer = co_await Peer::connect(t.port);
    co_await peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    co_await s.wait();
    co_await t.server->stop();
  }(*this, started));
  EXPECT_TRUE(ended);
}

TEST_F(HttpServerT, listens_by_name_and_says_why_it_cannot) {
  serve_echo();
  HttpServer other(loop.worker, {}, [](HttpExchange&) -> awaitable<void> { co_return; });
  const auto taken = other.listen("localhost", port);
  ASSERT_FALSE(taken);
  EXPECT_NE(
      taken.error().detail.find(fmt::format("cannot listen on localhost:{}", port)),
      std::string::npos
  );
  const auto v6 = other.listen("[::1]", 0);
  if (v6) EXPECT_EQ(v6->host, "::1");
  const auto shared = other.listen("127.0.0.1", 0, true);
  ASSERT_TRUE(shared);
  HttpServer third(loop.worker, {}, [](HttpExchange&) -> awaitable<void> { co_return; });
  EXPECT_TRUE(third.listen("127.0.0.1", shared->port, true));
}

}  // namespace
}  // namespace mooring::io
