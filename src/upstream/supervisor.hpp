#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "auth/authenticator.hpp"
#include "core/backoff.hpp"
#include "core/random.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "recovery/breaker.hpp"
#include "recovery/classify.hpp"
#include "recovery/decide.hpp"
#include "recovery/idle_ttl.hpp"
#include "transport/factory.hpp"
#include "upstream/lifecycle.hpp"
#include "upstream/link.hpp"
#include "upstream/lister.hpp"
#include "upstream/lost_sessions.hpp"
#include "upstream/observer.hpp"
#include "upstream/recorder.hpp"
#include "upstream/snapshot.hpp"

namespace mooring::upstream {

/// What `status` tells of an upstream.
struct Status {
  std::string name;
  std::string transport;  ///< "http", "sse" or "stdio"
  std::string target;     ///< URL without its query, or command
  State state = State::stopped;
  std::string last_error;
  std::uint64_t generation = 0;
  int attempts = 0;  ///< failed in a row
  std::optional<core::Duration> next_probe_in;
  std::optional<std::chrono::system_clock::time_point> last_success;
  std::uint64_t recoveries = 0;  ///< sessions rebuilt after a loss
  std::string protocol_version;
  std::string server_info;  ///< raw JSON
  std::optional<int> pid;
  std::array<std::size_t, 4> listed{};            ///< items per ListKind
  std::string failure_kind;                       ///< of the last failure: a word of recovery::Kind
  std::string breaker = "closed";                 ///< closed, open or half_open
  int breaker_failures = 0;                       ///< in a row
  std::optional<core::Duration> breaker_open_in;  ///< until a call is let through to try
  std::optional<core::Duration> idle_ttl;  ///< how long the server seems to keep an idle session
  std::optional<std::chrono::system_clock::time_point> ready_since;
  std::size_t in_flight = 0;        ///< calls under way, over all workers
  std::size_t client_sessions = 0;  ///< that belong to one client each; filled by the gateway
  // Since the start: calls that failed with their session or connection.
  std::uint64_t calls_saved = 0;            ///< repeated, and answered
  std::uint64_t calls_failed = 0;           ///< certainly not executed, and told so
  std::uint64_t calls_unknown = 0;          ///< may have run; not repeated
  std::optional<auth::SignedIn> signed_in;  ///< empty: nobody has, or need
  std::vector<recovery::Episode> episodes;  ///< the last 20, newest at the end
};

/// A request failed in a way that says something about its session or connection.
struct Loss {
  std::uint64_t generation = 0;  ///< it travelled on
  recovery::Plan::Heal heal = recovery::Plan::Heal::nothing;
  bool prove = false;  ///< the next session has to answer something before it is used again
  recovery::Kind kind = recovery::Kind::other;
  std::shared_ptr<const recovery::Failure> evidence;  ///< never empty
  core::Duration idle_before{0};                      ///< nobody had used the session for so long
  core::TimePoint until = core::TimePoint::max();  ///< nobody waits longer; at most recovery.wait
};

/// What came of it.
struct Healing {
  enum class Found : std::uint8_t {
    renewed,  ///< a newer session stands
    lives,    ///< the session of that generation still stands
    away,     ///< none stands, or the new one answers nothing
  } found = Found::away;
  bool session_was_lost = false;  ///< the server does not know the session of that generation
  bool failed_alike = false;      ///< it said so as it answered the request
  std::string recovery_id;
};

/// Keeps one upstream connected. Lives on its home worker; drives the Lifecycle, performs the
/// handshake, restores what the session had (log level, subscriptions), looks after it while it
/// stands, and posts every change to the links of all workers.
class Supervisor : public std::enable_shared_from_this<Supervisor>, private ListingHost {
 public:
  Supervisor(
      io::Worker& home, std::shared_ptr<const UpstreamConfig> config,
      transport::ChannelFactory& channels, core::Random& random, ClientIdentity identity,
      Observer& observer
  );
  ~Supervisor() override;

  /// Before `start`. The first link is the home worker's.
  void set_links(std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> links);
  /// Before `start`: who keeps the credentials good that the links' channels carry, on the same
  /// home worker. Empty: they are as configured. `ends_it`: it is stopped with this Supervisor.
  void sign_in_with(
      std::shared_ptr<auth::Authenticator> authenticator,
      std::shared_ptr<const transport::Credentials> credentials, bool ends_it = true
  );
  const UpstreamConfig& config() const { return *config_; }

  /// What an earlier run knew of the server.
  struct Known {
    ServerIdentity server;
    CataloguePtr catalogue;
  };

