#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "core/manual_timers.hpp"
#include "fake_server.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using namespace std::chrono_literals;

class RecordingObserver final : public Observer {
 public:
  void changed(const std::string&) override { ++changes; }
  void list_changed(const std::string&, ListKind kind) override { lists.push_back(kind); }
  void notification(const std::string&, const Frame& frame) override {
    notifications.push_back(frame.bytes());
  }
  awaitable<std::optional<std::string>> request(const std::string&, const Frame& frame) override {
    requests.push_back(frame.bytes());
    co_return answer;
  }

  int changes = 0;
  std::vector<ListKind> lists;
  void recovery(const recovery::Episode& episode) override { episodes.push_back(episode); }
  std::vector<std::string> notifications, requests;
  std::optional<std::string> answer;
  std::vector<recovery::Episode> episodes;  ///< as they were told, one entry for each telling
};

/// Takes what a server says during a call.
class RecordingSink final : public transport::Sink {
 public:
  awaitable<void> message(Frame frame) override {
    messages.push_back(frame.bytes());
    co_return;
  }
  std::vector<std::string> messages;
};

/// One upstream in a world of its own: a scripted server, time that stands still, and the workers'
/// loops turned by hand on this thread.
class World {
 public:
  struct Call {
    explicit Call(std::string bytes) : frame(std::move(*Frame::parse(std::move(bytes)))) {}
    Frame frame;
    RecordingSink sink;
    io::AbortSource abort;
    std::string reason = "the user said so";
    bool done = false;
    CallResult result;
    core::TimePoint ended;

    const CallError& error() const {
      if (!result.error) throw std::runtime_error("the call has no error");
      return *result.error;
    }
    bool answered() const { return done && result.response.has_value(); }
  };

  explicit World(UpstreamConfig wanted = http(), unsigned workers = 1) {
    for (unsigned i = 0; i < workers; ++i) {
      timers_.push_back(new core::ManualTimers);
      workers_.push_back(
          std::make_unique<io::Worker>(i, std::unique_ptr<core::Timers>(timers_.back()))
      );
    }
    server = std::make_unique<FakeServer>(home());
    channels = std::make_unique<FakeChannels>(*server);
    wanted.name = "s";
    config = std::make_shared<const UpstreamConfig>(std::move(wanted));
    supervisor =
        std::make_shared<Supervisor>(home(), config, *channels, random, ClientIdentity{}, observer);
    std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> all;
    for (const auto& worker : workers_) {
      links.push_back(std::make_shared<Link>(
          *worker, config, channels->http(*worker, *config), supervisor, workers
      ));
      all.emplace_back(worker.get(), links.back());
    }
    supervisor->set_links(std::move(all));
  }
  ~World() {
    stop();
    // Links and channels go while their workers live.
    links.clear();
    supervisor.reset();
  }

  static UpstreamConfig http() {
    UpstreamConfig config;
    config.url = "http://127.0.0.1:9/mcp";
    config.transport = TransportKind::http;
    config.protocol = ProtocolEra::legacy;
    return config;
  }
  static UpstreamConfig stdio() {
    UpstreamConfig config;
    config.command = "fake-server";
    config.protocol = ProtocolEra::legacy;
    return config;
  }

  io::Worker& home() { return *workers_.front(); }
  io::Worker& worker(std::size_t index) { return *workers_[index]; }
  core::TimePoint now() const { return timers_.front()->now(); }
  const Snapshot& snapshot(std::size_t worker = 0) const { return links[worker]->snapshot(); }
  State state() const { return snapshot().state; }
  Status status() {
    Status got;
    run([](Supervisor& of, Status& to) -> awaitable<void> {
      to = co_await of.status();
    }(*supervisor, got));
    return got;
  }

