#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "gateway/control.hpp"
#include "gateway/front.hpp"
#include "gateway/upstream_maker.hpp"
#include "io/async.hpp"

namespace mooring::gateway {

class Router;

/// The upstream sessions (over stdio: the processes) that belong to one client session each
/// (`sessions: per_client`). One begins with the first call of its client, and ends when the client
/// leaves, when it rests for `client_sessions.idle_timeout`, or with its server. What such a server
/// says outside of calls is for that client alone. On the control worker, but where it says
/// otherwise.
class OwnSessions {
 public:
  using Recorded = std::function<void(const recovery::Episode&)>;

  OwnSessions(
      std::vector<io::Worker*> workers, UpstreamMaker& maker, Control& control, Recorded recorded,
      const config::GatewayConfig& settings
  );
  ~OwnSessions();
  void set_routers(std::vector<Router*> routers) { routers_ = std::move(routers); }

  /// What the shared session of a server is; the others are made like it. Empty: the server is
  /// gone, and so are they, once their calls are answered or `until` has passed.
  void shared(const std::string& server, const LiveUpstream* upstream);
  awaitable<void> end_all(std::string server, core::TimePoint until);
  awaitable<void> stop();
  /// Forgets what sessions wanted that have expired.
  void purge();
  std::size_t count(const std::string& server) const;

  // From any worker:
  /// The link of `worker` to the session of its own that `session` has on `server`; a sentence
  /// where there can be none.
  awaitable<std::expected<std::shared_ptr<upstream::Link>, std::string>> link(
      ClientSessionPtr session, std::string server, unsigned worker, std::string log_level
  );
  /// The client wants to hear of that resource on its own session, or no more: who listens does not
  /// rest, and a session that follows goes on with it. False: it has as many as it may.
  awaitable<bool> subscribe(std::string server, std::string session_key, std::string uri, bool on);
  /// The client session is over.
  void end(std::string session_key);

 private:
  struct Own;
  using Key = std::pair<std::string, std::string>;  ///< server, session key

  awaitable<std::expected<std::shared_ptr<Own>, std::string>> get(
      ClientSessionPtr session, std::string server, std::string log_level
  );
  awaitable<void> heard_by_all(const Own& own);
  awaitable<void> retire(Key key, std::shared_ptr<Own> own, core::TimePoint until);
  void look_for_idle();

  std::vector<io::Worker*> workers_;
  UpstreamMaker& maker_;
  Control& control_;
  Recorded recorded_;
  std::vector<Router*> routers_;
  std::map<std::string, const LiveUpstream*> shared_;
  std::map<Key, std::shared_ptr<Own>> all_;
  struct Wishes {
    std::set<std::string> uris;  ///< never empty
    core::TimePoint until;       ///< the client session has expired by then
  };
  std::map<Key, Wishes> wishes_;
  std::size_t subscriptions_per_session_;
  core::Duration session_ttl_;
  io::Event changed_;  ///< a server came or went
  core::Timers::Id idle_look_ = 0;
  io::TaskGroup tasks_;
  bool stopping_ = false;
};

}  // namespace mooring::gateway
