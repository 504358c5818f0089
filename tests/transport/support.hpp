#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/manual_timers.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"
#include "protocol/messages.hpp"
#include "transport/channel.hpp"

// gtest's ASSERT_… return, which a coroutine cannot.
#define CO_ASSERT(condition)                                  \
  do {                                                        \
    const bool co_assert_held = static_cast<bool>(condition); \
    EXPECT_TRUE(co_assert_held) << #condition;                \
    if (!co_assert_held) co_return;                           \
  } while (false)

namespace mooring::transport {

/// Runs one coroutine on the worker, on this thread, to its end.
inline void run_on(io::Worker& worker, std::function<awaitable<void>()> body) {
  std::exception_ptr error;
  asio::co_spawn(worker.executor(), std::move(body), [&](std::exception_ptr thrown) {
    error = std::move(thrown);
    worker.stop();
  });
  worker.run();
  if (error) std::rethrow_exception(error);
}

/// Lets everything that is ready run.
inline awaitable<void> yield_once() {
  co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
}

class RecordingSink final : public Sink {
 public:
  explicit RecordingSink(io::Worker& worker) : arrived(worker.executor(), worker.timers()) {}

  awaitable<void> message(protocol::Frame frame) override {
    methods.push_back(frame.method());
    messages.push_back(frame.bytes());
    if (on_message) co_await on_message(frame);
    arrived.set();
  }

  std::vector<std::string> methods;
  std::vector<std::string> messages;
  std::function<awaitable<void>(const protocol::Frame&)> on_message;
  io::Event arrived;
};

/// An HTTP server that does what the test says, request by request.
class ScriptedServer {
 public:
  struct Seen {
    std::string method;
    std::string path;
    std::map<std::string, std::string> headers;
    std::string body;
    core::TimePoint at;
  };
  using Step = std::function<awaitable<void>(io::HttpExchange&)>;
  using Headers = std::vector<std::pair<std::string, std::string>>;

  explicit ScriptedServer(io::Worker& worker)
      : arrived(worker.executor(), worker.timers()),
        worker_(worker),
        server_(worker, {}, [this](io::HttpExchange& exchange) { return handle(exchange); }) {
    auto endpoint = server_.listen("127.0.0.1", 0);
    EXPECT_TRUE(endpoint.has_value());
    if (endpoint) port_ = endpoint->port;
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}/mcp", port_); }
  awaitable<void> stop() { return server_.stop(); }

  void then(Step step) { steps_.push_back(std::move(step)); }
  void reply(int status, Headers headers = {}, std::string body = {}) {
    then([=](io::HttpExchange& exchange) { return answer(exchange, status, headers, body); });
  }
  void json(std::string body, Headers headers = {}) {
    headers.emplace_back("Content-Type", "application/json");
    reply(200, std::move(headers), std::move(body));
  }
  /// A stream of exactly these bytes, ended properly, or cut.
  void events(std::string bytes, bool cut = false, Headers headers = {}) {
    headers.emplace_back("Content-Type", "text/event-stream");
    then([=](io::HttpExchange& exchange) { return stream(exchange, headers, bytes, cut); });
  }

  std::vector<Seen> seen;
  io::Event arrived;  ///< notified with each request

 private:
  static std::vector<io::HeaderField> fields(const Headers& headers) {
    std::vector<io::HeaderField> views;
    for (const auto& [name, value] : headers) views.push_back({name, value});
    return views;
  }
  static awaitable<void> answer(
      io::HttpExchange& exchange, int status, Headers headers, std::string body
  ) {
    const auto views = fields(headers);
    co_await exchange.respond(status, views, body);
  }
  static awaitable<void> stream(
      io::HttpExchange& exchange, Headers headers, std::string bytes, bool cut
  ) {
    const auto views = fields(headers);
    co_await exchange.begin_stream(200, views);
    if (!bytes.empty()) co_await exchange.write(bytes);
    if (!cut) co_await exchange.end_stream();
  }
  awaitable<void> handle(io::HttpExchange& exchange) {
    Seen request{
        std::string(exchange.method()),
        std::string(exchange.path()),
        {},
        exchange.body(),
        worker_.timers().now()
    };
    for (const auto* name :
         {"accept", "content-type", "user-agent", "authorization", "mcp-session-id",
          "mcp-protocol-version", "last-event-id", "x-team", "mcp-method", "mcp-name",
          "mcp-param-x"}) {
      if (exchange.has_header(name)) request.headers.emplace(name, exchange.header(name));
    }
    seen.push_back(std::move(request));
    arrived.notify();
    if (steps_.empty()) {
      co_await answer(exchange, 500, {}, "the script is over");
      co_return;
    }
    const auto step = std::move(steps_.front());
    steps_.pop_front();
    co_await step(exchange);
  }

  io::Worker& worker_;
  std::uint16_t port_ = 0;
  std::deque<Step> steps_;
  io::HttpServer server_;
};

inline OutgoingRequest make_call(std::string id, std::string method = "tools/call") {
  OutgoingRequest request;
  request.bytes = protocol::make_request(id, method, "{}");
  request.id = std::move(id);
  request.method = std::move(method);
  return request;
}

inline std::shared_ptr<const SessionHeaders> session(std::string id = "s-1") {
  return std::make_shared<const SessionHeaders>(SessionHeaders{std::move(id), "2025-11-25"});
}

inline std::string event(std::string_view data, std::string_view id = {}) {
  std::string text;
  if (!id.empty()) text += fmt::format("id: {}\n", id);
  return text + fmt::format("data: {}\n\n", data);
}

}  // namespace mooring::transport
