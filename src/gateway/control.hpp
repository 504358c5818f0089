#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "gateway/front.hpp"
#include "gateway/listeners.hpp"
#include "gateway/rate_limit.hpp"
#include "io/worker.hpp"
#include "store/session_store.hpp"
#include "upstream/link.hpp"

namespace mooring::gateway {

/// What sessions share across workers and what is not on the way of a call: listening, log levels,
/// subscriptions, the end of a session. Lives on the control worker; every function may be called
/// from any worker.
class Control {
 public:
  /// `store`: where log levels, subscriptions and ends of sessions outlive the process; null:
  /// nowhere.
  Control(io::Worker& worker, store::SessionStore* store, std::chrono::seconds session_ttl)
      : worker_(worker), store_(store), session_ttl_(session_ttl), tasks_(worker.executor()) {}

  void listen(ClientSessionPtr session, Outbox outbox);
  void unlisten(ClientSessionPtr session);
  void end(ClientSessionPtr session);

  /// Notes the level; returns the level that the server should have now, for all sessions together.
  awaitable<int> set_level(ClientSessionPtr session, std::string server, int severity);
  /// True: the upstream has to be told.
  awaitable<bool> subscribe(ClientSessionPtr session, std::string server, std::string uri);
  awaitable<bool> unsubscribe(ClientSessionPtr session, std::string server, std::string uri);
  /// Counts a sampling request of a server against its limit, for all workers together.
  awaitable<bool> allow_sampling(std::string server, int per_minute);

  /// On the control worker alone:
  Listeners& listeners() { return listeners_; }
  void set_link(
      std::string server, std::shared_ptr<upstream::Link> link
  );  ///< the control worker's link; empty: gone
  awaitable<void> stop();

 private:
  template <class F>
  awaitable<std::invoke_result_t<F>> hop(F action);
  awaitable<void> unsubscribe_upstream(std::shared_ptr<upstream::Link> link, std::string uri);

  store::SessionStore::Time until() const {
    return std::chrono::system_clock::now() + session_ttl_;
  }

  io::Worker& worker_;
  store::SessionStore* store_;
  std::chrono::seconds session_ttl_;
  Listeners listeners_;
  std::chrono::system_clock::time_point purged_{};
  std::map<std::string, std::shared_ptr<upstream::Link>> links_;
  std::map<std::string, RateLimit> sampling_limits_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::gateway
