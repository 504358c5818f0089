#pragma once

#include <filesystem>

#include "support.hpp"
#include "transport/child_env.hpp"
#include "transport/stdio_channel.hpp"

namespace mooring::transport {

/// A channel to the peer of peer.cpp, on a worker with real time (processes do not wait for a
/// manual clock).
class StdioTest : public testing::Test {
 protected:
  StdioTest() {
    config.name = "peer";
    config.command = std::filesystem::read_symlink("/proc/self/exe").string();
    config.args = {"peer"};
  }

  void run(std::function<awaitable<void>()> body) {
    run_on(worker, [&]() -> awaitable<void> {
      auto env = child_env(config, own_environment());
      auto opened = co_await StdioChannel::open(worker, config, std::move(env), std::move(hooks));
      EXPECT_TRUE(opened.has_value()) << opened.error().detail;
      if (!opened) co_return;
      channel = *opened;
      co_await body();
      co_await channel->close();
      co_await tasks.join();
      channel.reset();
    });
  }
  awaitable<Outcome> call(std::string id, std::string method, std::string params = "{}") {
    OutgoingRequest request;
    request.bytes = protocol::make_request(id, method, params);
    request.id = std::move(id);
    request.method = std::move(method);
    return channel->request(std::move(request), sink);
  }
  /// A call that runs beside the test: `outcome` is set when it ended.
  struct Running {
    explicit Running(io::Worker& worker) : sink(worker), done(worker.executor(), worker.timers()) {}
    RecordingSink sink;
    io::Event done;
    Outcome outcome;
  };
  std::unique_ptr<Running> start(OutgoingRequest request) {
    auto running = std::make_unique<Running>(worker);
    tasks.spawn(follow(std::move(request), *running));
    return running;
  }
  awaitable<void> follow(OutgoingRequest request, Running& running) {
    running.outcome = co_await channel->request(std::move(request), running.sink);
    running.done.set();
  }

  io::Worker worker{0};
  io::TaskGroup tasks{worker.executor()};
  UpstreamConfig config;
  StdioChannel::Hooks hooks;
  RecordingSink sink{worker};
  std::shared_ptr<StdioChannel> channel;
};

}  // namespace mooring::transport
