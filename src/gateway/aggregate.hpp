#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "upstream/catalogue.hpp"

namespace mooring::gateway {

/// One upstream's share of what is shown: its catalogue and what its configuration says about
/// showing it.
struct Contribution {
  std::string server;
  std::shared_ptr<const UpstreamConfig> config;
  upstream::CataloguePtr catalogue;
  std::string capabilities;  ///< of the server, raw JSON object
  bool modern = false;       ///< it speaks the modern era
};

/// What one upstream shows at `/mcp/SERVER`: its lists after the tool filter, ready to be sent.
/// With nothing to filter or to normalize the server's own bytes are kept.
struct ServerView {
  std::map<upstream::ListKind, std::string> results;  ///< raw result objects of the lists it offers
  std::optional<std::string> legacy_tools;      ///< tools/list for legacy clients, where it differs
  std::array<upstream::CacheHints, 4> hints{};  ///< by ListKind; for modern clients
  bool shows_tool(std::string_view name) const;
  std::optional<std::vector<std::string>> shown_tools;  ///< sorted; empty: all
};
std::shared_ptr<const ServerView> make_server_view(const Contribution& contribution);

/// Where a public name leads.
struct Route {
  std::string server;
  std::string name;  ///< the upstream's own
};

/// All upstreams as one (`/mcp`): tools and prompts under `SERVER__name`, resource URIs untouched.
/// Order: upstreams as configured, then each upstream's own order. Immutable once published; a pure
/// function of the contributions.
class Aggregate {
 public:
  explicit Aggregate(const std::vector<Contribution>& contributions);

  /// Raw result object of tools/list and its kin.
  const std::string& result(upstream::ListKind kind) const;
  /// The same for legacy clients.
  const std::string& legacy_result(upstream::ListKind kind) const;
  /// The shortest time that a server gives, and public only where all agree (2026-07-28 "Caching").
  const upstream::CacheHints& hints(upstream::ListKind kind) const {
    return hints_[static_cast<std::size_t>(kind)];
  }
  std::optional<Route> tool(std::string_view public_name) const;
  std::optional<Route> prompt(std::string_view public_name) const;
  /// The server that lists this resource, else the first whose template matches; empty: nobody's.
  std::optional<std::string> server_of_resource(std::string_view uri) const;
  /// The server that lists this resource template (completion/complete, ref/resource).
  std::optional<std::string> server_of_template(std::string_view uri_template) const;
  /// Raw ServerCapabilities object: what at least one upstream has; logging and completions
  /// likewise.
  const std::string& capabilities() const { return capabilities_; }
  const std::vector<std::string>& warnings() const {
    return warnings_;
  }  ///< for the log: suspicious descriptions, duplicate URIs
  bool operator==(const Aggregate& other) const;  ///< the same lists are served

 private:
  void add_tools(const std::vector<Contribution>& contributions);
  void add_prompts(const std::vector<Contribution>& contributions);
  void add_resources(const std::vector<Contribution>& contributions);
  void add_templates(const std::vector<Contribution>& contributions);
  std::string addressed(
      upstream::ListKind kind, const Contribution& from, const upstream::CatalogueItem& item
  );
  void warn_listed_twice(
      std::string_view what, std::string_view key, std::string_view winner, std::string_view loser
  );

  std::map<upstream::ListKind, std::string> results_;
  std::optional<std::string> legacy_tools_;
  std::array<upstream::CacheHints, 4> hints_{};
  std::map<std::string, Route, std::less<>> tools_, prompts_;
  std::map<std::string, std::string, std::less<>> resources_;
  std::vector<std::pair<std::string, std::string>> templates_;  ///< template, server
  std::string capabilities_;
  std::vector<std::string> warnings_;
};

}  // namespace mooring::gateway
