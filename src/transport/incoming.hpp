#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/frame.hpp"

namespace mooring::transport {

/// The messages in one JSON text: a message, or the elements of a batch (2025-03-26 peers send
/// them). Elements of a batch that are no messages are left out; a text without any is an error.
std::expected<std::vector<protocol::Frame>, protocol::FrameError> parse_messages(std::string bytes);

/// True when `frame` is the response to the request with the raw id token `id`.
bool answers(const protocol::Frame& frame, std::string_view id);
/// True for an error response by a server that could not or did not read the id of the request: it
/// names none, null, "" or "server-error" (Python SDK).
bool is_anonymous_error(const protocol::Frame& frame);
/// The response with its id replaced (or added): what follows upstream correlates by it.
protocol::Frame with_id(protocol::Frame response, std::string_view id);

/// The start of what a peer sent, printable and on one line, for an error message.
std::string excerpt(std::string_view bytes, std::size_t max = 120);

}  // namespace mooring::transport
