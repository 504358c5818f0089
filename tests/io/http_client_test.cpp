#include "io/http_client.hpp"

#include "io/http_client_fixture.hpp"

namespace mooring::io {
namespace {

using namespace testing;
using HttpClientT = HttpClientTest;

struct HttpClientTimeT : HttpClientTest {
  HttpClientTimeT() : HttpClientTest(Loop::Time::manual) {}
};

TEST_F(HttpClientT, sends_one_request_in_the_expected_form) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    std::string text;
    auto request = t.to(t.listener.url("/mcp?x=1"));
    request.headers = {{"Accept", "a/b"}, {"Host", "evil"}, {"Content-Length", "9"}};
    t.tasks.spawn(t.fetches(std::move(request), text));
    auto peer = co_await t.listener.accept();
    EXPECT_EQ(
        co_await peer.message(), fmt::format(
                                     "POST /mcp?x=1 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAccept: "
                                     "a/b\r\nContent-Length: 4\r\n\r\nping",
                                     t.listener.port()
                                 )
    );
    co_await peer.send(response("pong"));
    co_await t.tasks.join();
    EXPECT_EQ(text, "pong");
    EXPECT_EQ(t.client->idle_connections(), 1U);
  }(*this));
}

TEST_F(HttpClientT, reuses_a_connection_and_skips_one_that_died) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
    auto first = co_await t.listener.accept();
    for (int i = 0; i < 3; ++i) {
      if (i > 0) t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
      co_await first.message();
      co_await first.send(response(std::to_string(i)));
      co_await t.tasks.join();
      EXPECT_EQ(text, std::to_string(i));
    }
    first.close();
    co_await settle();
    t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
    auto second = co_await t.listener.accept();
    co_await second.message();
    co_await second.send(response("fresh"));
    co_await t.tasks.join();
    EXPECT_EQ(text, "fresh");
    t.client->close_idle();
    EXPECT_EQ(co_await second.to_end(), "");
  }(*this));
}

TEST_F(HttpClientT, a_connection_with_unexpected_bytes_is_not_reused) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
    auto first = co_await t.listener.accept();
    co_await first.message();
    co_await first.send(response("a"));
    co_await t.tasks.join();
    co_await first.send("HTTP/1.1 408 Too late\r\n\r\n");
    t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
    auto second = co_await t.listener.accept();
    co_await second.message();
    co_await second.send(response("b"));
    co_await t.tasks.join();
    EXPECT_EQ(text, "b");
  }(*this));
}

TEST_F(HttpClientT, a_lost_request_is_not_repeated_and_the_evidence_is_true) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
    auto peer = co_await t.listener.accept();
    co_await peer.message();
    co_await peer.send(response("a"));
    co_await t.tasks.join();
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(t.listener.url()), sent));
    const auto got = co_await peer.message();
    peer.close();
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::headers);
    EXPECT_EQ(sent.error().bytes_sent, got.size());
    EXPECT_TRUE(sent.error().connection_reused);
    EXPECT_EQ(sent.error().message, "connection closed before a response");
  }(*this));
}

TEST_F(HttpClientT, a_refused_connection_sent_nothing) {
  std::uint16_t port = 0;
  {
    Listener gone(loop.worker);
    port = gone.port();
  }
  loop.run([](HttpClientT& t, std::uint16_t p) -> awaitable<void> {
    const auto sent = co_await t.client->send(t.to(fmt::format("http://127.0.0.1:{}/", p)));
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::connect);
    EXPECT_EQ(sent.error().bytes_sent, 0U);
    EXPECT_EQ(sent.error().message, fmt::format("127.0.0.1:{}: Connection refused", p));
  }(*this, port));
}

TEST_F(HttpClientT, localhost_reaches_servers_of_either_family) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to(fmt::format("http://localhost:{}/", t.listener.port())), text));
    auto peer = co_await t.listener.accept();
    co_await peer.message();
    co_await peer.send(response("four"));
    co_await t.tasks.join();
    EXPECT_EQ(text, "four");
  }(*this));
  std::optional<Listener> six;
  try {
    six.emplace(loop.worker, true);
  } catch (const std::exception&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  loop.run([](HttpClientT& t, Listener& l) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to(fmt::format("http://localhost:{}/", l.port())), text));
    auto peer = co_await l.accept();
    co_await peer.message();
    co_await peer.send(response("six"));
    co_await t.tasks.join();
    EXPECT_EQ(text, "six");
  }(*this, *six));
}

