#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>

namespace mooring::store {

/// What a server said of itself and offered when it was last seen, as raw JSON. A value.
struct CachedCatalogue {
  std::string server;
  std::string key;         ///< catalogue_key() of the configuration it was seen with
  std::string initialize;  ///< the result object
  /// Result objects of tools/list, resources/list, resources/templates/list and prompts/list, each
  /// whole (all pages as one); empty: not offered.
  std::array<std::string, 4> lists;

  bool operator==(const CachedCatalogue&) const = default;
};

/// Names the server behind a configuration: 64 hex digits over url, command, args, env and cwd.
/// Another key: another server, of which nothing is known (row SM-14).
std::string catalogue_key(const UpstreamConfig& config);

/// The last known catalogues, over restarts, so that a `lazy` server is listed without being
/// started. Safe from any thread; a disk that fails costs a log line.
class CatalogueCache {
 public:
  static Result<std::unique_ptr<CatalogueCache>> open(const std::filesystem::path& file);
  virtual ~CatalogueCache() = default;  ///< writes what is queued

  /// What was kept under this name and key. Reads the disk: for the start of a server.
  virtual std::optional<CachedCatalogue> find(
      const std::string& server, const std::string& key
  ) = 0;
  /// Takes the place of whatever was kept under that name. Queued, never waited for.
  virtual void keep(CachedCatalogue catalogue) = 0;
  /// The server is gone from the configuration. Queued likewise.
  virtual void forget(std::string server) = 0;
};

}  // namespace mooring::store
