#pragma once

#include <mooring/result.hpp>
#include <optional>
#include <string>

#include "chaos/engine.hpp"
#include "io/http_server.hpp"

namespace mooring::chaos {

/// A reverse proxy before one MCP server, whose faults are planned. Every path of the upstream's
/// origin is reachable under the same path here. On the worker's thread only.
class Proxy {
 public:
  Proxy(io::Worker& worker, ProxyOptions options, Tell tell);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Once. Port 0 takes a free one, which a restart comes back on.
  Result<io::Endpoint> listen(const std::string& host, std::uint16_t port);
  /// Cuts everything and waits until it is over.
  awaitable<void> stop();

  const Engine& engine() const { return engine_; }
  /// What GET /chaos answers, and the end of `--json`.
  std::string status_json() const;
  /// "120 requests, 3 sessions; injected: expire 3, reset-after 2"
  std::string summary() const;

 private:
  awaitable<void> handle(io::HttpExchange& exchange);
  awaitable<void> control(io::HttpExchange& exchange);
  Result<bool> inject(const std::string& text);
  awaitable<void> clock();
  awaitable<void> fall();
  Result<io::Endpoint> open();

  Engine engine_;
  std::optional<io::HttpServer> server_;
  std::string host_;
  std::uint16_t port_ = 0;
  io::AbortSource stopped_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::chaos
