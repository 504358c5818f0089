#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/boxed.hpp"
#include "core/random.hpp"
#include "core/seal.hpp"
#include "gateway/call_state.hpp"
#include "gateway/client_requests.hpp"
#include "gateway/control.hpp"
#include "gateway/front.hpp"
#include "gateway/routing_table.hpp"
#include "gateway/session_codec.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "upstream/link.hpp"

namespace mooring::gateway {

class OwnSessions;

/// What the routers of one process have in common.
struct RouterShared {
  const SessionCodec* codec = nullptr;
  const core::Sealer* sealer = nullptr;
  Revocations* revocations = nullptr;
  Control* control = nullptr;
  OwnSessions* own = nullptr;  ///< null: nobody has a session of their own with a server
  core::Random* random = nullptr;
  std::string boot;  ///< new with every start
  core::Duration list_wait = std::chrono::seconds(2);
  std::size_t stream_over = std::size_t{64} << 10;  ///< larger results flow through
  std::size_t requests_per_session = 100;
  std::size_t uri_bytes = 8192;  ///< of a subscription, which is kept
  core::Duration session_ttl = std::chrono::hours(24);
  core::Duration bridge_wait = std::chrono::minutes(10);  ///< for a modern client to come back
};

/// Plain counters of one worker, read at scrape.
struct RouterCounters {
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> calls = 0;
  std::atomic<std::uint64_t> call_errors = 0;  ///< errors of our own: nothing came back
};

class BridgedCall;
class Leg;

/// Answers clients: routes by endpoint and name, serves lists from the catalogues, relays
/// everything else both ways. One per worker; on its thread alone.
class Router final : public Service {
 public:
  Router(io::Worker& worker, RouterShared shared);
  ~Router() override;
  void set_peers(std::vector<Router*> peers) { peers_ = std::move(peers); }  ///< by worker index

  // From the Gateway, on this worker:
  void publish(std::shared_ptr<const RoutingTable> table);
  void set_link(const std::string& server, std::shared_ptr<upstream::Link> link);
  std::shared_ptr<upstream::Link> link(std::string_view server) const;
  void abort_calls();      ///< every call in flight ends as cancelled
  awaitable<void> stop();  ///< waits for the relays
  /// The log level of a session of an earlier start of the process.
  void restore_level(const std::string& session_key, int severity);
  /// Forgets sessions that have expired.
  void purge();
  /// Returns when no call uses the link any more. Those that still do at `until`, or when nobody
  /// waits for calls any more (`hurry`), end as cancelled.
  awaitable<void> drain(const upstream::Link* link, core::TimePoint until);
  void hurry();
  /// A request that belongs to no call, put to one listening client. The response with the
  /// question's id; empty: none came in time.
  awaitable<std::optional<std::string>> ask(
      ClientSessionPtr session, Outbox outbox, const protocol::Frame& question,
      core::Duration timeout, io::AbortSource* abort = nullptr
  );
  /// The client's own session with the server ends.
  void forget_own(const std::string& server, const std::string& session_key);
  const RouterCounters& counters() const { return counters_; }

  // Service
  awaitable<Opened> open(protocol::Frame initialize, std::string endpoint, std::string principal)
      override;
  ClientSessionPtr find(std::string_view id) override;
  awaitable<void> request(ClientSessionPtr session, protocol::Frame request, ResponderPtr responder)
      override;
  void notice(ClientSessionPtr session, protocol::Frame message) override;
  void listen(ClientSessionPtr session, Outbox outbox) override;
  void unlisten(ClientSessionPtr session) override;
  void end(ClientSessionPtr session) override;
  bool has_endpoint(std::string_view endpoint) override;

 private:
  friend class Relay;
  friend class BridgedCall;
  /// One of the things a session may have under way.
  class Place {
   public:
    Place(Router& of, const std::string& session_key);
    ~Place();
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    Router& router_;
    std::pair<const std::string, std::size_t>& entry_;
  };
  /// A request that may reach an upstream, from its start to its answer: what cancels it, its place
  /// under the limit, and the link it uses.
  struct Flight {
    Flight(Router& of, const ClientSession& session, const protocol::Frame& request);
    ~Flight();
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;
    void use(std::shared_ptr<upstream::Link> to);

