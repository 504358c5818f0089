#include "gateway/routing_table.hpp"

#include <utility>

namespace mooring::gateway {

std::shared_ptr<const RoutingTable::Server> shown_server(
    Contribution from, const RoutingTable::Server* before
) {
  auto server = std::make_shared<RoutingTable::Server>();
  server->from = std::move(from);
  if (server->from.catalogue) {
    server->view = std::make_shared<const ServerView>(server->from);
    server->share = make_share(server->from, before != nullptr ? before->share.get() : nullptr);
  }
  return server;
}

}  // namespace mooring::gateway
