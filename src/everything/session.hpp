#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/random.hpp"
#include "core/timers.hpp"
#include "everything/options.hpp"
#include "gateway/front.hpp"
#include "io/async.hpp"

namespace mooring::everything {

/// A request of ours that a client has yet to answer.
struct Ask {
  Ask(asio::any_io_executor executor, core::Timers& timers) : answered(executor, timers) {}
  io::Event answered;
  std::optional<protocol::Frame> answer;
};

/// What the server remembers of one legacy session.
struct Session {
  gateway::ClientSessionPtr client;
  gateway::Outbox outbox;  ///< empty while the client does not listen
  int log_level = 0;       ///< index into the levels of RFC 5424, debug first
  bool initialized = false;
  bool lasts = false;  ///< its door ends it (HTTP+SSE, stdio): it does not expire before
  std::set<std::string> subscriptions;
  std::set<std::string> tasks;                         ///< of which a modern listen hears
  std::map<std::string, std::shared_ptr<Ask>> asks;    ///< by raw id
  std::multimap<std::string, io::AbortSource*> calls;  ///< running ones, by raw id
  io::AbortSource forgotten;                           ///< nobody can answer an Ask any more
  core::TimePoint last_used;
};
using SessionPtr = std::shared_ptr<Session>;

/// All sessions, by their key, which is also their Mcp-Session-Id. On the worker's thread only.
class Sessions {
 public:
  Sessions(core::Timers& timers, core::Random& random, const Options& options)
      : timers_(timers), random_(random), options_(options) {}

  /// `client` without id and key; they are minted here.
  SessionPtr open(gateway::ClientSession client);
  /// Empty when unknown or idle for too long. Finding a session counts as using it.
  SessionPtr find(std::string_view key);
  /// The client listens no more. Does not count as using the session.
  void unlisten(std::string_view key);
  /// The session is over: its calls are cancelled.
  void end(std::string_view key);
  /// Forgotten without a word to anybody, as by a restart behind a load balancer. Running calls go
  /// on.
  void forget_all();
  /// Cancels every running call, also those of forgotten sessions.
  void cancel_calls();
  void each(const std::function<void(Session&)>& visit);
  std::size_t size() const { return sessions_.size(); }

 private:
  using Map = std::map<std::string, SessionPtr, std::less<>>;
  bool expired(const Session& session) const;
  Map::iterator forget(Map::iterator at);
  void make_room();

  core::Timers& timers_;
  core::Random& random_;
  const Options& options_;
  Map sessions_;
  std::set<std::weak_ptr<Session>, std::owner_less<>> forgotten_;
};

}  // namespace mooring::everything
