#pragma once

#include <string>
#include <string_view>

#include "io/http_client.hpp"
#include "recovery/failure.hpp"

namespace mooring::transport {

inline constexpr std::size_t evidence_bytes = 64 * 1024;  ///< of an error body, kept in a Failure

/// What a failure says about the request it belongs to.
struct RequestFacts {
  std::string_view method;  ///< JSON-RPC
  bool with_session = false;
  recovery::Phase phase = recovery::Phase::post;
  std::uint64_t credentials = 0;  ///< version of the credentials it carried
};

/// The exchange broke before a complete head of a response.
recovery::Failure from_broken_exchange(const io::HttpFailure& broken, const RequestFacts& facts);
/// The peer answered, but not with what was asked for. `complete`: `body` is all it said.
recovery::Failure from_answer(
    const io::IncomingHttpResponse& response, std::string body, bool complete,
    const RequestFacts& facts
);
/// The body of a 2xx answer broke off or could not be used. `broken` may be null.
recovery::Failure from_broken_body(
    const io::HttpFailure* broken, std::string error, const RequestFacts& facts
);
/// Our own caller gave up after the request was written.
recovery::Failure from_abort(const RequestFacts& facts);

/// "text/html" of "Text/HTML; charset=utf-8".
std::string media_type(std::string_view content_type);
bool is_event_stream(std::string_view content_type);
bool is_json(std::string_view content_type);

}  // namespace mooring::transport