  // From any worker:
  /// `known`, for a lazy server: it is listed from that, and started by the first call.
  void start(std::optional<Known> known = std::nullopt);
  awaitable<void> stop();
  /// Heals as the loss asks (once, however many ask) and returns when that is settled, at most
  /// `recovery.wait` later.
  awaitable<Healing> heal(Loss loss);
  /// Likewise, without waiting.
  void report(Loss loss);
  /// A half-open breaker: true for one caller at a time, who owes a `settle`.
  awaitable<bool> admit();
  /// What a call says to the breaker.
  enum class Strike : std::uint8_t { success, failure, none };
  /// `generation`: of the session it failed on.
  void settle(Strike strike, std::uint64_t generation = 0);
  /// What became of a call that failed with the session of `generation`.
  void account(std::uint64_t generation, Recorder::Fate fate);
  /// An attempt at once, whatever the state; calls in flight end.
  void reconnect_now();
  /// A call asks for a session: an idle upstream starts; a parked one is tried early, at most every
  /// 10 s.
  void wanted();
  /// The last call of a worker ended while the Supervisor drains.
  void drained();
  awaitable<Status> status();
  /// Lists again now, for servers that do not announce changes (Lister::freshen).
  awaitable<void> freshen(ListKind kind);
  awaitable<void> list_again(ListKind kind);  ///< in any case (Lister::list_again)
  /// A modern server: whether its one listen brings updates of that resource. False: it does not.
  awaitable<bool> subscribe(std::string uri, bool on);
  /// The server has asked a client for something that only that client can give.
  void has_asked();
  /// A notification about the session as a whole that came on the stream of some call.
  void overheard(protocol::Frame notification);
  /// Applied now by the caller's own request; remembered for every later session.
  void remember_log_level(std::string level);
  void remember_subscription(std::string uri, bool subscribed);

 private:
  struct OwnSink;
  struct ConnectError {
    std::string text;
    LifecycleEvent event = LifecycleEvent::attempt_failed;
    std::optional<core::Duration> retry_after = std::nullopt;
    bool try_other = false;     ///< the other transport over HTTP may live at this address
    bool session_lost = false;  ///< the new session was refused already
    bool refused = false;       ///< the server answered, and would not have `initialize`
    bool died = false;          ///< the process did
    recovery::Kind kind = recovery::Kind::other;
    std::optional<auth::Refusal> refusal = std::nullopt;  ///< other credentials may be let in
  };
  /// Why the standing session is no longer used.
  struct End {
    LifecycleEvent event = LifecycleEvent::lost;
    std::string cause;  ///< as Episode::cause
    std::string because;
    std::optional<core::Duration> retry_after = std::nullopt;
  };

  // supervisor.cpp: when
  awaitable<void> run();
  awaitable<Lifecycle::Step> next_step();
  awaitable<Lifecycle::Step> attempt();
  awaitable<std::optional<ConnectError>> authorized_connect();
  std::optional<ConnectError> not_let_in(const auth::Readiness& ready) const;
  awaitable<std::optional<ConnectError>> timed_connect();
  Lifecycle::Step attempt_failed(const ConnectError& error);
  void end_session(std::uint64_t generation, End end);
  void drop_session();
  awaitable<void> say_goodbye(std::shared_ptr<const SessionView> view);
  State shown_state() const;
  void publish();
  transport::Channel& channel(const SessionView& view) const;
  bool is_stdio() const;
  bool is_sse() const;
  template <class F>
  void on_home(F&& action) {
    if (home_.on_this_thread()) return action();
    home_.post([self = shared_from_this(), action = std::forward<F>(action)]() mutable { action(); }
    );
  }

  // supervisor_healing.cpp: what a loss leads to
  awaitable<Healing> settled(const Loss& loss);
  void lost(const Loss& loss);
  void grace(const Loss& loss);
  bool new_credentials(const Loss& loss);
  auth::Refusal refusal_of(const recovery::Failure& failure, bool served) const;

  // supervisor_session.cpp: how
  awaitable<std::optional<ConnectError>> connect(io::AbortSource& abort);
  awaitable<std::optional<ConnectError>> shake_hands(
      std::shared_ptr<SessionView>& view, std::optional<Catalogue>& first, io::AbortSource& abort
  );
  awaitable<std::optional<ConnectError>> open_process(
      UpstreamConfig config, io::AbortSource& abort
  );
  awaitable<std::optional<ConnectError>> fall_back(
      std::shared_ptr<SessionView>& view, ConnectError first, io::AbortSource& abort
  );
  awaitable<std::optional<ConnectError>> initialize(SessionView& view, io::AbortSource& abort);
  ConnectError failed(const recovery::Failure& failure) const;
  awaitable<std::optional<recovery::Failure>> restore(
      const SessionView& view, io::AbortSource& abort
  );
  void established(std::shared_ptr<const SessionView> view, std::optional<Catalogue> first);
  awaitable<void> answer(protocol::Frame request);
  transport::OutgoingRequest own_request(
      const SessionView& view, std::string_view method, std::string params
  );
  awaitable<void> watch_process(std::shared_ptr<transport::ProcessChannel> process);

