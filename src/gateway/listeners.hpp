#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/front.hpp"

namespace mooring::gateway {

/// The downstream sessions that asked for something to be remembered: a stream to listen on, a log
/// level, subscriptions. Lives on the control worker; everything unsolicited passes through it.
class Listeners {
 public:
  void listen(const ClientSessionPtr& session, Outbox outbox);
  void unlisten(const ClientSession& session);
  void forget(const ClientSession& session);
  /// Forgets sessions that are not listening and were last heard of before `then`: their ids have
  /// expired.
  void purge(std::chrono::system_clock::time_point then);

  void set_level(const ClientSessionPtr& session, const std::string& server, int severity);
  /// The most verbose level that sessions want of a server.
  std::optional<int> wanted_level(const std::string& server) const;

  /// True when this is the first (or, for unsubscribe, was the last) session that wants updates of
  /// the resource.
  bool subscribe(
      const ClientSessionPtr& session, const std::string& server, const std::string& uri
  );
  bool unsubscribe(const ClientSession& session, const std::string& server, const std::string& uri);
  bool subscribed(const ClientSession& session, const std::string& server, const std::string& uri)
      const;
  std::size_t subscription_count(const ClientSession& session) const;
  /// What `session` alone still held a server to, for clearing up after it.
  std::set<std::pair<std::string, std::string>> subscriptions(const ClientSession& session) const;

  struct Listener {
    ClientSessionPtr session;
    Outbox outbox;
  };
  /// That session, where it listens.
  std::optional<Listener> find(const std::string& session_key) const;
  /// The one session that listens to a server and has a capability; nothing where there are
  /// several.
  std::optional<Listener> only_one(const std::string& server, std::string_view capability) const;

  /// The resources of a server that somebody wants updates of.
  std::vector<std::string> subscribed(const std::string& server) const;

  void to_session(const std::string& session_key, const std::string& message) const;
  /// To every listening session on exactly this endpoint ("" for `/mcp`).
  void to_endpoint(const std::string& endpoint, const std::string& message) const;
  void to_subscribers(const std::string& server, const std::string& uri, const std::string& message)
      const;
  /// A log message: to those who listen to the server and want this severity.
  void log(const std::string& server, int severity, const std::string& message) const;
  std::size_t listening() const;

 private:
  struct Entry {
    ClientSessionPtr session;
    Outbox outbox;  ///< empty: not listening now
    std::chrono::system_clock::time_point heard{};
    std::map<std::string, int> levels;  ///< by server
    std::size_t subscriptions = 0;
  };
  Entry& entry(const ClientSessionPtr& session);
  static bool hears(const Entry& entry, const std::string& server);

  std::map<std::string, Entry> sessions_;  ///< by ClientSession::key
  std::map<std::pair<std::string, std::string>, std::set<std::string>>
      subscribers_;  ///< (server, uri) → keys
};

}  // namespace mooring::gateway
