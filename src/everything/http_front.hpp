#pragma once

#include <memory>
#include <string>

#include "everything/everything_service.hpp"
#include "everything/expiry_dialect.hpp"
#include "io/http_server.hpp"
#include "server/host_check.hpp"
#include "server/http_door.hpp"

namespace mooring::everything {

/// What stands before the HTTP door: Host and Origin, paths, and the chosen dialect for sessions
/// that are gone. The door itself would answer those with its own 404.
class HttpFront {
 public:
  /// All arguments outlive the front.
  HttpFront(
      gateway::Service& service, server::HttpDoor& door, const ExpiryDialect& dialect,
      server::HostCheck hosts
  )
      : service_(service), door_(door), dialect_(dialect), hosts_(std::move(hosts)) {}

  awaitable<void> handle(
      io::HttpExchange& exchange, core::Timers& timers, asio::any_io_executor executor
  );

 private:
  awaitable<void> answer_gone(
      io::HttpExchange& exchange, core::Timers& timers, asio::any_io_executor executor
  );

  gateway::Service& service_;
  server::HttpDoor& door_;
  const ExpiryDialect& dialect_;
  server::HostCheck hosts_;
};

}  // namespace mooring::everything