    Router& router;
    std::string key;
    std::optional<Place> place;
    std::shared_ptr<upstream::Link> link;
    std::string refusal;  ///< the whole response where it must not take off
    io::AbortSource abort;
    std::string reason;  ///< of the abort
  };
  /// Where one request goes.
  struct Target {
    std::shared_ptr<upstream::Link> link;
    std::optional<std::string> name;     ///< the upstream's own name, where it differs
    core::Boxed<protocol::Frame> frame;  ///< a rewritten request, in place of the client's
    std::string error;                   ///< a whole response instead of a target
  };

  /// What an endpoint says of itself: raw JSON, but for the instructions.
  struct Description {
    std::string capabilities, info, instructions;
  };

  // router.cpp: sessions and lists
  awaitable<std::string> initialize_result(const std::string& endpoint, protocol::Version version);
  awaitable<Description> describe(const std::string& endpoint);
  awaitable<void> wait_for_catalogues(const std::string& endpoint);
  awaitable<void> wait_for_table(const std::string& endpoint, core::TimePoint until);
  /// Servers that do not announce changes of a list are asked again when a client is.
  awaitable<void> freshen(const ClientSession& session, upstream::ListKind kind);
  /// The list itself goes out by `ready`, whatever else there is to say by `responder`.
  awaitable<void> list(
      const ClientSession& session, const protocol::Frame& request, upstream::ListKind kind,
      Responder& ready, Responder& responder
  );
  void cancel(const ClientSession& session, const protocol::Frame& message, bool ask_peers);
  void forward_notice(const ClientSession& session, const protocol::Frame& message);
  void abort_calls(std::string_view reason, const upstream::Link* using_link);
  static awaitable<void> forward(
      std::shared_ptr<upstream::Link> to, std::string bytes, std::shared_ptr<Place> place
  );
  bool full(const std::string& session_key) const;
  void set_level_of(const ClientSession& session, std::optional<int> severity);

  // router_calls.cpp: everything that reaches an upstream. The coroutine of `request` keeps what is
  // referred to here.
  awaitable<void> call(
      const ClientSessionPtr& session, const protocol::Frame& request,
      const ResponderPtr& responder, Flight& flight
  );
  /// Empty where that takes waiting for something, or is an error.
  std::optional<Target> target_now(const ClientSession& session, const protocol::Frame& request);
  awaitable<Target> target_of(
      const ClientSession& session, const protocol::Frame& request, io::AbortSource& abort
  );
  void look_at_request(const protocol::Frame& request, Target& target) const;
  Target direct_target(const ClientSession& session, const protocol::Frame& request);
  Target aggregate_target(const protocol::Frame& request);
  std::string refused_arguments(const protocol::Frame& request, const Target& target) const;
  const upstream::CatalogueItem* tool_of(const Target& target, const protocol::Frame& request)
      const;
  std::string whole_answer(
      const protocol::Frame& request, const upstream::Link& to, const upstream::CallResult& result
  );
  std::string in_era_of(
      const ClientSession& session, const protocol::Frame& request, const upstream::Link& to,
      bool modern, std::string answer
  ) const;
  std::string_view log_level_of(const ClientSession& session) const;
  static awaitable<void> answer_in_parts(
      const protocol::Frame& request, const upstream::Link& to, transport::BodyStream& stream,
      Responder& responder
  );
  awaitable<std::string> call_through(
      std::shared_ptr<upstream::Link> to, const protocol::Frame& request, Flight* flight,
      std::optional<core::Duration> timeout, transport::Sink* sink = nullptr
  );
  static bool may_be_utility(const Target& target, const protocol::Frame& request);
  awaitable<bool> call_utility(
      const Target& target, const protocol::Frame& request, Responder& responder, Flight& flight
  );

  // router_wishes.cpp
  awaitable<void> set_level(
      const ClientSessionPtr& session, const protocol::Frame& request,
      const ResponderPtr& responder, Flight& flight
  );
  awaitable<void> send_level(std::shared_ptr<upstream::Link> to, std::string level);
  awaitable<void> subscribe(
      const ClientSessionPtr& session, const protocol::Frame& request,
      const ResponderPtr& responder, Flight& flight
  );
  awaitable<std::string> subscribe_own(
      const ClientSessionPtr& session, const protocol::Frame& request, const Target& target,
      Flight& flight, transport::Sink& sink
  );
  /// Tells the upstream where nobody has yet. The whole response.
  awaitable<std::string> subscribe_through(
      const ClientSessionPtr& session, const protocol::Frame& request, const Target& target,
      Flight& flight, std::optional<core::Duration> timeout, transport::Sink* sink
  );

