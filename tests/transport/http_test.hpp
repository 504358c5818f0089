#pragma once

#include <algorithm>

#include "support.hpp"
#include "transport/http_channel.hpp"

namespace mooring::transport {

/// A manual clock that can be asked what it waits for.
class WatchedTimers final : public core::Timers {
 public:
  core::TimePoint now() const override { return clock_.now(); }
  Id arm(core::TimePoint at, std::function<void()> fire) override {
    const auto id = clock_.arm(at, std::move(fire));
    due_.emplace(id, at);
    return id;
  }
  void cancel(Id id) override {
    due_.erase(id);
    clock_.cancel(id);
  }
  void advance(core::Duration by) { clock_.advance(by); }
  bool waits_for(core::TimePoint at) const {
    return std::ranges::any_of(due_, [&](const auto& timer) { return timer.second == at; });
  }

 private:
  core::ManualTimers clock_;
  std::map<Id, core::TimePoint> due_;
};

/// A channel and the server it talks to, on one worker whose clock moves by hand.
class HttpTest : public testing::Test {
 protected:
  HttpTest() { config.url = server.url(); }

  void make_channel() {
    channel = std::make_unique<HttpChannel>(worker, config, io::HttpClientOptions{});
  }
  /// Runs the test with a channel made from `config`, then ends everything in order.
  void run(std::function<awaitable<void>()> body) {
    make_channel();
    run_on(worker, [&]() -> awaitable<void> {
      co_await body();
      channel.reset();
      co_await server.stop();
    });
  }
  /// Moves the clock on by `delay` as soon as somebody waits for exactly then. (The server looks
  /// after its connections every 500 ms: other delays are unambiguous.)
  awaitable<void> pass(core::Duration delay) {
    const auto due = clock.now() + delay;
    while (!clock.waits_for(due)) co_await yield_once();
    clock.advance(delay);
  }

  WatchedTimers* timers_ = new WatchedTimers;
  WatchedTimers& clock = *timers_;
  io::Worker worker{0, std::unique_ptr<core::Timers>(timers_)};
  ScriptedServer server{worker};
  UpstreamConfig config;
  RecordingSink sink{worker};
  std::unique_ptr<HttpChannel> channel;
};

inline const std::string ok_1 = R"({"jsonrpc":"2.0","id":1,"result":{"ok":true}})";

}  // namespace mooring::transport