  /// Runs whatever can run without the clock moving.
  void turn() {
    bool busy = true;
    while (busy) {
      busy = false;
      for (const auto& worker : workers_) {
        worker->context().restart();
        busy |= worker->context().poll() > 0;
      }
    }
  }
  /// Moves the clock, running everything in its order.
  void advance(core::Duration by) {
    const auto until = now() + by;
    for (;;) {
      turn();
      std::optional<core::TimePoint> next;
      for (const auto* each : timers_) {
        if (each->next() && (!next || *each->next() < *next)) next = each->next();
      }
      if (!next || *next > until) break;
      move_to(*next);
    }
    move_to(until);
    turn();
  }
  void start(std::optional<Supervisor::Known> known = std::nullopt) {
    supervisor->start(std::move(known));
    turn();
  }
  /// Starts and waits until it stands.
  void connect() {
    start();
    ASSERT_EQ(state(), State::ready) << snapshot().last_error;
  }
  void run(awaitable<void> task, std::size_t worker = 0) {
    bool done = false;
    asio::co_spawn(
        workers_[worker]->executor(), std::move(task),
        [&done](const std::exception_ptr& error) {
          done = true;
          if (error) std::rethrow_exception(error);
        }
    );
    turn();
    ASSERT_TRUE(done) << "it waits for the clock";
  }
  /// The upstream is taken out of the configuration: its links may still be held by calls.
  void tear_down() {
    run([](World& self) -> awaitable<void> { co_await self.supervisor->stop(); }(*this));
    supervisor.reset();
    turn();
  }
  void stop() {
    if (std::exchange(stopped_, true)) return;
    run([](World& self) -> awaitable<void> {
      if (self.supervisor) co_await self.supervisor->stop();
      for (const auto& link : self.links) co_await link->stop();
    }(*this));
  }

  /// A failure that somebody else met: of the session, or of the connection alone.
  void report_lost(std::uint64_t generation, bool session_lost, const std::string& because) {
    auto failure = session_lost ? http_failure(404) : reset();
    if (session_lost) {
      failure.sent_session_id = true;
      failure.body = because;
    } else {
      failure.error = because;
    }
    supervisor->report(
        {generation, session_lost ? recovery::Plan::Heal::rebuild : recovery::Plan::Heal::check,
         false, session_lost ? recovery::Kind::session_lost : recovery::Kind::transient,
         std::make_shared<const Failure>(std::move(failure)), core::Duration{0}}
    );
  }

  std::shared_ptr<Call> call(
      std::string params = R"({"name":"echo","arguments":{}})", std::size_t worker = 0,
      std::optional<core::Duration> timeout = std::nullopt
  ) {
    return send(protocol::make_request("\"c-1\"", "tools/call", params), worker, timeout);
  }
  std::shared_ptr<Call> send(
      std::string bytes, std::size_t worker = 0,
      std::optional<core::Duration> timeout = std::nullopt
  ) {
    auto made = std::make_shared<Call>(std::move(bytes));
    CallRequest request;
    request.frame = &made->frame;
    request.sink = &made->sink;
    request.abort = &made->abort;
    request.reason_now = &made->reason;
    request.timeout = timeout;
    launch(made, std::move(request), worker);
    return made;
  }
  void launch(std::shared_ptr<Call> made, CallRequest request, std::size_t worker = 0) {
    asio::co_spawn(
        workers_[worker]->executor(),
        [](World& self, std::shared_ptr<Link> link, std::shared_ptr<Call> to,
           CallRequest what) -> awaitable<void> {
          to->result = co_await link->call(std::move(what));
          to->done = true;
          to->ended = self.now();
        }(*this, links[worker], made, std::move(request)),
        [](const std::exception_ptr& error) {
          if (error) std::rethrow_exception(error);
        }
    );
    turn();
  }

 private:
  void move_to(core::TimePoint at) {
    for (std::size_t i = 0; i < timers_.size(); ++i) {
      // Inside the loop, as real timers fire.
      workers_[i]->post([timers = timers_[i], at] {
        if (at > timers->now()) {
          timers->advance(std::chrono::duration_cast<core::Duration>(at - timers->now()));
        }
      });
    }
    turn();
  }

  std::vector<core::ManualTimers*> timers_;  // owned by the workers
  std::vector<std::unique_ptr<io::Worker>> workers_;
  bool stopped_ = false;

 public:
  core::SeededRandom random{1};
  RecordingObserver observer;
  std::unique_ptr<FakeServer> server;
  std::unique_ptr<FakeChannels> channels;
  std::shared_ptr<const UpstreamConfig> config;
  std::shared_ptr<Supervisor> supervisor;
  std::vector<std::shared_ptr<Link>> links;
};

}  // namespace mooring::upstream
