// Which of the two transports over HTTP an upstream speaks is found out (HTTP-05).
#include <filesystem>

#include "sse_test.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::transport {
namespace {

using upstream::State;

class Watch final : public upstream::Observer {
 public:
  explicit Watch(io::Worker& worker) : happened(worker.executor(), worker.timers()) {}
  void changed(const std::string&) override { happened.notify(); }
  void list_changed(const std::string&, upstream::ListKind) override {}
  void notification(const std::string&, const protocol::Frame&) override {}
  awaitable<std::optional<std::string>> request(const std::string&, const protocol::Frame&)
      override {
    co_return std::nullopt;
  }
  io::Event happened;
};

std::string initialized(const std::string& body) {
  const auto frame = protocol::Frame::parse(body);
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"result":{{"protocolVersion":"2024-11-05","capabilities":{{}},)"
      R"("serverInfo":{{"name":"old","version":"1"}}}}}})",
      frame->id()
  );
}
bool is_initialize(const std::string& body) { return body.find("\"initialize\"") != body.npos; }

/// A supervisor, and a server that it finds by a URL alone.
class SseFallback : public testing::Test {
 protected:
  SseFallback() {
    config.name = "old";
    config.url = peer.url();
    peer.on_message = [this](const std::string& body) {
      if (is_initialize(body)) peer.say(event(initialized(body)));
    };
  }

  void run(std::function<awaitable<void>()> body) {
    run_on(worker, [&]() -> awaitable<void> {
      const auto shared = std::make_shared<const UpstreamConfig>(config);
      supervisor = std::make_shared<upstream::Supervisor>(
          worker, shared, channels, random, upstream::ClientIdentity{}, watch
      );
      link = std::make_shared<upstream::Link>(
          worker, shared, channels.http(worker, *shared), supervisor, 1
      );
      supervisor->set_links({{&worker, link}});
      supervisor->start();
      co_await body();
      co_await supervisor->stop();
      co_await link->stop();
      link.reset();
      supervisor.reset();
      co_await peer.stop();
    });
  }
  awaitable<upstream::Status> until(State state) {
    for (;;) {
      auto status = co_await supervisor->status();
      if (status.state == state) co_return status;
      co_await watch.happened.wait();
    }
  }
  awaitable<upstream::Status> until_failed_once() {
    for (;;) {
      auto status = co_await supervisor->status();
      if (status.attempts > 0) co_return status;
      co_await watch.happened.wait();
    }
  }
  awaitable<upstream::Status> until_generation(std::uint64_t generation) {
    for (;;) {
      auto status = co_await until(State::ready);
      if (status.generation >= generation) co_return status;
      co_await watch.happened.wait();
    }
  }
  awaitable<void> pass(core::Duration delay) {
    const auto due = clock.now() + delay;
    while (!clock.waits_for(due)) co_await yield_once();
    clock.advance(delay);
  }
  std::size_t posts_to(std::string_view path) const {
    return static_cast<std::size_t>(std::ranges::count_if(peer.seen, [&](const auto& seen) {
      return seen.path == path;
    }));
  }