TEST_F(HttpClientT, an_unknown_host_is_named) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    const auto sent = co_await t.client->send(t.to("http://nowhere.invalid/"));
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::resolve);
    EXPECT_TRUE(sent.error().message.starts_with("no address for host nowhere.invalid: "))
        << sent.error().message;
  }(*this));
}

TEST_F(HttpClientT, streams_a_chunked_body_piece_by_piece) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(t.listener.url()), sent));
    auto peer = co_await t.listener.accept();
    co_await peer.message();
    co_await peer.send(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: "
        "chunked\r\n\r\n"
    );
    co_await t.tasks.join();
    CO_ASSERT(sent);
    EXPECT_EQ((*sent)->status(), 200);
    EXPECT_EQ((*sent)->header("x-a"), "b");
    EXPECT_FALSE((*sent)->content_length());
    EXPECT_EQ((*sent)->headers().size(), 2U);
    for (const std::string piece : {"1", "22", "333"}) {
      co_await peer.send(fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
      EXPECT_EQ(co_await (*sent)->read_some(), piece);
    }
    co_await peer.send("0\r\n\r\n");
    EXPECT_EQ(co_await (*sent)->read_some(), "");
    EXPECT_EQ(co_await (*sent)->read_some(), "");
    EXPECT_EQ(t.client->idle_connections(), 1U);
  }(*this));
}

TEST_F(HttpClientT, a_body_destroyed_unread_closes_its_connection) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(t.listener.url()), sent));
    auto peer = co_await t.listener.accept();
    co_await peer.message();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    co_await t.tasks.join();
    EXPECT_EQ(co_await (*sent)->read_some(), "half");
    sent = std::unexpected(HttpFailure{});
    EXPECT_EQ(co_await peer.to_end(), "");
    EXPECT_EQ(t.client->idle_connections(), 0U);
  }(*this));
}

TEST_F(HttpClientT, broken_bodies_and_bodies_over_the_limit_are_failures) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    std::string text;
    for (const std::string& answer :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")}) {
      t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
      auto peer = co_await t.listener.accept();
      co_await peer.message();
      co_await peer.send(answer);
      peer.close();
      co_await t.tasks.join();
      EXPECT_EQ(text, "failed: connection closed before the end of the response");
    }
    for (const std::string& head :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\n\r\n")}) {
      t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
      auto peer = co_await t.listener.accept();
      co_await peer.message();
      co_await peer.send(head + std::string(2000000, 'x'));
      peer.close();
      co_await t.tasks.join();
      EXPECT_EQ(text, "failed: response over 1048576 bytes");
    }
  }(*this));
}

TEST_F(HttpClientT, garbage_and_huge_headers_are_failures) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {"SSH-2.0-OpenSSH_9.2\r\n", "malformed response: "},
        {"HTTP/1.1 banana\r\n\r\n", "malformed response: "},
        {"HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x'), "response header over 65536 bytes"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "unexpected status 101"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "connection closed within the response header"},
    };
    for (const auto& [answer, message] : cases) {
      HttpClientTest::Sent sent;
      t.tasks.spawn(t.sends(t.to(t.listener.url()), sent));
      auto peer = co_await t.listener.accept();
      co_await peer.message();
      co_await peer.send(answer);
      peer.close();
      co_await t.tasks.join();
      CO_ASSERT(!sent);
      EXPECT_EQ(sent.error().stage, Stage::headers);
      EXPECT_TRUE(sent.error().message.starts_with(message)) << sent.error().message;
      EXPECT_GT(sent.error().bytes_sent, 0U);
    }
  }(*this));
}

TEST_F(HttpClientT, hears_an_answer_that_comes_before_the_request_is_complete) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(t.listener.url(), std::string(50'000'000, 'x')), sent));
    auto peer = co_await t.listener.accept();
    co_await peer.until("\r\n\r\n");
    co_await peer.send(response("too large", "", 413));
    co_await t.tasks.join();
    CO_ASSERT(sent);
    EXPECT_EQ((*sent)->status(), 413);
    EXPECT_LT((*sent)->bytes_sent(), 50'000'000U);
    EXPECT_EQ(co_await (*sent)->read_all(100), "too large");
    EXPECT_EQ(t.client->idle_connections(), 0U);
  }(*this));
}

