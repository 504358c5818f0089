#include "server/event_feed.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "server/episode_json.hpp"

namespace mooring::server {

namespace {

using Text = std::shared_ptr<const std::string>;

/// JSON as it is serialized has no line breaks: one `data:` line carries it.
std::string encoded(std::string_view event, std::string_view data) {
  return fmt::format("event: {}\ndata: {}\n\n", event, data);
}

constexpr std::array stream_headers = {
    io::HeaderField{"Content-Type", "text/event-stream"},
    io::HeaderField{"Cache-Control", "no-cache, no-transform"},
    io::HeaderField{"X-Accel-Buffering", "no"}
};

}  // namespace

struct EventFeed::Listener {
  explicit Listener(io::Worker& at) : worker(at), wake(at.executor(), at.timers()) {}

  void add(const Text& text) {
    if (lagged) return;
    waiting.push_back(text);
    bytes += text->size();
    if (waiting.size() > most_events || bytes > most_bytes) {
      take();
      lagged = true;
    }
    wake.notify();
  }
  std::string take() {
    std::string all;
    for (const auto& text : std::exchange(waiting, {})) all += *text;
    bytes = 0;
    return all;
  }
  void end() {
    ended = true;
    wake.notify();
  }

  io::Worker& worker;
  io::Event wake;
  std::deque<Text> waiting;
  std::size_t bytes = 0;
  bool lagged = true;  ///< needs a `status` before anything else
  bool ended = false;
};

/// In the feed's books from here to the end of its scope.
struct EventFeed::Registration {
  Registration(EventFeed& feed, io::Worker& worker)
      : feed(feed), listener(std::make_shared<Listener>(worker)) {
    const std::lock_guard lock(feed.mutex_);
    accepted = !feed.closed_ && feed.listeners_.size() < most_listeners;
    if (accepted) feed.listeners_.insert(listener);
    feed.listening_ = feed.listeners_.size();
  }
  ~Registration() {
    const std::lock_guard lock(feed.mutex_);
    feed.listeners_.erase(listener);
    feed.listening_ = feed.listeners_.size();
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  EventFeed& feed;
  std::shared_ptr<Listener> listener;
  bool accepted = false;
};

EventFeed::EventFeed(io::Worker& control, Source source, core::Duration keepalive)
    : control_(control),
      source_(std::move(source)),
      keepalive_(keepalive),
      tasks_(control.executor()) {}

EventFeed::~EventFeed() = default;

awaitable<void> EventFeed::serve(io::Worker& worker, io::HttpExchange& exchange) {
  const Registration registration(*this, worker);
  const auto& listener = registration.listener;
  if (!registration.accepted) {
    co_await exchange.respond(
        503, {{"Content-Type", "application/json"}, {"Retry-After", "5"}},
        R"({"error":"too many listen to events already"})"
    );
    co_return;
  }
  exchange.on_peer_gone([listener] { listener->end(); });
  if (!co_await exchange.begin_stream(200, stream_headers)) co_return;
  while (!listener->ended) {
    std::string bytes;
    if (std::exchange(listener->lagged, false)) {
      bytes = encoded("status", co_await status());
    } else if (listener->waiting.empty()) {
      const auto until = worker.timers().now() + keepalive_;
      if (!co_await listener->wake.wait(until)) bytes = ":\n\n";
    }
    bytes += listener->take();
    if (!bytes.empty() && !co_await exchange.write(bytes)) co_return;
  }
  co_await exchange.end_stream();
}

awaitable<std::string> EventFeed::status() {
  if (control_.on_this_thread()) co_return co_await source_.status();
  co_return co_await asio::co_spawn(control_.executor(), source_.status(), asio::use_awaitable);
}

void EventFeed::changed(const std::string& server) {
  if (listening_ == 0 || closed_) return;
  control_.post([this, server] {
    if (stop_.aborted()) return;
    dirty_.insert(server);
    if (std::exchange(telling_, true)) return;
    tasks_.spawn(tell_changes());
  });
}

awaitable<void> EventFeed::tell_changes() {
  while (!dirty_.empty() && !stop_.aborted()) {
    const auto dirty = std::exchange(dirty_, {});
    if (dirty.contains("")) {
      publish("status", co_await source_.status());
    } else {
      for (const auto& server : co_await source_.servers(dirty)) publish("server", server);
    }
    co_await io::sleep_until(control_.timers(), control_.timers().now() + spacing, &stop_);
  }
  telling_ = false;
}

void EventFeed::recovery(const recovery::Episode& episode) {
  totals_.note(episode);
  if (listening_ == 0 || closed_) return;
  publish("recovery", boost::json::serialize(episode_json(episode)));
}

void EventFeed::publish(std::string_view event, std::string_view data) {
  const auto text = std::make_shared<const std::string>(encoded(event, data));
  const std::lock_guard lock(mutex_);
  for (const auto& listener : listeners_) {
    // The copy goes to the listener's worker and ends there.
    listener->worker.post([listener, text] { listener->add(text); });
  }
}

void EventFeed::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (const auto& listener : listeners_) listener->worker.post([listener] { listener->end(); });
}

awaitable<void> EventFeed::stop() {
  close();
  stop_.abort();
  co_await tasks_.join();
}

}  // namespace mooring::server
