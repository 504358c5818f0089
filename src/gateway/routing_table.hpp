#pragma once

#include <chrono>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/aggregate.hpp"

namespace mooring::gateway {

/// What the routers of all workers route by. Immutable; a new one is posted when a catalogue or the
/// configuration changes.
struct RoutingTable {
  struct Server {
    std::string name;
    std::shared_ptr<const UpstreamConfig> config;
    upstream::CataloguePtr catalogue;  ///< what `view` was made from; empty before the first
    std::shared_ptr<const ServerView> view;
  };
  std::vector<Server> servers;  ///< as configured
  std::shared_ptr<const Aggregate> aggregate;

  const Server* find(std::string_view name) const {
    for (const auto& server : servers) {
      if (server.name == name) return &server;
    }
    return nullptr;
  }
};

}  // namespace mooring::gateway