TEST_F(HttpClientT, a_connection_lost_while_writing_counts_what_the_kernel_took) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(t.listener.url(), std::string(50'000'000, 'x')), sent));
    auto peer = co_await t.listener.accept();
    co_await peer.until("\r\n\r\n");
    peer.close_with_reset();
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::write);
    EXPECT_GT(sent.error().bytes_sent, 0U);
    EXPECT_LT(sent.error().bytes_sent, 50'000'000U);
  }(*this));
}

TEST_F(HttpClientT, refuses_headers_that_would_break_the_message) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    auto request = t.to(t.listener.url());
    request.headers = {{"X", "a\r\nEvil: b"}};
    const auto sent = co_await t.client->send(std::move(request));
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().bytes_sent, 0U);
    EXPECT_EQ(sent.error().message, "header X has a line break in its value");
  }(*this));
}

// ---- redirects

struct RedirectT : HttpClientTest {
  Listener second{loop.worker};

  OutgoingHttpRequest with_credentials() {
    auto request = to(listener.url("/first"));
    request.headers = {
        {"X-Configured", "c"}, {"authorization", "Bearer s"}, {"Cookie", "k"}, {"X-Own", "o"}
    };
    request.configured_headers = 2;
    return request;
  }
  /// What arrives at `target` after a redirect with `status`.
  awaitable<std::string> followed(int status, Listener& target) {
    std::string text;
    tasks.spawn(fetches(with_credentials(), text));
    auto first = co_await listener.accept();
    co_await first.message();
    co_await first.send(response(
        "", fmt::format("Location: {}\r\nConnection: close\r\n", target.url("/next")), status
    ));
    auto next = co_await target.accept();
    const auto got = co_await next.message();
    co_await next.send(response("there", "Connection: close\r\n"));
    co_await tasks.join();
    EXPECT_EQ(text, "there");
    co_return got;
  }
};

TEST_F(RedirectT, HTTP_01_a_cross_origin_redirect_drops_credentials) {
  loop.run([](RedirectT& t) -> awaitable<void> {
    const auto got = co_await t.followed(307, t.second);
    EXPECT_TRUE(got.starts_with("POST /next HTTP/1.1\r\n")) << got;
    EXPECT_TRUE(got.ends_with("ping"));
    EXPECT_EQ(got.find("Bearer"), std::string::npos);
    EXPECT_EQ(got.find("Cookie"), std::string::npos);
    EXPECT_NE(got.find("X-Configured: c"), std::string::npos);
  }(*this));
}

TEST_F(RedirectT, HTTP_01_b_same_origin_redirect_keeps_them) {
  loop.run([](RedirectT& t) -> awaitable<void> {
    for (const int status : {301, 302, 307, 308}) {
      const auto got = co_await t.followed(status, t.listener);
      EXPECT_TRUE(got.starts_with("POST /next HTTP/1.1\r\n")) << got;
      EXPECT_NE(got.find("Bearer s"), std::string::npos);
      EXPECT_NE(got.find("Cookie: k"), std::string::npos);
      EXPECT_TRUE(got.ends_with("ping"));
    }
  }(*this));
}

TEST_F(RedirectT, HTTP_01_c_strict_drops_every_configured_header) {
  use({.strict_redirect_headers = true});
  loop.run([](RedirectT& t) -> awaitable<void> {
    const auto got = co_await t.followed(308, t.second);
    EXPECT_EQ(got.find("X-Configured"), std::string::npos);
    EXPECT_EQ(got.find("Bearer"), std::string::npos);
    EXPECT_NE(got.find("X-Own: o"), std::string::npos);
  }(*this));
}

TEST_F(RedirectT, a_303_becomes_a_get_without_a_body) {
  loop.run([](RedirectT& t) -> awaitable<void> {
    const auto got = co_await t.followed(303, t.listener);
    EXPECT_TRUE(got.starts_with("GET /next HTTP/1.1\r\n"));
    EXPECT_TRUE(got.ends_with("\r\n\r\n"));
    EXPECT_EQ(got.find("Content-Length"), std::string::npos);
  }(*this));
}

