#include "io/http_client.hpp"

#include "io/http_client_fixture.hpp"

namespace mooring::io {
namespace {

using namespace testing;
using HttpClientT = HttpClientTest;

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
