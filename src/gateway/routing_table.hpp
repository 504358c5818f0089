#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "gateway/aggregate.hpp"
#include "gateway/server_names.hpp"
#include "gateway/server_view.hpp"

namespace mooring::gateway {

/// What the routers of all workers route by. Immutable; a new one is posted when a catalogue or the
/// configuration changes, and shares with the one before what has not.
struct RoutingTable {
  struct Server {
    Contribution from;                       ///< what the rest was made from
    std::shared_ptr<const ServerView> view;  ///< empty before the first catalogue
    SharePtr share;                          ///< likewise
  };
  std::shared_ptr<const ServerNames> names = std::make_shared<const ServerNames>();
  std::vector<std::shared_ptr<const Server>> servers;  ///< one for each name
  std::shared_ptr<const Aggregate> aggregate;

  const Server* find(std::string_view name) const {
    const auto at = names->find(name);
    return at ? servers[*at].get() : nullptr;
  }
};

/// With its view and share, where there is a catalogue. What is the same as `before` is taken from
/// there.
std::shared_ptr<const RoutingTable::Server> shown_server(
    Contribution from, const RoutingTable::Server* before = nullptr
);

}  // namespace mooring::gateway