  // supervisor_modern.cpp: which era, and what is different in the modern one
  awaitable<std::optional<ConnectError>> open(SessionView& view, io::AbortSource& abort);
  bool may_be_modern(const SessionView& view) const;
  enum class Met : std::uint8_t {
    modern,
    legacy,
    silent,  ///< no word yet, which most often means legacy
  };
  awaitable<std::expected<Met, ConnectError>> discover(SessionView& view, io::AbortSource& abort);
  awaitable<std::optional<ConnectError>> new_process(SessionView& view, io::AbortSource& abort);
  awaitable<void> listen_modern(
      std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
  );
  struct Listen;
  awaitable<void> run_listen(
      std::shared_ptr<const SessionView> view, std::shared_ptr<Listen> listen
  );
  std::string listen_params(const SessionView& view) const;
  void acknowledged(const protocol::Frame& notification);

  // supervisor_care.cpp: while it stands
  static constexpr core::Duration probe_time = std::chrono::seconds(5);
  awaitable<transport::Outcome> ask(
      std::shared_ptr<const SessionView> view, std::string method, io::AbortSource* also = nullptr,
      core::Duration at_most = probe_time
  );
  awaitable<std::optional<recovery::Failure>> still_known(
      std::shared_ptr<const SessionView> view, io::AbortSource& abort
  );
  std::string probe_method(const SessionView& view) const;
  awaitable<void> verify(const Loss& loss);
  awaitable<bool> prove();
  awaitable<void> listen_loop(
      std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
  );
  awaitable<void> keep_alive(
      std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
  );
  awaitable<bool> still_there(std::shared_ptr<const SessionView> view, bool& ping_known);
  awaitable<void> recycle(
      std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
  );
  awaitable<void> drain(std::shared_ptr<const SessionView> view, LifecycleEvent then);
  std::size_t in_flight() const;
  bool has_tasks() const;
  core::TimePoint last_used() const;
  core::Duration since_last_use() const;
  core::Duration since_last_asked() const;

  // ListingHost
  awaitable<transport::Outcome> request(
      const SessionView& view, std::string_view method, std::string params, io::AbortSource& abort
  ) override;
  std::shared_ptr<const SessionView> standing() const override { return view_; }
  std::shared_ptr<io::AbortSource> session_end() const override { return session_abort_; }
  void listing_failed(const SessionView& view, const recovery::Failure& failure) override;
  void catalogue_changed() override { publish(); }

  /// The last probe of an ambiguous failure: one per session in `verify_interval`.
  struct Verification {
    std::uint64_t generation = 0;
    core::TimePoint at{};
    bool running = false;
  };

  io::Worker& home_;
  std::shared_ptr<const UpstreamConfig> config_;
  recovery::Overrides overrides_;
  transport::ChannelFactory& channels_;
  ClientIdentity identity_;
  Observer& observer_;
  std::shared_ptr<auth::Authenticator> authenticator_;
  std::shared_ptr<const transport::Credentials> credentials_;
  bool ends_authenticator_ = true;
  core::Random& random_;
  Lifecycle lifecycle_;
  Recorder recorder_;
  recovery::Breaker breaker_;
  recovery::IdleTtl idle_ttl_;
  std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> links_;

  std::unique_ptr<OwnSink> own_sink_;
  std::shared_ptr<transport::ProcessChannel> process_;  ///< stdio child or HTTP+SSE stream
  bool use_sse_ = false;                                ///< found out: it has worked
  std::optional<Met> era_;                              ///< found out; empty: not yet
  std::shared_ptr<const SessionView> view_;             ///< the standing session
  std::shared_ptr<const SessionView> opening_;          ///< the one whose handshake is under way
  std::shared_ptr<const SessionView>
      suspect_;  ///< HTTP: lost its connection, may still live at the server
  ServerIdentity server_;
  std::uint64_t generation_ = 0;
  std::uint64_t ended_generation_ = 0;  ///< on purpose, with their calls
  LostSessions lost_sessions_;
  std::uint64_t listen_refused_ = 0;  ///< generation whose refused GET stream was looked into
  std::string last_error_, failure_kind_;
  std::optional<core::TimePoint> next_probe_, last_early_probe_;
  std::optional<std::chrono::system_clock::time_point> last_success_, ready_since_;
  std::string log_level_;
  std::set<std::string> subscriptions_;
  std::uint64_t wishes_ = 0;        ///< grows with every change of them
  std::shared_ptr<Listen> listen_;  ///< modern: the newest
  core::Backoff listen_backoff_;
  Verification verification_;
  bool grace_used_ = false;  ///< the session was rebuilt once because credentials were refused
  bool draining_ = false;
  bool asks_clients_ = false;
  bool kept_ = false;             ///< the attempt under way found the suspect session alive
  core::TimePoint last_asked_{};  ///< the last request of our own

  bool stopping_ = false, wake_for_reconnect_ = false, wake_for_call_ = false;
  std::optional<End> ended_;  ///< for run() to act on
  core::TimePoint stands_since_{};
  io::Event wake_;     ///< something for run() to look at
  io::Event changed_;  ///< an attempt or a verification ended, the state moved
  io::Event drained_;
  io::AbortSource stop_;
  std::shared_ptr<io::AbortSource> session_abort_;  ///< ends what looks after the standing session
  io::TaskGroup tasks_;
  Lister lister_;
};

}  // namespace mooring::upstream
