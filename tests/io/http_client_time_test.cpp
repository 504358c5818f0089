#include "io/http_client.hpp"
#include "io/http_client_fixture.hpp"

namespace mooring::io {
namespace {

using namespace testing;

struct HttpClientTimeT : HttpClientTest {
  HttpClientTimeT() : HttpClientTest(Loop::Time::manual) {}
};

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

}  // namespace
}  // namespace mooring::io