TEST_F(RedirectT, redirects_end_and_strange_ones_are_handed_out) {
  use({.max_redirects = 3});
  loop.run([](RedirectT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(t.listener.url()), sent));
    auto peer = co_await t.listener.accept();
    for (int i = 0; i < 4; ++i) {
      co_await peer.message();
      co_await peer.send(response("again", "Location: /round\r\n", 302));
    }
    co_await t.tasks.join();
    CO_ASSERT(sent);
    EXPECT_EQ((*sent)->status(), 302);
    EXPECT_EQ((*sent)->url().target, "/round");
    sent = std::unexpected(HttpFailure{});
    t.client->close_idle();
    for (const std::string location : {"", "Location: ftp://x/\r\n", "Location: http://\r\n"}) {
      t.tasks.spawn(t.sends(t.to(t.listener.url()), sent));
      auto strange = co_await t.listener.accept();
      co_await strange.message();
      co_await strange.send(response("", location + "Connection: close\r\n", 302));
      co_await t.tasks.join();
      CO_ASSERT(sent);
      EXPECT_EQ((*sent)->status(), 302);
    }
  }(*this));
}

// ---- time and abort

TEST_F(HttpClientTimeT, idle_connections_are_not_reused_for_long) {
  loop.run([](HttpClientTimeT& t) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to(t.listener.url()), text));
    auto first = co_await t.listener.accept();
    co_await first.message();
    co_await first.send(response("a"));
    co_await t.tasks.join();
    EXPECT_EQ(t.client->idle_connections(), 1U);
    t.loop.time().advance(4s);
    EXPECT_EQ(t.client->idle_connections(), 0U);
    EXPECT_EQ(co_await first.to_end(), "");
    EXPECT_EQ(t.loop.time().armed(), 0U);
  }(*this));
}

TEST_F(HttpClientTimeT, the_deadline_ends_a_silent_exchange_in_its_stage) {
  loop.run([](HttpClientTimeT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    auto request = t.to(t.listener.url());
    request.deadline = t.loop.time().now() + 5s;
    t.tasks.spawn(t.sends(std::move(request), sent));
    auto peer = co_await t.listener.accept();
    const auto got = co_await peer.message();
    t.loop.time().advance(5s);
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::headers);
    EXPECT_TRUE(sent.error().timed_out);
    EXPECT_FALSE(sent.error().aborted);
    EXPECT_EQ(sent.error().bytes_sent, got.size());
    EXPECT_EQ(co_await peer.to_end(), "");

    // While it writes.
    request = t.to(t.listener.url(), std::string(50'000'000, 'x'));
    request.deadline = t.loop.time().now() + 5s;
    t.tasks.spawn(t.sends(std::move(request), sent));
    auto stuck = co_await t.listener.accept();
    co_await stuck.until("\r\n\r\n");
    t.loop.time().advance(5s);
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::write);
    EXPECT_TRUE(sent.error().timed_out);

    // Over before it began.
    request = t.to(t.listener.url());
    request.deadline = t.loop.time().now();
    t.tasks.spawn(t.sends(std::move(request), sent));
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_TRUE(sent.error().timed_out);
    EXPECT_EQ(sent.error().bytes_sent, 0U);
  }(*this));
}

TEST_F(HttpClientTimeT, a_body_has_its_own_deadline) {
  loop.run([](HttpClientTimeT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    auto request = t.to(t.listener.url());
    request.deadline = t.loop.time().now() + 5s;
    t.tasks.spawn(t.sends(std::move(request), sent));
    auto peer = co_await t.listener.accept();
    co_await peer.message();
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
    co_await t.tasks.join();
    CO_ASSERT(sent);
    t.loop.time().advance(60s);
    co_await peer.send("a");
    EXPECT_EQ(co_await (*sent)->read_some(t.loop.time().now() + 5s), "a");
    HttpFailure failure;
    const auto reads = [](HttpClientTimeT& test, IncomingHttpResponse& r,
                          HttpFailure& f) -> awaitable<void> {
      auto piece = co_await r.read_some(test.loop.time().now() + 5s);
      if (!piece) f = piece.error();
    };
    t.tasks.spawn(reads(t, **sent, failure));
    co_await settle();
    t.loop.time().advance(5s);
    co_await t.tasks.join();
    EXPECT_EQ(failure.stage, Stage::body);
    EXPECT_TRUE(failure.timed_out);
    EXPECT_EQ(t.loop.time().armed(), 0U);
  }(*this));
}

