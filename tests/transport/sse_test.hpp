#pragma once

#include <deque>
#include <optional>

#include "http_test.hpp"
#include "transport/sse_channel.hpp"

namespace mooring::transport {

/// A server of the HTTP+SSE transport: GET opens its one stream, on which the test talks; POSTs are
/// acknowledged with 202 unless the test says otherwise.
class SsePeer {
 public:
  using Step = ScriptedServer::Step;

  explicit SsePeer(io::Worker& worker)
      : wake(worker.executor(), worker.timers()),
        opened(worker.executor(), worker.timers()),
        gone(worker.executor(), worker.timers()),
        posted(worker.executor(), worker.timers()),
        server_(worker, {}, [this](io::HttpExchange& exchange) { return handle(exchange); }) {
    auto endpoint = server_.listen("127.0.0.1", 0);
    EXPECT_TRUE(endpoint.has_value());
    if (endpoint) port_ = endpoint->port;
  }

  std::string origin() const { return fmt::format("http://127.0.0.1:{}", port_); }
  std::string url() const { return origin() + "/v1/sse"; }

  /// Bytes on the stream.
  void say(std::string bytes) {
    to_say_.push_back(std::move(bytes));
    wake.notify();
  }
  void answer(std::string_view id, std::string_view result = R"({"ok":true})") {
    say(event(fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", id, result)));
  }
  /// Ends the stream, properly or not.
  void hang_up(bool cut = false) {
    cut_ = cut;
    hung_up_ = true;
    wake.notify();
  }
  /// What the next GET or POST gets instead of a stream or a 202.
  void on_get(Step step) { gets_.push_back(std::move(step)); }
  void on_post(Step step) { posts_.push_back(std::move(step)); }
  awaitable<void> until_posts(std::size_t count) {
    while (seen.size() < count) co_await posted.wait();
  }
  awaitable<void> stop() {
    hang_up();
    co_await server_.stop();
  }

  std::string begin = "event: endpoint\ndata: /messages?session=7\n\n";
  std::vector<ScriptedServer::Seen> gets;
  std::vector<ScriptedServer::Seen> seen;                   ///< POSTs
  std::function<void(const std::string& body)> on_message;  ///< of POSTs that are acknowledged
  io::Event wake;
  io::Event opened;  ///< set: a stream is open
  io::Event gone;    ///< set: its reader went away
  io::Event posted;  ///< notified with each POST

 private:
  static ScriptedServer::Seen look_at(io::HttpExchange& exchange) {
    ScriptedServer::Seen request{
        std::string(exchange.method()), std::string(exchange.target()), {}, exchange.body(), {}
    };
    for (const auto* name :
         {"accept", "content-type", "authorization", "mcp-session-id", "mcp-protocol-version",
          "x-team"}) {
      if (exchange.has_header(name)) request.headers.emplace(name, exchange.header(name));
    }
    return request;
  }
  static std::optional<Step> take(std::deque<Step>& steps) {
    if (steps.empty()) return std::nullopt;
    auto step = std::move(steps.front());
    steps.pop_front();
    return step;
  }
  awaitable<void> handle(io::HttpExchange& exchange) {
    if (exchange.method() == "GET") {
      gets.push_back(look_at(exchange));
      if (const auto step = take(gets_)) co_return co_await (*step)(exchange);
      co_return co_await stream(exchange);
    }
    seen.push_back(look_at(exchange));
    posted.notify();
    if (const auto step = take(posts_)) co_return co_await (*step)(exchange);
    if (on_message) on_message(seen.back().body);
    co_await exchange.respond(202, {}, "Accepted");
  }
  awaitable<void> stream(io::HttpExchange& exchange) {
    const std::vector<io::HeaderField> fields = {{"Content-Type", "text/event-stream"}};
    bool left = false;
    exchange.on_peer_gone([&] {
      left = true;
      gone.set();
      wake.notify();
    });
    co_await exchange.begin_stream(200, fields);
    if (!begin.empty()) co_await exchange.write(begin);
    opened.set();
    while (!left && (!hung_up_ || !to_say_.empty())) {
      if (to_say_.empty()) {
        co_await wake.wait();
        continue;
      }
      const auto bytes = std::move(to_say_.front());
      to_say_.pop_front();
      co_await exchange.write(bytes);
    }
    if (!cut_) co_await exchange.end_stream();
    hung_up_ = false;
  }

  std::uint16_t port_ = 0;
  std::deque<std::string> to_say_;
  std::deque<Step> gets_;
  std::deque<Step> posts_;
  bool hung_up_ = false;
  bool cut_ = false;
  io::HttpServer server_;
};

inline SsePeer::Step status(int code, std::string body = {}, std::string type = "text/plain") {
  return [=](io::HttpExchange& exchange) -> awaitable<void> {
    const std::vector<io::HeaderField> fields = {{"Content-Type", type}};
    co_await exchange.respond(code, fields, body);
  };
}

/// A peer, and a channel to it where the test opens one, on one worker whose clock moves by hand.
class SseTest : public testing::Test {
 protected:
  SseTest() {
    config.name = "old";
    config.url = peer.url();
  }

  /// Runs the test and ends everything in order.
  void run(std::function<awaitable<void>()> body) {
    run_on(worker, [&]() -> awaitable<void> {
      co_await body();
      if (channel) co_await channel->close();
      channel.reset();
      co_await tasks.join();
      co_await peer.stop();
    });
  }
  /// The same with an open channel.
  void run_open(std::function<awaitable<void>()> body) {
    run([&]() -> awaitable<void> {
      const auto error = co_await open();
      EXPECT_EQ(error.detail, "");
      if (channel) co_await body();
    });
  }
  /// Why there is no channel; an empty detail: there is.
  awaitable<Error> open() {
    auto made = co_await SseChannel::open(worker, config, options, abort_opening);
    if (!made) co_return std::move(made.error());
    channel = std::move(*made);
    co_return Error{};
  }
  awaitable<void> pass(core::Duration delay) {
    const auto due = clock.now() + delay;
    while (!clock.waits_for(due)) co_await yield_once();
    clock.advance(delay);
  }

  /// A call that runs beside the test.
  struct Running {
    explicit Running(io::Worker& worker) : sink(worker), done(worker.executor(), worker.timers()) {}
    RecordingSink sink;
    io::AbortSource abort;
    io::Event done;
    Outcome outcome;
  };
  std::unique_ptr<Running> start(OutgoingRequest request) {
    auto running = std::make_unique<Running>(worker);
    request.abort = &running->abort;
    tasks.spawn(follow(std::move(request), *running));
    return running;
  }
  awaitable<void> follow(OutgoingRequest request, Running& running) {
    running.outcome = co_await channel->request(std::move(request), running.sink);
    running.done.set();
  }
  /// A call whose POST the peer has seen.
  awaitable<std::unique_ptr<Running>> start_posted(OutgoingRequest request) {
    const auto count = peer.seen.size() + 1;
    auto running = start(std::move(request));
    co_await peer.until_posts(count);
    co_return running;
  }

  WatchedTimers* timers_ = new WatchedTimers;
  WatchedTimers& clock = *timers_;
  io::Worker worker{0, std::unique_ptr<core::Timers>(timers_)};
  SsePeer peer{worker};
  io::TaskGroup tasks{worker.executor()};
  io::AbortSource abort_opening;
  UpstreamConfig config;
  io::HttpClientOptions options;
  RecordingSink sink{worker};
  std::shared_ptr<ProcessChannel> channel;
};

}  // namespace mooring::transport
