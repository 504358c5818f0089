#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/boxed.hpp"
#include "core/timers.hpp"
#include "io/asio.hpp"
#include "io/async.hpp"
#include "protocol/frame.hpp"
#include "recovery/failure.hpp"

namespace mooring::transport {

/// What every message of a protocol session carries once the handshake is done. Immutable; shared
/// by all workers.
struct SessionHeaders {
  std::string session_id;        ///< Mcp-Session-Id; empty: the server has none
  std::string protocol_version;  ///< negotiated; empty before that
};

/// Takes what a server says besides the response, in order and before it.
class Sink {
 public:
  virtual ~Sink() = default;
  /// A notification or a request of the server. Must not wait for the outcome of the same request.
  virtual awaitable<void> message(protocol::Frame frame) = 0;
};

/// The rest of a large response body, still flowing. Pull it to the end or destroy it.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// The next piece, valid until the next call; empty at the end.
  virtual awaitable<std::expected<std::string_view, recovery::Failure>> read_some() = 0;
};

/// How an attempt ended. Exactly one of `response`, `stream` and `failure` is set.
struct Outcome {
  std::optional<protocol::Frame> response;  ///< a JSON-RPC result or error
  std::unique_ptr<BodyStream>
      stream;  ///< a JSON body over `OutgoingRequest::stream_over`, from its first byte
  core::Boxed<recovery::Failure> failure;
  std::string session_id;  ///< Mcp-Session-Id of a 2xx answer to `initialize`
};

struct OutgoingRequest {
  std::string bytes;  ///< the JSON-RPC request, whole
  std::string id;     ///< its raw id token, unique on this channel
  std::string method;
  std::string progress_token;  ///< raw; empty: none
  /// Of the modern era, over HTTP: what repeats the body (protocol::request_headers).
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<const SessionHeaders> session;
  std::uint64_t credentials = 0;     ///< filled by the channel: the version it was sent with
  bool from_client = false;          ///< a downstream client waits for it (not one of our own)
  std::size_t stream_over = 0;       ///< 0: hold the body whole
  io::AbortSource* abort = nullptr;  ///< ends the attempt; outlives it
};

struct ListenEnd {
  bool offered = true;  ///< false: the server has no such stream (405, or 404 without a session)
  std::optional<recovery::Failure> failure;  ///< empty: the server closed it properly
  std::string last_event_id;
  std::optional<core::Duration> retry;  ///< the server's `retry:`
};

/// One way to reach one upstream. An HTTP channel belongs to a worker (each has its own
/// connections); a stdio channel wraps one process and may be used from any worker: what crosses
/// threads is inside.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Sends one request and waits for its response. What the server says meanwhile goes to `sink`,
  /// which outlives the call. A cut SSE stream that can be resumed is (GET with Last-Event-ID,
  /// honouring `retry:`); the caller sees only the result.
  virtual awaitable<Outcome> request(OutgoingRequest request, Sink& sink) = 0;
  /// Sends a notification or a response of ours. A failure is returned, never thrown.
  virtual awaitable<std::optional<recovery::Failure>> notify(
      std::string bytes, std::shared_ptr<const SessionHeaders> session
  ) = 0;
  /// Listens to what belongs to no request: the GET stream of HTTP, all other lines of stdio. Runs
  /// until the stream ends or `abort` fires.
  virtual awaitable<ListenEnd> listen(
      std::shared_ptr<const SessionHeaders> session, std::string last_event_id, Sink& sink,
      io::AbortSource& abort
  ) = 0;
  /// Tells the server that the session is over (HTTP DELETE; stdio: ends the process). Best effort.
  virtual awaitable<void> end_session(std::shared_ptr<const SessionHeaders> session) = 0;
};

}  // namespace mooring::transport
