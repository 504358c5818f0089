#pragma once

#include <utility>

#include "chaos/expiry_dialect.hpp"
#include "everything/everything_service.hpp"
#include "io/http_server.hpp"
#include "server/host_check.hpp"

namespace mooring::everything {

/// What stands before the HTTP doors: Host and Origin, paths, and the chosen dialect for sessions
/// that are gone. The door of /mcp would answer those with its own 404.
class HttpFront {
 public:
  /// `door` serves what belongs to /mcp, `sse_door` what belongs to /sse and /message. The
  /// references outlive the front.
  HttpFront(
      World& world, gateway::Service& service, const chaos::ExpiryDialect& dialect,
      server::HostCheck hosts, io::HttpHandler door, io::HttpHandler sse_door
  )
      : world_(world),
        service_(service),
        dialect_(dialect),
        hosts_(std::move(hosts)),
        door_(std::move(door)),
        sse_door_(std::move(sse_door)) {}

  awaitable<void> handle(io::HttpExchange& exchange);

 private:
  World& world_;
  gateway::Service& service_;
  const chaos::ExpiryDialect& dialect_;
  server::HostCheck hosts_;
  io::HttpHandler door_, sse_door_;
};

}  // namespace mooring::everything
