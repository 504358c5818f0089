#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/http_client.hpp"
#include "protocol/frame.hpp"
#include "transport/channel.hpp"
#include "transport/http_evidence.hpp"

/// What the bodies of answers to a POST mean.
namespace mooring::transport {

struct Collected {
  std::string bytes;
  bool complete = false;  ///< the body ended; false: cut by the limit, the deadline or the peer
};
/// The first `limit` bytes of a body, as far as they come before `deadline`.
awaitable<Collected> collect(
    io::IncomingHttpResponse& response, std::size_t limit, core::TimePoint deadline
);

/// A 2xx body that is (or turns out to be) an event stream under a wrong or missing content type.
bool looks_like_events(std::string_view bytes, std::string_view content_type);
bool looks_like_object(std::string_view bytes);
/// True when the text is a JSON-RPC error.
bool holds_error(const std::string& bytes);

/// Why a 2xx body is of no use, with its beginning: "not an MCP endpoint: answered text/html:
/// <!doctype …" (HTTP-03).
std::string not_an_answer(const recovery::Failure& failure, std::string_view content_type);
/// False when the status of a GET says that there is no standalone stream (and not that the session
/// is gone).
bool offers_stream(int status, bool with_session);

std::unique_ptr<BodyStream> make_body_stream(
    std::unique_ptr<io::IncomingHttpResponse> response, std::string head, const RequestFacts& facts
);

}  // namespace mooring::transport
