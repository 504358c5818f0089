#include "io/http_client_fixture.hpp"
#include "io/tls_peer.hpp"

namespace mooring::io {
namespace {

using namespace testing;

struct TlsT : HttpClientTest {
  awaitable<void> fetch(TlsPeer& peer, TlsClientOptions tls, std::string host, std::string& text) {
    use({.tls = std::move(tls)});
    co_await fetches(to(fmt::format("https://{}:{}/", host, peer.port())), text);
  }
  std::string get(TlsPeer& peer, TlsClientOptions tls, const std::string& host = "127.0.0.1") {
    std::string text;
    loop.run(fetch(peer, std::move(tls), host, text));
    return text;
  }
};

TEST_F(TlsT, HTTP_06_a_self_signed_certificate_is_refused_unless_told_otherwise) {
  TlsPeer peer({});
  const auto refused = get(peer, {});
  EXPECT_EQ(
      refused,
      fmt::format(
          "failed: 127.0.0.1:{}: certificate verify failed: self-signed certificate", peer.port()
      )
  );
  EXPECT_EQ(peer.seen(), "");
  EXPECT_EQ(get(peer, {.verify = false}), "secret");
  EXPECT_EQ(get(peer, {.ca_file = peer.certificate_file()}), "secret");
  EXPECT_EQ(get(peer, {.ca_file = peer.certificate_file()}, "localhost"), "secret");
}

TEST_F(TlsT, the_certificate_has_to_be_for_the_host) {
  TlsPeer peer({.names = "DNS:example.com"});
  EXPECT_NE(
      get(peer, {.ca_file = peer.certificate_file()}, "localhost")
          .find("certificate verify failed: hostname mismatch"),
      std::string::npos
  );
  EXPECT_NE(
      get(peer, {.ca_file = peer.certificate_file()})
          .find("certificate verify failed: IP address mismatch"),
      std::string::npos
  );
}

TEST_F(TlsT, HTTP_06_b_a_client_certificate_is_shown) {
  Certificate client_certificate("DNS:client");
  TlsPeer peer({.client_ca = client_certificate.file()});
  const auto refused = get(peer, {.ca_file = peer.certificate_file()});
  EXPECT_TRUE(refused.starts_with("failed: ")) << refused;
  EXPECT_NE(refused.find("certificate required"), std::string::npos) << refused;
  EXPECT_EQ(
      get(peer, {.ca_file = peer.certificate_file(), .client_cert = client_certificate.file()}),
      "secret"
  );
  EXPECT_EQ(
      get(peer, {.ca_file = peer.certificate_file(),
                 .client_cert = client_certificate.file(),
                 .client_key = client_certificate.file()}),
      "secret"
  );
}

TEST_F(TlsT, bad_files_are_named) {
  TlsPeer peer({});
  EXPECT_NE(
      get(peer, {.ca_file = "/nonexistent/ca.pem"})
          .find("cannot read the CA file /nonexistent/ca.pem"),
      std::string::npos
  );
  EXPECT_NE(
      get(peer, {.client_cert = "/nonexistent/c.pem"})
          .find("cannot read the client certificate /nonexistent/c.pem"),
      std::string::npos
  );
}

TEST_F(TlsT, connections_are_reused) {
  TlsPeer peer({});
  use({.tls = {.ca_file = peer.certificate_file()}});
  loop.run([](TlsT& t, TlsPeer& p) -> awaitable<void> {
    for (int i = 0; i < 5; ++i) {
      std::string text;
      co_await t.fetches(t.to(fmt::format("https://localhost:{}/", p.port())), text);
      EXPECT_EQ(text, "secret");
    }
  }(*this, peer));
  EXPECT_EQ(peer.handshakes(), 1);
  client.reset();
}

TEST_F(TlsT, a_server_in_the_clear_is_a_clear_message) {
  loop.run([](TlsT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    t.tasks.spawn(t.sends(t.to(fmt::format("https://127.0.0.1:{}/", t.listener.port())), sent));
    auto peer = co_await t.listener.accept();
    co_await peer.more();
    co_await peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::tls);
    EXPECT_EQ(sent.error().bytes_sent, 0U);
    EXPECT_TRUE(sent.error().message.ends_with("TLS handshake failed: wrong version number"))
        << sent.error().message;
    t.tasks.spawn(t.sends(t.to(fmt::format("https://127.0.0.1:{}/", t.listener.port())), sent));
    auto mute = co_await t.listener.accept();
    mute.close();
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::tls);
  }(*this));
}

TEST_F(TlsT, abort_works_during_the_handshake) {
  TlsPeer peer({.silent = true});
  loop.run([](TlsT& t, TlsPeer& p) -> awaitable<void> {
    HttpClientTest::Sent sent;
    AbortSource abort;
    auto request = t.to(fmt::format("https://127.0.0.1:{}/", p.port()));
    request.abort = &abort;
    t.tasks.spawn(t.sends(std::move(request), sent));
    // The system's certificates are loaded in one go, after the connection stands.
    for (int i = 0; i < 100; ++i) co_await settle();
    abort.abort();
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_TRUE(sent.error().aborted);
    EXPECT_EQ(sent.error().stage, Stage::tls);
  }(*this, peer));
}

TEST_F(TlsT, https_is_never_left_for_http) {
  TlsPeer peer(
      {.answer = "HTTP/1.1 307 X\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n"}
  );
  use({.tls = {.verify = false}});
  loop.run([](TlsT& t, TlsPeer& p) -> awaitable<void> {
    const auto sent = co_await t.client->send(t.to(fmt::format("https://localhost:{}/", p.port())));
    CO_ASSERT(sent);
    EXPECT_EQ((*sent)->status(), 307);
    EXPECT_EQ((*sent)->header("location"), "http://localhost:1/");
  }(*this, peer));
  client.reset();
}

}  // namespace
}  // namespace mooring::io