TEST_F(HttpClientTimeT, a_connect_that_hangs_ends_at_the_connect_timeout) {
  // A listener whose queue is full answers nothing at all.
  tcp::acceptor full(loop.worker.context());
  full.open(tcp::v4());
  full.bind({boost::asio::ip::address_v4::loopback(), 0});
  full.listen(0);
  const auto port = full.local_endpoint().port();
  loop.run([](HttpClientTimeT& t, std::uint16_t p) -> awaitable<void> {
    std::vector<tcp::socket> queue;
    for (int i = 0; i < 4; ++i) {
      queue.emplace_back(t.loop.worker.context());
      queue.back().async_connect({boost::asio::ip::address_v4::loopback(), p}, [](auto) {});
    }
    co_await settle();
    AbortSource abort;
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(fmt::format("http://127.0.0.1:{}/", p)), sent));
    co_await settle();
    t.loop.time().advance(10s);
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::connect);
    EXPECT_TRUE(sent.error().timed_out);
    auto request = t.to(fmt::format("http://127.0.0.1:{}/", p));
    request.abort = &abort;
    t.tasks.spawn(t.sends(std::move(request), sent));
    co_await settle();
    abort.abort();
    co_await t.tasks.join();
    EXPECT_EQ(sent.error().stage, Stage::connect);
    EXPECT_TRUE(sent.error().aborted);
  }(*this, port));
}

TEST_F(HttpClientTimeT, abort_works_at_every_stage) {
  loop.run([](HttpClientTimeT& t) -> awaitable<void> {
    // Before anything, and while a name is looked up.
    HttpClientTest::Sent sent;
    {
      AbortSource abort;
      abort.abort();
      auto request = t.to(t.listener.url());
      request.abort = &abort;
      sent = co_await t.client->send(std::move(request));
      CO_ASSERT(!sent);
      EXPECT_TRUE(sent.error().aborted);
      EXPECT_EQ(sent.error().bytes_sent, 0U);
    }
    {
      AbortSource abort;
      auto request = t.to("http://somewhere.invalid/");
      request.abort = &abort;
      t.tasks.spawn(t.sends(std::move(request), sent));
      co_await asio::post(asio::use_awaitable);
      abort.abort();
      co_await t.tasks.join();
      CO_ASSERT(!sent);
      EXPECT_EQ(sent.error().stage, Stage::resolve);
    }
    // While it waits for the head.
    {
      AbortSource abort;
      auto request = t.to(t.listener.url());
      request.abort = &abort;
      t.tasks.spawn(t.sends(std::move(request), sent));
      auto peer = co_await t.listener.accept();
      const auto got = co_await peer.message();
      abort.abort();
      co_await t.tasks.join();
      CO_ASSERT(!sent);
      EXPECT_EQ(sent.error().stage, Stage::headers);
      EXPECT_TRUE(sent.error().aborted);
      EXPECT_EQ(sent.error().bytes_sent, got.size());
      EXPECT_EQ(co_await peer.to_end(), "");
    }
    // Between two reads of the body.
    {
      AbortSource abort;
      auto request = t.to(t.listener.url());
      request.abort = &abort;
      t.tasks.spawn(t.sends(std::move(request), sent));
      auto peer = co_await t.listener.accept();
      co_await peer.message();
      co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
      co_await t.tasks.join();
      CO_ASSERT(sent);
      EXPECT_EQ(co_await (*sent)->read_some(), "half");
      abort.abort();
      const auto piece = co_await (*sent)->read_some();
      CO_ASSERT(!piece);
      EXPECT_TRUE(piece.error().aborted);
      EXPECT_EQ(piece.error().stage, Stage::body);
      EXPECT_EQ(co_await peer.to_end(), "");
    }
  }(*this));
}

TEST_F(HttpClientT, destroying_the_client_ends_what_is_open) {
  loop.run([](HttpClientT& t) -> awaitable<void> {
    HttpClientTest::Sent waiting;
    const auto sends = [](HttpClient& c, OutgoingHttpRequest r, HttpClientTest::Sent& s
                       ) -> awaitable<void> { s = co_await c.send(std::move(r)); };
    t.tasks.spawn(sends(*t.client, t.to(t.listener.url()), waiting));
    auto peer = co_await t.listener.accept();
    co_await peer.message();
    t.client.reset();
    co_await t.tasks.join();
    CO_ASSERT(!waiting);
    EXPECT_TRUE(waiting.error().aborted);
  }(*this));
}

}  // namespace
}  // namespace mooring::io