  // router_modern.cpp
  awaitable<void> modern_request(
      ClientSessionPtr session, protocol::Frame request, ResponderPtr responder
  );
  awaitable<void> modern_call(
      ClientSessionPtr session, const protocol::Frame& request, ResponderPtr responder,
      ResponderPtr answer, Flight& flight
  );
  awaitable<std::string> discover_result(const std::string& endpoint);
  std::string mismatched_params(
      const ClientSession& session, const protocol::Frame& request, const Target& target
  ) const;
  awaitable<void> listen_until(
      ClientSessionPtr session, const protocol::Frame& request, ResponderPtr responder,
      Flight& flight
  );
  awaitable<bool> subscribe_for(ClientSessionPtr session, const std::string& uri, Flight& flight);

  // router_tasks.cpp
  Target task_target(const ClientSession& session, const protocol::Frame& request);
  std::string with_task_name(
      const ClientSession& session, const protocol::Frame& request, const upstream::Link& to,
      std::string response
  ) const;

  // router_own.cpp
  std::string own_key(const ClientSession& session, const upstream::Link& shared);
  /// Puts the client's own session in place of the shared one, where it has one.
  awaitable<void> take_own(
      const ClientSession& session, const protocol::Frame& request, Target& target
  );
  void stays_on_shared(const std::string& name);
  awaitable<std::expected<std::shared_ptr<upstream::Link>, std::string>> own_link(
      const ClientSession& session, std::string key, const std::string& server
  );
  std::shared_ptr<upstream::Link> known_own(const std::string& key, const std::string& server)
      const;

  // router_bridge.cpp
  awaitable<void> bridge(
      ClientSessionPtr session, const protocol::Frame& request, protocol::Frame legacy,
      ResponderPtr responder, Flight& flight
  );
  CallState begin_bridged(
      const ClientSession& session, const protocol::Frame& request, protocol::Frame legacy,
      std::shared_ptr<Leg> leg
  );
  awaitable<void> run_bridged(std::shared_ptr<BridgedCall> call, protocol::Frame request);
  std::optional<CallState> bridged_state(
      const ClientSession& session, const protocol::Frame& request, std::string_view token
  ) const;
  void on_bridged(
      const CallState& state, std::shared_ptr<Leg> leg, std::function<void(BridgedCall&)> what
  );
  void forget_bridged(const std::string& call);

  static std::optional<upstream::ListKind> list_kind(std::string_view method);
  std::vector<std::shared_ptr<upstream::Link>> links_of(const ClientSession& session) const;
  std::string flight_key(const ClientSession& session, std::string_view raw_id) const;

  io::Worker& worker_;
  RouterShared shared_;
  std::vector<Router*> peers_;
  std::shared_ptr<const RoutingTable> table_;
  std::map<std::string, std::shared_ptr<upstream::Link>, std::less<>> links_;
  struct CachedSession {
    ClientSessionPtr session;
    SessionCodec::Time expires;
  };
  /// Of session ids, session keys, and session keys with a request id: how they begin is random,
  /// and how they end tells them apart.
  struct EndsHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept;
  };
  /// Its entries come and go with every call.
  template <class Key, class Value, class Hash = EndsHash>
  using PerCall = std::unordered_map<
      Key, Value, Hash, std::equal_to<>, io::PoolAllocator<std::pair<const Key, Value>>>;

  std::unordered_map<std::string, CachedSession, EndsHash, std::equal_to<>>
      sessions_;                                   ///< opened tokens; bounded
  PerCall<std::string_view, Flight*> in_flight_;   ///< by their own keys
  PerCall<std::string, std::size_t> per_session_;  ///< what is under way
  PerCall<const upstream::Link*, std::size_t, std::hash<const upstream::Link*>> in_use_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<upstream::Link>>
      own_;                                    ///< by server and session key
  std::unordered_set<std::string> on_shared_;  ///< server and session key
  struct Level {
    int severity;
    core::TimePoint until;  ///< the session has expired by then
  };
  std::map<std::string, Level> levels_;  ///< by session key, all workers alike
  std::map<std::string, std::shared_ptr<BridgedCall>> bridged_;
  std::uint64_t last_bridged_ = 0;
  ClientRequests client_requests_;
  io::Event table_changed_;
  io::Event landed_;  ///< a link is not used any more
  io::AbortSource hurry_;
  io::TaskGroup relays_;
  RouterCounters counters_;
};

}  // namespace mooring::gateway
