#pragma once

#include "io/http_server.hpp"
#include "io/support.hpp"

namespace mooring::io::testing {

/// A server on a free port whose handler each test writes.
struct HttpServerTest : ::testing::Test {
  explicit HttpServerTest(Loop::Time time = Loop::Time::real) : loop(time) {}

  void serve(HttpHandler handler, HttpServerLimits limits = {}) {
    server = std::make_unique<HttpServer>(loop.worker, limits, std::move(handler));
    const auto bound = server->listen("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error().detail;
    EXPECT_EQ(bound->host, "127.0.0.1");
    port = bound->port;
  }
  /// Answers with method, path, query and body.
  void serve_echo(HttpServerLimits limits = {}) {
    serve(
        [](HttpExchange& exchange) -> awaitable<void> {
          const std::string text = fmt::format(
              "{} {} {} {}", exchange.method(), exchange.path(), exchange.query(), exchange.body()
          );
          co_await exchange.respond(200, {{"Content-Type", "text/plain"}}, text);
        },
        limits
    );
  }

  void TearDown() override {
    if (!server) return;
    loop.run([](HttpServer& s) -> awaitable<void> { co_await s.stop(); }(*server));
    EXPECT_EQ(server->connections(), 0U);
  }

  Loop loop;
  std::unique_ptr<HttpServer> server;
  std::uint16_t port = 0;
};

}  // namespace mooring::io::testing
