#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "gateway/front.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"

namespace mooring::server {

struct SseDoorOptions {
  core::Duration keepalive_comment =
      std::chrono::seconds(15);                     ///< between comments on a quiet stream
  std::size_t unread_bytes = std::size_t{4} << 20;  ///< per stream, see SseOutlet
  /// Per stream, of results that flow in: an event that was begun cannot be taken back, so they
  /// are held whole.
  std::size_t held_bytes = std::size_t{64} << 20;
  std::size_t requests = 200;  ///< in hand per stream; the POSTs of more are not accepted before
  std::size_t json_depth = 256;
};

/// MCP over the deprecated HTTP+SSE (2024-11-05 transports), the server's side: a GET opens the
/// stream on which everything comes that we say, beginning with the URI to which the client posts
/// what it says. The stream is the session: `initialize` opens it, and when the stream ends, so do
/// the session and the calls in hand. Nothing is resumed. But an EventSource comes back by itself
/// where its stream broke (a restart of ours, too), and the client above it does not notice and
/// goes on without `initialize`: it is served, as one without capabilities.
///
/// One per worker. A stream lives on the worker that got its GET; `peers` are the doors of all
/// workers, for messages that are posted on another.
class SseDoor {
 public:
  SseDoor(io::Worker& worker, gateway::Service& service, SseDoorOptions options);
  ~SseDoor();
  void set_peers(std::vector<SseDoor*> peers);  ///< index = worker index, this one included

  // Host, Origin and credentials were checked before.
  /// Serves one exchange on the path of the stream of an endpoint ("" or a server's name).
  awaitable<void> stream(io::HttpExchange& exchange, std::string endpoint, std::string principal);
  /// Serves one exchange on /message. `principal` must be the one that opened the stream.
  awaitable<void> message(io::HttpExchange& exchange, std::string principal);
  /// Ends all streams.
  void end_streams();
  /// Cancels what is in hand, then ends all streams and waits for them.
  awaitable<void> stop();
  std::size_t requests_in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mooring::server
