#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::recovery {

/// How far an attempt got (requirements.md, "Delivery decides replay").
enum class Delivery : std::uint8_t {
  not_sent,  ///< no byte of the request reached the peer
  refused,   ///< the peer's complete answer says it did not look at the request
  unknown,   ///< it may have run
  answered,  ///< a JSON-RPC response came back
};

/// Where a transport gave up.
enum class Stage : std::uint8_t { resolve, connect, tls, proxy, write, headers, body, process };

/// Which exchange of a transport it was.
enum class Phase : std::uint8_t {
  post,         ///< a message of ours over Streamable HTTP or stdio
  get_stream,   ///< the server's own stream
  sse_message,  ///< a message of ours over HTTP+SSE
  end_session,  ///< DELETE
};

/// Evidence of one failed attempt, as collected by a transport and read by the rules.
struct Failure {
  Delivery delivery = Delivery::unknown;
  Phase phase = Phase::post;
  std::string method;  ///< JSON-RPC method of the request
  bool sent_session_id = false;
  std::uint64_t credentials = 0;  ///< version of the credentials it carried; 0: not known
  bool in_band = false;           ///< `body` is a JSON-RPC error that came as an ordinary answer
  bool result = false;            ///< `body` is a JSON-RPC result, whatever it says
  bool unprocessed = false;       ///< the peer vouches that it did nothing (HTTP/2 REFUSED_STREAM)
  // The peer answered with an HTTP status:
  std::optional<int> http_status;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< at most the first 64 KiB
  // The transport broke, before or after a status:
  std::optional<Stage> stage;
  std::size_t bytes_sent = 0;
  bool connection_reused = false;
  bool response_begun = false;  ///< at least one SSE event or body byte came
  bool timed_out = false;
  bool aborted = false;  ///< by our own caller
  std::string error;     ///< one line: "connection reset by peer"
};

std::string_view to_string(Delivery delivery);
std::string_view to_string(Stage stage);
/// One sentence for logs and error messages: "HTTP 502 Bad Gateway: upstream said …" or "connect:
/// connection refused".
std::string describe(const Failure& failure);

}  // namespace mooring::recovery
