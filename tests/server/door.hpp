#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/manual_timers.hpp"
#include "io/async.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/sse.hpp"
#include "server/http_door.hpp"

namespace mooring::server {

using namespace std::chrono_literals;
using protocol::Frame;

/// One HTTP request, and what became of it.
class FakeExchange final : public io::HttpExchange {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  FakeExchange(std::string method, Headers headers, std::string body)
      : method_(std::move(method)), headers_(std::move(headers)), body_(std::move(body)) {}

  std::string query_string;

  // What the peer got.
  int status = 0;
  Headers answer_headers;
  std::string answer;  ///< the body, or all that was streamed
  bool streamed = false, ended = false, closed = false, returned = false;
  std::exception_ptr error;
  std::unique_ptr<io::Event> writable;  ///< where set, writes wait for it

  std::string answer_header(std::string_view name) const {
    for (const auto& [key, value] : answer_headers) {
      if (key == name) return value;
    }
    return {};
  }
  std::vector<protocol::SseEvent> events() const {
    protocol::SseDecoder decoder(std::size_t{64} << 20);
    EXPECT_TRUE(decoder.feed(answer));
    std::vector<protocol::SseEvent> all;
    while (auto event = decoder.next()) all.push_back(std::move(*event));
    return all;
  }
  /// The messages among them.
  std::vector<std::string> messages() const {
    std::vector<std::string> all;
    for (auto& event : events()) {
      if (!event.data.empty()) all.push_back(std::move(event.data));
    }
    return all;
  }
  std::string last_event_id() const {
    std::string id;
    for (const auto& event : events()) id = event.id.value_or(id);
    return id;
  }
  void peer_leaves() {
    gone_ = true;
    if (const auto told = std::exchange(on_gone_, nullptr)) told();
  }

  std::string_view method() const override { return method_; }
  std::string_view target() const override { return "/mcp"; }
  std::string_view path() const override { return "/mcp"; }
  std::string_view query() const override { return query_string; }
  std::string_view header(std::string_view name) const override {
    for (const auto& [key, value] : headers_) {
      if (same(key, name)) return value;
    }
    return {};
  }
  bool has_header(std::string_view name) const override {
    return std::ranges::any_of(headers_, [&](const auto& each) { return same(each.first, name); });
  }
  std::string_view remote_address() const override { return "127.0.0.1"; }
  std::string& body() override { return body_; }

  awaitable<bool> respond(
      int with, std::span<const io::HeaderField> headers, std::string_view bytes
  ) override {
    begin(with, headers);
    answer = bytes;
    ended = true;
    co_return !gone_;
  }
  awaitable<bool> begin_stream(int with, std::span<const io::HeaderField> headers) override {
    begin(with, headers);
    streamed = true;
    co_return !gone_;
  }
  awaitable<bool> write(std::string_view bytes) override {
    EXPECT_FALSE(returned) << "the exchange is over";
    EXPECT_FALSE(ended);
    EXPECT_FALSE(std::exchange(writing_, true)) << "two writes at once";
    const std::string kept(bytes);
    if (writable) co_await writable->wait();
    writing_ = false;
    if (gone_ || closed) co_return false;
    answer += kept;
    co_return true;
  }
  awaitable<bool> end_stream() override {
    EXPECT_FALSE(returned) << "the exchange is over";
    EXPECT_FALSE(ended);
    ended = true;
    co_return !gone_;
  }
  void close() override {
    closed = true;
    peer_leaves();
  }
  bool responded() const override { return status != 0; }
  bool peer_gone() const override { return gone_; }
  void on_peer_gone(std::function<void()> gone) override {
    if (gone_) return gone();
    on_gone_ = std::move(gone);
  }

 private:
  static bool same(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, {}, [](char c) { return c | 0x20; }, [](char c) { return c | 0x20; }
    );
  }
  void begin(int with, std::span<const io::HeaderField> headers) {
    EXPECT_FALSE(returned) << "the exchange is over";
    EXPECT_EQ(status, 0) << "answered twice";
    status = with;
    for (const auto& [name, value] : headers) answer_headers.emplace_back(name, value);
  }

  std::string method_;
  Headers headers_;
  std::string body_;
  bool gone_ = false, writing_ = false;
  std::function<void()> on_gone_;
};

/// What stands behind the door: sessions by name, and requests that end as the test says.
class FakeService final : public gateway::Service {
 public:
  using Handler =
      std::function<awaitable<void>(gateway::ClientSessionPtr, Frame, gateway::ResponderPtr)>;

  /// Adds a session that a client may name.
  gateway::ClientSessionPtr add(
      const std::string& id, protocol::Version version = protocol::latest_legacy,
      std::string endpoint = "", std::string principal = ""
  ) {
    gateway::ClientSession session;
    session.id = id;
    session.key = "key-" + id;
    session.version = version;
    session.endpoint = std::move(endpoint);
    session.principal = std::move(principal);
    return sessions[id] = std::make_shared<const gateway::ClientSession>(std::move(session));
  }

