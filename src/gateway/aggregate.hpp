#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/list_text.hpp"
#include "gateway/server_names.hpp"
#include "gateway/share.hpp"

namespace mooring::gateway {

/// Where a public name leads. Of the aggregate that told it.
struct Route {
  std::string_view server;
  std::string_view name;  ///< the upstream's own
};

/// All upstreams as one (`/mcp`): tools and prompts under `SERVER__name`, resource URIs untouched.
/// Order: upstreams as configured, then each upstream's own order. Immutable once published; a pure
/// function of the shares.
///
/// Made anew whenever one server lists something else, so it holds the shares themselves: nothing
/// is joined before a client asks for a list, and a name is looked for in the shares of those who
/// may have it. Only names of servers that may meet, and URIs where a list of them has changed, are
/// gone through again.
class Aggregate {
 public:
  /// One share for each name, empty for a server that contributes nothing. What has not changed
  /// since `before` is taken from there.
  Aggregate(
      std::shared_ptr<const ServerNames> names, std::vector<SharePtr> shares,
      const Aggregate* before = nullptr
  );
  explicit Aggregate(const std::vector<Contribution>& contributions);

  /// The result object of tools/list and its kin, in pieces of this aggregate.
  Pieces list(upstream::ListKind kind, Era era) const;
  /// The shortest time that a server gives, and public only where all agree (2026-07-28 "Caching").
  const upstream::CacheHints& hints(upstream::ListKind kind) const { return hints_[index(kind)]; }
  std::optional<Route> tool(std::string_view public_name) const;
  std::optional<Route> prompt(std::string_view public_name) const;
  /// The server that lists this resource, else the first whose template matches; empty: nobody's.
  std::optional<std::string_view> server_of_resource(std::string_view uri) const;
  /// The server that lists this resource template (completion/complete, ref/resource).
  std::optional<std::string_view> server_of_template(std::string_view uri_template) const;
  /// Raw ServerCapabilities object: what at least one upstream has; logging and completions
  /// likewise.
  const std::string& capabilities() const { return capabilities_; }
  /// For the log: names and URIs on which servers meet. What is odd about one alone is in its
  /// share.
  std::vector<std::string> warnings() const;
  /// The same definitions are listed, in the same order.
  bool lists_same(const Aggregate& other, upstream::ListKind kind) const;

 private:
  /// What becomes of the portions where servers meet.
  struct Meeting {
    std::map<std::size_t, PortionPtr> altered;  ///< by position; the others stand
    std::vector<std::string> warnings;
  };
  /// Who answers for which URI. The views are of the portions.
  struct Addresses : Meeting {
    std::unordered_map<std::string_view, std::size_t> owners;
    std::vector<std::string_view> in_order;
  };

  static std::size_t index(upstream::ListKind kind) { return static_cast<std::size_t>(kind); }
  const Portion* portion(upstream::ListKind kind, std::size_t at) const;
  const Meeting& meeting(upstream::ListKind kind) const;
  Pieces parts(upstream::ListKind kind, bool for_legacy) const;
  Meeting settled(upstream::ListKind kind) const;
  void settle_group(upstream::ListKind kind, const std::vector<std::size_t>& group, Meeting& names)
      const;
  std::shared_ptr<const Addresses> addresses(upstream::ListKind kind, const Aggregate* before)
      const;
  std::optional<Route> route(upstream::ListKind kind, std::string_view public_name) const;

  std::shared_ptr<const ServerNames> names_;
  std::vector<SharePtr> shares_;
  Meeting tools_, prompts_;
  std::shared_ptr<const Addresses> resources_, templates_;
  std::array<upstream::CacheHints, 4> hints_{};
  std::array<std::string, 4> openings_, modern_endings_;
  std::string capabilities_;
  bool any_modern_ = false;
};

}  // namespace mooring::gateway
