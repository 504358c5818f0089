#pragma once

#include <memory>
#include <string>

#include "everything/everything_service.hpp"
#include "everything/expiry_dialect.hpp"
#include "io/http_server.hpp"
#include "server/host_check.hpp"

namespace mooring::everything {

/// What stands before the HTTP door: Host and Origin, paths, and the chosen dialect for sessions
/// that are gone. The door itself would answer those with its own 404.
class HttpFront {
 public:
  /// `door` serves what belongs to /mcp. The references outlive the front.
  HttpFront(
      World& world, gateway::Service& service, const ExpiryDialect& dialect,
      server::HostCheck hosts, io::HttpHandler door
  )
      : world_(world),
        service_(service),
        dialect_(dialect),
        hosts_(std::move(hosts)),
        door_(std::move(door)) {}

  awaitable<void> handle(io::HttpExchange& exchange);

 private:
  awaitable<void> answer_gone(io::HttpExchange& exchange);

  World& world_;
  gateway::Service& service_;
  const ExpiryDialect& dialect_;
  server::HostCheck hosts_;
  io::HttpHandler door_;
};

}  // namespace mooring::everything
