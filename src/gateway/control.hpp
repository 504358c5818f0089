#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

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
  Control(
      io::Worker& worker, store::SessionStore* store, std::chrono::seconds session_ttl,
      std::size_t subscriptions_per_session = 1000
  )
      : worker_(worker),
        store_(store),
        session_ttl_(session_ttl),
        subscriptions_per_session_(subscriptions_per_session),
        settled_(worker.executor(), worker.timers()),
        tasks_(worker.executor()) {}

  void listen(ClientSessionPtr session, Outbox outbox);
  void unlisten(ClientSessionPtr session);
  void end(ClientSessionPtr session);

  /// Notes the level; returns the level that the server should have now, for all sessions together.
  awaitable<int> set_level(ClientSessionPtr session, std::string server, int severity);
  /// `tell`: the caller has to tell the upstream, and then `settle` how it went; until then nobody
  /// else is told anything about this resource.
  enum class Subscribed : std::uint8_t { done, tell, too_many };
  awaitable<Subscribed> subscribe(ClientSessionPtr session, std::string server, std::string uri);
  awaitable<Subscribed> unsubscribe(ClientSessionPtr session, std::string server, std::string uri);
  /// `subscribed`: the upstream took a subscription. False: it refused one, or was told to end it.
  awaitable<void> settle(
      ClientSessionPtr session, std::string server, std::string uri, bool subscribed
  );
  /// Counts a sampling request of a server against its limit, for all workers together.
  awaitable<bool> allow_sampling(std::string server, int per_minute);

  /// On the control worker alone:
  Listeners& listeners() { return listeners_; }
  /// Forgets sessions that have expired.
  void purge(std::chrono::system_clock::time_point now);
  void set_link(
      std::string server, std::shared_ptr<upstream::Link> link
  );  ///< the control worker's link; empty: gone
  awaitable<void> stop();

 private:
  using Resource = std::pair<std::string, std::string>;  ///< server, uri

  template <class F>
  awaitable<std::invoke_result_t<F>> hop(F action);
  template <class T>
  awaitable<T> here(awaitable<T> task);
  awaitable<Subscribed> subscribe_here(ClientSessionPtr session, Resource resource);
  awaitable<Subscribed> unsubscribe_here(ClientSessionPtr session, Resource resource);
  void keep(const ClientSession& session, const Resource& resource);
  awaitable<void> give_up(std::shared_ptr<upstream::Link> link, Resource resource);
  awaitable<void> unsubscribe_upstream(std::shared_ptr<upstream::Link> link, std::string uri);

  store::SessionStore::Time until() const {
    return std::chrono::system_clock::now() + session_ttl_;
  }

  io::Worker& worker_;
  store::SessionStore* store_;
  std::chrono::seconds session_ttl_;
  std::size_t subscriptions_per_session_;
  Listeners listeners_;
  std::set<Resource> unsettled_;  ///< an upstream is being told about them
  io::Event settled_;
  std::map<std::string, std::shared_ptr<upstream::Link>> links_;
  std::map<std::string, RateLimit> sampling_limits_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::gateway
