#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "core/timers.hpp"
#include "io/http_client.hpp"
#include "protocol/frame.hpp"
#include "protocol/sse.hpp"
#include "transport/channel.hpp"

namespace mooring::transport {

/// One logical stream of server-sent events, over as many connections as it takes. Remembers what
/// resuming needs.
class SseStream {
 public:
  enum class End {
    response,   ///< the awaited response came
    closed,     ///< the body ended properly
    broken,     ///< the connection failed: see `failure`
    oversized,  ///< one event outgrew the limit
  };

  /// `awaited`: raw id token of the request whose response ends the stream; empty: none does.
  SseStream(std::size_t max_event_bytes, std::string awaited, std::string last_event_id = {})
      : max_event_bytes_(max_event_bytes),
        awaited_(std::move(awaited)),
        last_event_id_(std::move(last_event_id)) {}

  /// Reads one connection's body. `head` are bytes of it that were read before. Messages go to
  /// `sink`, each awaited.
  awaitable<End> follow(io::IncomingHttpResponse& body, Sink& sink, std::string head = {});

  std::optional<protocol::Frame> take_response() { return std::move(response_); }
  const std::string& last_event_id() const { return last_event_id_; }
  std::optional<core::Duration> retry() const { return retry_; }
  std::size_t events() const { return events_; }  ///< seen so far, on all connections
  const std::optional<io::HttpFailure>& failure() const { return failure_; }
  /// The first event data that was no JSON-RPC, its first 512 bytes; empty: all of it was.
  const std::string& garbage() const { return garbage_; }

 private:
  awaitable<bool> drain(protocol::SseDecoder& decoder, Sink& sink);
  awaitable<void> take(std::string data, Sink& sink);

  std::size_t max_event_bytes_;
  std::string awaited_;
  std::string last_event_id_;
  std::optional<core::Duration> retry_;
  std::size_t events_ = 0;
  std::optional<protocol::Frame> response_;
  std::optional<io::HttpFailure> failure_;
  std::string garbage_;
};

}  // namespace mooring::transport
