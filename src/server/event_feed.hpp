#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/watcher.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"
#include "server/recovery_totals.hpp"

namespace mooring::server {

/// `/api/v1/events`: what upstreams go through, as server-sent events while it happens. A listener
/// gets `status` (the body of /api/v1/status) first and whenever it may have missed something, then
/// `server` (one element of it) at each change and `recovery` (one of /api/v1/recoveries). Changes
/// that follow each other faster than ten times a second are told as one. What waits for a listener
/// is bounded; so are the listeners.
class EventFeed final : public gateway::Watcher {
 public:
  static constexpr std::size_t most_listeners = 64;
  static constexpr std::size_t most_events = 256;                    ///< that wait for a listener
  static constexpr std::size_t most_bytes = std::size_t{256} << 10;  ///< likewise
  static constexpr core::Duration spacing = std::chrono::milliseconds(100);

  /// Where the texts come from; asked on the control worker.
  struct Source {
    std::function<awaitable<std::string>()> status;
    /// One body for each of the named that is there.
    std::function<awaitable<std::vector<std::string>>(std::set<std::string>)> servers;
  };

  EventFeed(io::Worker& control, Source source, core::Duration keepalive);
  ~EventFeed() override;

  /// Serves one listener on the worker it came to, until it leaves or `close`. 503: too many.
  awaitable<void> serve(io::Worker& worker, io::HttpExchange& exchange);
  const RecoveryTotals& totals() const { return totals_; }

  // gateway::Watcher
  void changed(const std::string& server) override;
  void recovery(const recovery::Episode& episode) override;

  /// Ends every listener. From any worker.
  void close();
  /// On the control worker: waits until nothing is under way.
  awaitable<void> stop();

 private:
  struct Listener;
  struct Registration;
  awaitable<std::string> status();
  awaitable<void> tell_changes();
  void publish(std::string_view event, std::string_view data);

  io::Worker& control_;
  Source source_;
  core::Duration keepalive_;
  RecoveryTotals totals_;
  std::mutex mutex_;
  std::set<std::shared_ptr<Listener>> listeners_;  ///< each used on its own worker alone
  std::atomic<std::size_t> listening_ = 0;
  std::atomic<bool> closed_ = false;
  std::set<std::string> dirty_;  ///< this and what follows: on the control worker
  bool telling_ = false;
  io::AbortSource stop_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::server
