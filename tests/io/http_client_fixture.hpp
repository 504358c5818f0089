#pragma once

#include "io/http_client.hpp"
#include "io/support.hpp"

namespace mooring::io::testing {

using Stage = HttpFailure::Stage;

/// A client, and a listener where the test plays the server.
struct HttpClientTest : ::testing::Test {
  explicit HttpClientTest(Loop::Time time = Loop::Time::real) : loop(time), listener(loop.worker) {}

  void use(HttpClientOptions options) {
    client = std::make_unique<HttpClient>(loop.worker, std::move(options));
  }
  void SetUp() override {
    if (!client) use({});
  }

  static OutgoingHttpRequest to(const std::string& url, std::string body = "ping") {
    OutgoingHttpRequest request;
    request.url = core::Url::parse(url).value();
    request.body = std::move(body);
    return request;
  }

  using Sent = std::expected<std::unique_ptr<IncomingHttpResponse>, HttpFailure>;

  /// Sends beside the test, which meanwhile plays the server; the result is in `sent` when `tasks`
  /// are joined.
  awaitable<void> sends(OutgoingHttpRequest request, Sent& sent) {
    sent = co_await client->send(std::move(request));
  }

  /// Sends, expects a 200 and returns its body.
  awaitable<void> fetches(OutgoingHttpRequest request, std::string& text) {
    auto sent = co_await client->send(std::move(request));
    if (!sent) {
      text = "failed: " + sent.error().message;
      co_return;
    }
    auto body = co_await (*sent)->read_all(1 << 20);
    text = body ? *body : "failed: " + body.error().message;
  }

  Loop loop;
  TaskGroup tasks{loop.worker.executor()};
  Listener listener;
  std::unique_ptr<HttpClient> client;
};

}  // namespace mooring::io::testing
