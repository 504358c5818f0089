#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "recovery/episode.hpp"
#include "transport/factory.hpp"
#include "upstream/lifecycle.hpp"
#include "upstream/link.hpp"
#include "upstream/observer.hpp"
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
  std::size_t in_flight = 0;  ///< calls under way, over all workers
  // Since the start: calls that failed with their session or connection.
  std::uint64_t calls_saved = 0;           ///< repeated, and answered
  std::uint64_t calls_failed = 0;          ///< certainly not executed, and told so
  std::uint64_t calls_unknown = 0;         ///< may have run; not repeated
  std::deque<recovery::Episode> episodes;  ///< the last 20, newest at the end
};

/// Keeps one upstream connected. Lives on its home worker; drives the Lifecycle, performs the
/// handshake, restores what the session had (log level, subscriptions), keeps the catalogue, and
/// posts every change to the links of all workers.
class Supervisor : public std::enable_shared_from_this<Supervisor> {
 public:
  Supervisor(
      io::Worker& home, std::shared_ptr<const UpstreamConfig> config,
      transport::ChannelFactory& channels, core::Random& random, ClientIdentity identity,
      Observer& observer
  );
  ~Supervisor();

  /// Before `start`. The first link is the home worker's.
  void set_links(std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> links);
  const UpstreamConfig& config() const { return *config_; }

  // From any worker:
  void start();
  awaitable<void> stop();
  /// Rebuilds the session of `generation` (once, however many ask) and returns when that attempt
  /// ended, at most `recovery.wait`. True: the transport had a hiccup, the session still stands.
  awaitable<bool> heal(std::uint64_t generation, bool session_lost, std::string because);
  void report_lost(std::uint64_t generation, bool session_lost, std::string because);
  /// An attempt at once, whatever the state.
  void reconnect_now();
  /// An early attempt while parked, at most every 10 s.
  void probe_soon();
  awaitable<Status> status();
  /// Lists again now, for servers that do not announce changes; at most every `list_max_age`,
  /// shared by all who ask.
  awaitable<void> freshen(ListKind kind);
  /// A notification about the session as a whole that came on the stream of some call.
  void overheard(protocol::Frame notification);
  /// Applied now by the caller's own request; remembered for every later session.
  void remember_log_level(std::string level);
  void remember_subscription(std::string uri, bool subscribed);

 private:
  struct OwnSink;
  struct ConnectError {
    std::string text;
    bool hopeless = false;  ///< no retry soon will help
    std::optional<core::Duration> retry_after = std::nullopt;
    bool try_other = false;  ///< the other transport over HTTP may live at this address
  };

  // supervisor.cpp: when
  awaitable<void> run();
  awaitable<LifecycleEvent> next_event();
  awaitable<Lifecycle::Step> attempt();
  void lost_on_home(std::uint64_t generation, bool session_lost, std::string because);
  void drop_session();
  awaitable<void> end_session(std::shared_ptr<const SessionView> view);
  void publish();
  transport::Channel& channel(const SessionView& view) const;
  bool is_stdio() const;
  bool is_sse() const;
  template <class F>
  void on_home(F&& action);

  // supervisor_session.cpp: how
  awaitable<std::optional<ConnectError>> connect(io::AbortSource& abort);
  awaitable<std::optional<ConnectError>> open_process(
      UpstreamConfig config, io::AbortSource& abort
  );
  awaitable<std::optional<ConnectError>> fall_back(
      std::shared_ptr<SessionView>& view, ConnectError first, io::AbortSource& abort
  );
  awaitable<std::optional<ConnectError>> open(SessionView& view, io::AbortSource& abort);
  ConnectError failed(const recovery::Failure& failure) const;
  awaitable<bool> still_alive(const SessionView& view, io::AbortSource& abort);
  awaitable<void> restore(const SessionView& view, io::AbortSource& abort);
  void established(std::shared_ptr<const SessionView> view, std::optional<Catalogue> first);
  awaitable<transport::Outcome> request(
      const SessionView& view, std::string_view method, std::string params, io::AbortSource& abort
  );
  awaitable<void> answer(protocol::Frame request);
  awaitable<void> watch_process(std::shared_ptr<transport::ProcessChannel> process);
  awaitable<void> listen_loop(
      std::shared_ptr<const SessionView> view, std::shared_ptr<io::AbortSource> abort
  );
  awaitable<std::optional<recovery::Failure>> load(
      const SessionView& view, Catalogue& into, ListKind kind, io::AbortSource& abort
  );
  void want_refresh(std::string_view list_changed_method);
  awaitable<void> refresh_loop();
  awaitable<std::optional<recovery::Failure>> refresh(const SessionView& view);
  void adopt(Catalogue catalogue);

  io::Worker& home_;
  std::shared_ptr<const UpstreamConfig> config_;
  transport::ChannelFactory& channels_;
  ClientIdentity identity_;
  Observer& observer_;
  Lifecycle lifecycle_;
  std::vector<std::pair<io::Worker*, std::shared_ptr<Link>>> links_;

  std::unique_ptr<OwnSink> own_sink_;
  std::shared_ptr<transport::ProcessChannel> process_;  ///< stdio child or HTTP+SSE stream
  bool use_sse_ = false;                                ///< found out: it has worked
  bool listen_refused_ = false;                 ///< a refused GET stream has already led to a ping
  std::shared_ptr<const SessionView> view_;     ///< the standing session
  std::shared_ptr<const SessionView> opening_;  ///< the one whose handshake is under way
  std::shared_ptr<const SessionView>
      suspect_;  ///< HTTP: lost its transport, may still be alive at the server
  ServerIdentity server_;
  CataloguePtr catalogue_;
  std::uint64_t generation_ = 0;
  std::uint64_t recoveries_ = 0;
  std::string last_error_;
  std::optional<core::TimePoint> next_probe_, last_probe_request_;
  std::optional<std::chrono::system_clock::time_point> last_success_;
  std::string log_level_;
  std::set<std::string> subscriptions_;

  std::array<bool, 4> dirty_{};
  std::array<std::optional<core::TimePoint>, 4> loaded_at_;
  bool refreshing_ = false;
  std::uint64_t suspected_by_list_ = 0;  ///< generation

  std::uint64_t attempts_ended_ = 0;
  bool stopping_ = false, wake_for_reconnect_ = false, wake_for_loss_ = false;
  bool lost_proven_ = false;
  core::TimePoint stands_since_{};
  io::Event wake_;       ///< something for run() to look at
  io::Event attempted_;  ///< an attempt ended
  io::Event refreshed_;
  io::AbortSource stop_;
  std::shared_ptr<io::AbortSource>
      session_abort_;  ///< ends the listen loop of the standing session
  io::TaskGroup tasks_;
};

/// How old a list of a server without `listChanged` may be when a client asks for it.
inline constexpr core::Duration list_max_age = std::chrono::seconds(5);

}  // namespace mooring::upstream
