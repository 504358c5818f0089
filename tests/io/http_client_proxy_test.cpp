#include "core/proxy_env.hpp"
#include "io/http_client_fixture.hpp"
#include "io/tls_peer.hpp"

namespace mooring::io {
namespace {

using namespace testing;

struct ProxyT : HttpClientTest {
  Listener proxy{loop.worker};

  /// As the environment would have it.
  void use_proxy(std::map<std::string, std::string> environment, TlsClientOptions tls = {}) {
    auto settings =
        core::ProxySettings::from([&](const std::string& name) -> std::optional<std::string> {
          const auto found = environment.find(name);
          if (found == environment.end()) return std::nullopt;
          return found->second;
        });
    use({.tls = std::move(tls), .proxy_for = [settings](const core::Url& url) {
           return settings.proxy_for(url);
         }});
  }
  std::string proxy_url() const {
    return fmt::format("http://user:pa%20ss@127.0.0.1:{}", proxy.port());
  }
};

TEST_F(ProxyT, HTTP_08_http_goes_through_the_proxy_in_absolute_form) {
  use_proxy({{"http_proxy", proxy_url()}});
  loop.run([](ProxyT& t) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to("http://upstream.test:81/mcp?a"), text));
    auto peer = co_await t.proxy.accept();
    const auto got = co_await peer.message();
    EXPECT_TRUE(
        got.starts_with("POST http://upstream.test:81/mcp?a HTTP/1.1\r\nHost: upstream.test:81\r\n")
    ) << got;
    EXPECT_NE(got.find("Proxy-Authorization: Basic dXNlcjpwYSBzcw==\r\n"), std::string::npos);
    co_await peer.send(response("proxied"));
    co_await t.tasks.join();
    EXPECT_EQ(text, "proxied");
  }(*this));
}

TEST_F(ProxyT, HTTP_08_listed_hosts_and_loopback_go_directly) {
  use_proxy(
      {{"HTTP_PROXY", "http://127.0.0.1:1"},
       {"http_proxy", "http://127.0.0.1:1"},
       {"NO_PROXY", "a.localhost"}}
  );
  loop.run([](ProxyT& t) -> awaitable<void> {
    for (const std::string host : {"127.0.0.1", "localhost", "a.localhost"}) {
      std::string text;
      t.tasks.spawn(t.fetches(t.to(fmt::format("http://{}:{}/", host, t.listener.port())), text));
      auto peer = co_await t.listener.accept();
      EXPECT_TRUE((co_await peer.message()).starts_with("POST / HTTP/1.1\r\n"));
      co_await peer.send(response("direct"));
      co_await t.tasks.join();
      EXPECT_EQ(text, "direct");
    }
  }(*this));
}

TEST_F(ProxyT, HTTP_08_https_is_tunnelled) {
  TlsPeer origin({.names = "DNS:upstream.test"});
  use_proxy({{"https_proxy", proxy_url()}}, {.ca_file = origin.certificate_file()});
  loop.run([](ProxyT& t, TlsPeer& o) -> awaitable<void> {
    std::string text;
    t.tasks.spawn(t.fetches(t.to("https://upstream.test:444/"), text));
    auto peer = co_await t.proxy.accept();
    const auto got = co_await peer.until("\r\n\r\n");
    EXPECT_TRUE(got.starts_with("CONNECT upstream.test:444 HTTP/1.1\r\nHost: upstream.test:444\r\n")
    ) << got;
    EXPECT_NE(got.find("Proxy-Authorization: Basic "), std::string::npos);
    co_await peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    auto onward = co_await Peer::connect(o.port());
    const auto pump = [](Peer& from, Peer& onto) -> awaitable<void> {
      while (co_await from.more()) co_await onto.send(from.take(from.read.size()));
      onto.close();
    };
    TaskGroup pumps(t.loop.worker.executor());
    pumps.spawn(pump(peer, onward));
    pumps.spawn(pump(onward, peer));
    co_await t.tasks.join();
    EXPECT_EQ(text, "secret");
    t.client->close_idle();
    co_await pumps.join();
    EXPECT_EQ(o.seen().find("Proxy-Authorization"), std::string::npos);
  }(*this, origin));
}

TEST_F(ProxyT, a_refusing_proxy_is_a_failure_before_anything_was_sent) {
  use_proxy({{"https_proxy", proxy_url()}});
  loop.run([](ProxyT& t) -> awaitable<void> {
    for (const std::string answer :
         {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nnope",
          "garbage\r\n\r\n", ""}) {
      HttpClientTest::Sent sent;
      t.tasks.spawn(t.sends(t.to("https://upstream.test/"), sent));
      auto peer = co_await t.proxy.accept();
      co_await peer.until("\r\n\r\n");
      co_await peer.send(answer);
      peer.close();
      co_await t.tasks.join();
      CO_ASSERT(!sent);
      EXPECT_EQ(sent.error().stage, Stage::proxy);
      EXPECT_EQ(sent.error().bytes_sent, 0U);
      EXPECT_TRUE(sent.error().message.starts_with("proxy 127.0.0.1:")) << sent.error().message;
      EXPECT_EQ(sent.error().message.find("pa ss"), std::string::npos);
      if (answer.starts_with("HTTP")) {
        EXPECT_TRUE(
            sent.error().message.ends_with("answered CONNECT upstream.test:443 with status 407")
        );
      }
    }
  }(*this));
}

TEST_F(ProxyT, abort_works_while_the_proxy_is_silent) {
  use_proxy({{"https_proxy", proxy_url()}});
  loop.run([](ProxyT& t) -> awaitable<void> {
    HttpClientTest::Sent sent;
    AbortSource abort;
    auto request = t.to("https://upstream.test/");
    request.abort = &abort;
    t.tasks.spawn(t.sends(std::move(request), sent));
    auto peer = co_await t.proxy.accept();
    co_await peer.until("\r\n\r\n");
    abort.abort();
    co_await t.tasks.join();
    CO_ASSERT(!sent);
    EXPECT_EQ(sent.error().stage, Stage::proxy);
    EXPECT_TRUE(sent.error().aborted);
  }(*this));
}

}  // namespace
}  // namespace mooring::io