  WatchedTimers* timers_ = new WatchedTimers;
  WatchedTimers& clock = *timers_;
  io::Worker worker{0, std::unique_ptr<core::Timers>(timers_)};
  SsePeer peer{worker};
  SystemChannels channels{std::filesystem::temp_directory_path(), {}};
  core::SeededRandom random{1};
  Watch watch{worker};
  UpstreamConfig config = [] {
    UpstreamConfig made;
    made.protocol = ProtocolEra::legacy;
    return made;
  }();
  std::shared_ptr<upstream::Supervisor> supervisor;
  std::shared_ptr<upstream::Link> link;
};

TEST_F(SseFallback, HTTP_05_a_405_to_the_first_post_finds_the_older_transport_and_remembers_it) {
  peer.on_post(status(405));
  run([&]() -> awaitable<void> {
    const auto first = co_await until(State::ready);
    EXPECT_EQ(first.transport, "sse");
    EXPECT_EQ(first.protocol_version, "2024-11-05");
    EXPECT_FALSE(first.pid);
    EXPECT_EQ(posts_to("/v1/sse"), 1u);
    EXPECT_EQ(peer.seen.back().headers["mcp-protocol-version"], "2024-11-05");
    peer.hang_up();
    EXPECT_EQ((co_await until_generation(2)).transport, "sse");
    EXPECT_EQ(posts_to("/v1/sse"), 1u);
    EXPECT_EQ(peer.gets.size(), 2u);
  });
}

TEST_F(SseFallback, HTTP_05_b_a_first_post_that_times_out_is_no_reason_to_fall_back) {
  config.connect_timeout = std::chrono::milliseconds(7250);
  io::Event over(worker.executor(), worker.timers());
  peer.on_post([&](io::HttpExchange&) -> awaitable<void> { co_await over.wait(); });
  run([&]() -> awaitable<void> {
    co_await peer.until_posts(1);
    co_await pass(config.connect_timeout);
    const auto status = co_await until_failed_once();
    EXPECT_EQ(status.last_error, "no answer to the handshake within 7.25 s");
    EXPECT_EQ(status.transport, "http");
    EXPECT_TRUE(peer.gets.empty());
    over.set();
  });
}

TEST_F(SseFallback, where_neither_is_found_the_first_post_is_the_error) {
  peer.on_post(status(404, "nothing here"));
  peer.on_get(status(404, "nothing there"));
  run([&]() -> awaitable<void> {
    const auto status = co_await until(State::failed);
    EXPECT_TRUE(status.last_error.starts_with("not an MCP endpoint: HTTP 404"))
        << status.last_error;
    EXPECT_NE(status.last_error.find("nothing here"), std::string::npos) << status.last_error;
    EXPECT_EQ(status.transport, "http");
  });
}

TEST_F(SseFallback, a_stream_that_stays_silent_is_not_waited_for_until_the_attempt_is_over) {
  peer.on_post(status(400, "bad request"));
  peer.begin.clear();
  config.connect_timeout = std::chrono::milliseconds(14250);
  run([&]() -> awaitable<void> {
    EXPECT_TRUE(co_await peer.opened.wait());
    co_await pass(config.connect_timeout / 2);
    const auto status = co_await until(State::failed);
    EXPECT_TRUE(status.last_error.starts_with("not an MCP endpoint: HTTP 400"))
        << status.last_error;
  });
}

TEST_F(SseFallback, a_handshake_that_fails_on_the_stream_is_not_remembered) {
  peer.on_post(status(405));
  peer.on_post(status(500, "not yet"));
  run([&]() -> awaitable<void> {
    const auto failed = co_await until_failed_once();
    EXPECT_NE(failed.last_error.find("not yet"), std::string::npos) << failed.last_error;
    EXPECT_EQ(failed.transport, "http");
    EXPECT_TRUE(co_await peer.gone.wait());
    peer.on_post(status(405));
    supervisor->reconnect_now();
    EXPECT_EQ((co_await until(State::ready)).transport, "sse");
    EXPECT_EQ(posts_to("/v1/sse"), 2u);
  });
}

TEST_F(SseFallback, a_server_that_gave_the_older_transport_up_is_found_again) {
  peer.on_post(status(405));
  run([&]() -> awaitable<void> {
    co_await until(State::ready);
    peer.on_get(status(405));  // the stream
    peer.on_get(status(405));  // that of the newer transport
    peer.on_post([](io::HttpExchange& exchange) -> awaitable<void> {
      const std::vector<io::HeaderField> fields = {{"Content-Type", "application/json"}};
      const auto answer = initialized(exchange.body());
      co_await exchange.respond(200, fields, answer);
    });
    peer.hang_up();
    EXPECT_EQ((co_await until_generation(2)).transport, "http");
  });
}

TEST_F(SseFallback, a_configured_transport_is_not_guessed) {
  config.transport = TransportKind::sse;
  run([&]() -> awaitable<void> {
    const auto status = co_await until(State::ready);
    EXPECT_EQ(status.transport, "sse");
    EXPECT_FALSE(status.pid);
    EXPECT_EQ(posts_to("/v1/sse"), 0u);
  });
}

}  // namespace
}  // namespace mooring::transport
