#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "gateway/front.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"

namespace mooring::server {

struct HttpDoorOptions {
  /// A POST that is not answered after this becomes an SSE stream, so that the client can resume
  /// it.
  core::Duration stream_after = std::chrono::seconds(1);
  core::Duration keepalive_comment =
      std::chrono::seconds(15);  ///< between comments on a quiet stream
  core::Duration event_retention =
      std::chrono::minutes(5);  ///< an ended or abandoned stream can be resumed so long
  std::size_t event_bytes = std::size_t{4}
                            << 20;  ///< kept per stream; older delivered events are forgotten
  std::size_t streams = 10'000;     ///< kept per worker
  std::size_t json_depth = 256;
  std::string boot;     ///< names this start of the process; the same for all doors. Empty: made up
  int retry_ms = 1000;  ///< `retry:` of priming events
  bool always_stream = false;  ///< every POST answer is an SSE stream from its first byte
  bool json_only = false;      ///< never stream; notifications that belong to a request are dropped
};

/// MCP over Streamable HTTP, the server's side (2025-11-25 "Streamable HTTP"; 2025-03-26 batches):
/// header and version rules, sessions, POST answered as JSON or SSE, the GET stream, resumption by
/// Last-Event-ID, DELETE. Knows nothing of what the messages mean: that is the Service's. One per
/// worker; `peers` are the doors of all workers, for streams that are resumed on another worker
/// than the one that holds them.
class HttpDoor {
 public:
  HttpDoor(io::Worker& worker, gateway::Service& service, HttpDoorOptions options);
  ~HttpDoor();
  void set_peers(std::vector<HttpDoor*> peers);  ///< index = worker index, this one included

  /// Serves one exchange on an endpoint ("" or a server's name). Host, Origin and credentials were
  /// checked before.
  awaitable<void> handle(io::HttpExchange& exchange, std::string endpoint, std::string principal);
  /// Ends the standalone streams of all sessions.
  void end_listening();
  /// Ends all streams and waits for the requests in hand.
  awaitable<void> stop();
  std::size_t requests_in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mooring::server