  awaitable<gateway::Opened> open(Frame initialize, std::string endpoint, std::string principal)
      override {
    initializes.push_back(initialize.bytes());
    if (opening) co_await opening->wait();
    if (refuse)
      co_return gateway::Opened{nullptr, protocol::make_error(initialize.id(), -32602, "no")};
    const auto name = fmt::format("new-{}", sessions.size());
    co_return gateway::Opened{
        add(name, protocol::latest_legacy, endpoint, principal),
        protocol::make_result(initialize.id(), R"({"opened":true})")
    };
  }
  gateway::ClientSessionPtr find(std::string_view id) override {
    const auto found = sessions.find(std::string(id));
    return found == sessions.end() ? nullptr : found->second;
  }
  awaitable<void> request(
      gateway::ClientSessionPtr session, Frame request, gateway::ResponderPtr responder
  ) override {
    requests.push_back(request.bytes());
    if (handler) co_return co_await handler(std::move(session), std::move(request), responder);
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  }
  void notice(gateway::ClientSessionPtr, Frame message) override {
    notices.push_back(message.bytes());
  }
  void listen(gateway::ClientSessionPtr session, gateway::Outbox outbox) override {
    outboxes[session->key] = std::move(outbox);
  }
  void unlisten(gateway::ClientSessionPtr session) override {
    ++unlistened;
    outboxes.erase(session->key);
  }
  void end(gateway::ClientSessionPtr session) override { ended.push_back(session->id); }
  bool has_endpoint(std::string_view endpoint) override {
    return endpoint.empty() || endpoint == "git";
  }

  std::map<std::string, gateway::ClientSessionPtr> sessions;
  Handler handler;
  bool refuse = false;
  std::unique_ptr<io::Event> opening;  ///< where set, `initialize` waits for it
  std::vector<std::string> initializes, requests, notices, ended;
  std::map<std::string, gateway::Outbox> outboxes;
  int unlistened = 0;
};

/// A door between the two, in one thread, with a clock that stands still.
class DoorTest : public testing::Test {
 protected:
  using Headers = FakeExchange::Headers;
  using ExchangePtr = std::shared_ptr<FakeExchange>;

  DoorTest() {
    options_.boot = "BOOT";
    service_.add("s");
  }
  void TearDown() override {
    if (!door_) return;
    bool stopped = false;
    asio::co_spawn(worker_.executor(), door_->stop(), [&stopped](const std::exception_ptr&) {
      stopped = true;
    });
    turn();
    EXPECT_TRUE(stopped) << "a request is still in hand";
    EXPECT_EQ(door_->requests_in_flight(), 0u);
  }

  HttpDoor& door() {
    if (!door_) door_ = std::make_unique<HttpDoor>(worker_, service_, options_);
    return *door_;
  }
  void turn() {
    worker_.context().restart();
    worker_.context().poll();
  }
  void advance(core::Duration by) {
    const auto until = timers_->now() + by;
    turn();
    while (timers_->next() && *timers_->next() <= until) {
      worker_.post([this] { timers_->advance_to_next(); });
      turn();
    }
    timers_->advance(std::chrono::duration_cast<core::Duration>(until - timers_->now()));
  }
  ExchangePtr send(
      std::string method, Headers headers, std::string body = {}, std::string endpoint = {},
      std::string principal = {}
  ) {
    auto exchange =
        std::make_shared<FakeExchange>(std::move(method), std::move(headers), std::move(body));
    serve(exchange, std::move(endpoint), std::move(principal));
    return exchange;
  }
  void serve(ExchangePtr exchange, std::string endpoint = {}, std::string principal = {}) {
    asio::co_spawn(
        worker_.executor(), door().handle(*exchange, std::move(endpoint), std::move(principal)),
        [exchange](const std::exception_ptr& error) {
          exchange->returned = true;
          exchange->error = error;
          EXPECT_FALSE(error);
        }
    );
    turn();
  }
  static std::string call(std::string_view id = "1", std::string_view method = "tools/call") {
    return protocol::make_request(id, method, "{}");
  }
  /// A POST as every client of the current revision sends it.
  static Headers usual(std::string session = "s") {
    return {
        {"Content-Type", "application/json"},
        {"Accept", "application/json, text/event-stream"},
        {"Mcp-Session-Id", std::move(session)},
        {"MCP-Protocol-Version", "2025-11-25"}
    };
  }
  static Headers listening(std::string session = "s", std::string last_event_id = {}) {
    Headers headers = {{"Accept", "text/event-stream"}, {"Mcp-Session-Id", std::move(session)}};
    if (!last_event_id.empty()) headers.emplace_back("Last-Event-ID", std::move(last_event_id));
    return headers;
  }
  ExchangePtr post(std::string body = call(), std::string session = "s") {
    return send("POST", usual(std::move(session)), std::move(body));
  }
  static std::string note(std::string_view text) {
    return protocol::make_notification(
        "notifications/message", fmt::format(R"({{"data":"{}"}})", text)
    );
  }
  /// A request that is answered when the test says so; meanwhile its responder is at hand.
  struct Held {
    explicit Held(io::Worker& worker) : go(worker.executor(), worker.timers()) {}
    io::Event go;
    gateway::ResponderPtr responder;
    std::string id;
    std::string result = R"({"held":true})";
  };
  std::shared_ptr<Held> hold() {
    auto held = std::make_shared<Held>(worker_);
    service_.handler = [held](
                           gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                       ) -> awaitable<void> {
      held->responder = responder;
      held->id = std::string(request.id());
      co_await held->go.wait();
      co_await responder->finish(protocol::make_result(held->id, held->result));
      held->responder.reset();
    };
    return held;
  }
  void run(awaitable<void> task) {
    asio::co_spawn(worker_.executor(), std::move(task), [](const std::exception_ptr& error) {
      EXPECT_FALSE(error);
    });
    turn();
  }
  static std::string error_code(const std::string& body) {
    const auto error = protocol::member(body, "error");
    const auto code = error ? protocol::member(*error, "code") : std::nullopt;
    return code ? std::string(*code) : std::string();
  }

  core::ManualTimers* timers_ = new core::ManualTimers;  // owned by the worker
  io::Worker worker_{0, std::unique_ptr<core::Timers>(timers_)};
  FakeService service_;
  HttpDoorOptions options_;
  std::unique_ptr<HttpDoor> door_;
};

}  // namespace mooring::server
