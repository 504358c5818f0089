#include "io/http_client.hpp"
#include "io/http_client_fixture.hpp"

namespace mooring::io {
namespace {

using namespace testing;

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

}  // namespace
}  // namespace mooring::io
