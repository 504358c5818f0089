#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>

#include "core/random.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "upstream/observer.hpp"
#include "upstream/snapshot.hpp"

namespace mooring::upstream {

/// What a Lister needs of the Supervisor whose catalogue it keeps.
class ListingHost {
 public:
  virtual ~ListingHost() = default;
  /// One request of our own on that session. Errors of JSON-RPC that speak of the session come as a
  /// failure.
  virtual awaitable<transport::Outcome> request(
      const SessionView& view, std::string_view method, std::string params, io::AbortSource& abort
  ) = 0;
  /// The standing session; empty: none. Its abort fires when it ends.
  virtual std::shared_ptr<const SessionView> standing() const = 0;
  virtual std::shared_ptr<io::AbortSource> session_end() const = 0;
  /// A list could not be loaded, and the failure says something about session or connection.
  virtual void listing_failed(const SessionView& view, const recovery::Failure& failure) = 0;
  virtual void catalogue_changed() = 0;
};

/// Keeps the catalogue of one upstream: lists again what was announced as changed or grew old, and
/// keeps what was known where that fails. Belongs to the Supervisor's worker.
class Lister {
 public:
  Lister(
      io::Worker& home, std::shared_ptr<const UpstreamConfig> config, ListingHost& host,
      Observer& observer, core::Random& random, io::TaskGroup& tasks, io::AbortSource& stop
  );

  const CataloguePtr& catalogue() const { return catalogue_; }
  /// Known from an earlier run, before the first session.
  void recall(CataloguePtr catalogue) { catalogue_ = std::move(catalogue); }

  /// The first listing, before anything is known; a failure ends it. The result is not yet kept.
  awaitable<std::expected<Catalogue, recovery::Failure>> load_all(
      const SessionView& view, io::AbortSource& abort
  );
  void adopt_first(Catalogue catalogue);
  /// A new session: everything is listed again in the background.
  void refresh_all();
  void list_changed(std::string_view notification_method);
  /// Lists again now, for servers that do not announce changes; at most every `list_max_age`, for
  /// all who ask. Returns after two seconds at the latest.
  awaitable<void> freshen(ListKind kind);
  /// Lists again now, in any case. Returns after two seconds at the latest.
  awaitable<void> list_again(ListKind kind);

 private:
  awaitable<std::optional<recovery::Failure>> load(
      const SessionView& view, Catalogue& into, ListKind kind, io::AbortSource& abort
  );
  awaitable<void> refresh_loop();
  awaitable<std::optional<recovery::Failure>> refresh(const SessionView& view);
  void adopt(Catalogue catalogue);
  void tell_difference(const Catalogue& before, const Catalogue& after);

  io::Worker& home_;
  std::shared_ptr<const UpstreamConfig> config_;
  ListingHost& host_;
  Observer& observer_;
  core::Random& random_;
  io::TaskGroup& tasks_;
  io::AbortSource& stop_;
  CataloguePtr catalogue_;
  std::array<bool, 4> dirty_{};
  std::array<std::optional<core::TimePoint>, 4> loaded_at_;
  bool refreshing_ = false;
  std::uint64_t suspected_ = 0;  ///< generation whose listing has already cast doubt on it
  io::Event refreshed_;
};

/// How old a list of a server without `listChanged` may be when a client asks for it.
inline constexpr core::Duration list_max_age = std::chrono::seconds(5);

}  // namespace mooring::upstream
