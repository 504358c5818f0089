#pragma once

#include <mooring/client.hpp>
#include <string>
#include <vector>

#include "cli/surroundings.hpp"
#include "gateway/aggregate.hpp"
#include "upstream/catalogue.hpp"

namespace mooring::cli {

/// What one server lists.
struct Listing {
  std::string server;
  gateway::Contribution share;  ///< what it adds to the whole
  /// The result object as the gateway would serve it for this server.
  std::string result(upstream::ListKind kind) const;

  bool filtered = false;  ///< our own configuration has its say about what is shown
};

/// Connects, takes all pages of each kind, and leaves.
Result<Listing> take_listing(
    const Surroundings& around, const Destination& to, const std::vector<upstream::ListKind>& kinds
);

/// Rows "name, description" of a result object, for people: no invisible characters, one line each.
std::vector<std::vector<std::string>> rows_of(upstream::ListKind kind, std::string_view result);
/// A warning for each definition that talks to the model instead of describing itself.
void warn_of_suspicious(upstream::ListKind kind, std::string_view server, std::string_view result);

}  // namespace mooring::cli
