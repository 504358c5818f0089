#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "auth/authenticator.hpp"
#include "config/config.hpp"
#include "core/random.hpp"
#include "gateway/control.hpp"
#include "gateway/own_sessions.hpp"
#include "gateway/router.hpp"
#include "gateway/session_codec.hpp"
#include "gateway/upstream_maker.hpp"
#include "gateway/watcher.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "store/catalogue_cache.hpp"
#include "store/history_store.hpp"
#include "transport/factory.hpp"
#include "upstream/observer.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

/// Everything between the doors and the upstreams: starts and stops upstreams as the configuration
/// says, builds the routing tables, passes on what upstreams do on their own. Lives on the control
/// worker (the first); functions are called there unless they say otherwise.
class Gateway final : public upstream::Observer {
 public:
  Gateway(
      std::vector<io::Worker*> workers, transport::ChannelFactory& channels, core::Random& random,
      const config::GatewayConfig& settings, std::array<std::uint8_t, 32> session_key,
      store::SessionStore* store = nullptr
  );
  ~Gateway() override;

  /// Where recoveries are recorded, and who is told what upstreams go through; null: nowhere,
  /// nobody. While no worker runs.
  void record_in(store::HistoryStore* history) { history_ = history; }
  /// Where the catalogues of lazy servers outlive the process. Before `apply`.
  void remember_in(store::CatalogueCache* catalogues) { catalogues_ = catalogues; }
  /// What signs in to servers over HTTP; without, they are let in by their configured headers
  /// alone. Before `apply`.
  void sign_in_with(auth::AuthenticatorParts parts) { maker_.sign_in_with(std::move(parts)); }
  void show_to(Watcher* watcher) { watcher_ = watcher; }

  /// Makes the names in the configuration known, so that sessions on them are served from the first
  /// request on. Before the workers run.
  void announce(const config::Config& config);
  /// Starts what is new or changed, stops what is gone or changed (once the calls in flight on it
  /// are answered, or `drain_timeout` has passed; that is not waited for), leaves the rest alone.
  /// The first call starts everything.
  awaitable<void> apply(config::Config config);
  /// Every call in flight ends as cancelled, on all workers.
  void abort_calls();
  /// Ends every upstream and waits for it.
  awaitable<void> stop();

  Router& router(unsigned worker) { return *routers_.at(worker); }
  const std::string& boot() const { return shared_.boot; }

  // From any worker:
  awaitable<std::vector<upstream::Status>> status();
  /// False: no such server.
  awaitable<bool> reconnect(std::string server);
  awaitable<std::size_t> listening();
  /// Newest first: what was recorded, also by earlier processes, and what goes on.
  awaitable<store::HistoryStore::Episodes> recoveries(store::HistoryQuery query);

  // upstream::Observer
  void changed(const std::string& server) override;
  void list_changed(const std::string& server, upstream::ListKind kind) override;
  void notification(const std::string& server, const protocol::Frame& frame) override;
  awaitable<std::optional<std::string>> request(
      const std::string& server, const protocol::Frame& frame
  ) override;
  void recovery(const recovery::Episode& episode) override;

 private:
  struct Upstream {
    std::shared_ptr<const UpstreamConfig> config;
    LiveUpstream live;  ///< without a supervisor: the configuration is wrong
    std::string config_error;
    std::shared_ptr<const RoutingTable::Server> shown;  ///< in the current table; empty: not yet
    /// After a change of its configuration: what it showed before.
    std::shared_ptr<const RoutingTable::Server> inherited;
  };

  awaitable<std::vector<std::shared_ptr<Upstream>>> exchange_upstreams(config::Config config);
  awaitable<void> start_upstream(config::ServerEntry entry, std::shared_ptr<const Upstream> before);
  static LiveUpstream taken(Upstream& upstream);
  /// Lets the calls finish that are on their way through it, then stops it.
  awaitable<void> retire(std::shared_ptr<Upstream> upstream);
  void keep_house();
  void install_link(
      const std::string& server, unsigned worker, std::shared_ptr<upstream::Link> link
  );
  awaitable<std::optional<std::string>> ask_only_listener(
      std::string server, const protocol::Frame& frame
  );
  void restore_sessions(store::SessionStore& store);
  Contribution contribution_of(const Upstream& upstream) const;
  /// True: something else is to be shown of it than the current table has.
  bool look_again(Upstream& upstream);
  void rebuild();
  void warn_of(const std::vector<std::string>& warnings);
  void tell_aggregate_changes(const Aggregate* before, const Aggregate& after);
  void tell_first_lists(const Upstream& upstream);
  upstream::Status config_error_status(const Upstream& upstream) const;

  std::vector<io::Worker*> workers_;
  core::Random& random_;
  SessionCodec codec_;
  core::Sealer sealer_;
  Revocations revocations_;
  Control control_;
  UpstreamMaker maker_;
  OwnSessions own_;
  store::HistoryStore* history_ = nullptr;
  store::CatalogueCache* catalogues_ = nullptr;
  Watcher* watcher_ = nullptr;
  RouterShared shared_;
  std::vector<std::unique_ptr<Router>> routers_;
  std::shared_ptr<const ServerNames> order_ = std::make_shared<const ServerNames>();
  std::map<std::string, std::shared_ptr<Upstream>> upstreams_;
  std::optional<config::Config> config_;
  std::shared_ptr<const RoutingTable> table_;
  io::Event applied_;
  bool applying_ = false, stopping_ = false;
  core::Duration drain_timeout_;
  io::TaskGroup retiring_;
  core::Timers::Id housekeeping_ = 0;
  std::unordered_set<std::string> warned_;  ///< what is odd about the lists, once it is logged
  std::set<std::string> stale_;  ///< what is shown of these may not be what they list any more
  bool rebuild_posted_ = false;
};

}  // namespace mooring::gateway
