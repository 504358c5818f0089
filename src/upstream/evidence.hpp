#pragma once

#include <optional>

#include "core/clock.hpp"
#include "protocol/frame.hpp"
#include "recovery/failure.hpp"
#include "transport/channel.hpp"

namespace mooring::upstream {

/// The server's own word on when to come back (RFC 9110 §10.2.3; seconds only); empty: none, or not
/// understood.
std::optional<core::Duration> retry_after(const recovery::Failure& failure);

/// A JSON-RPC error that came as an ordinary answer, as evidence.
recovery::Failure in_band(
    const protocol::Frame& error, std::string_view method, const transport::SessionHeaders& session
);

/// The JSON-RPC error inside an HTTP error status, as the answer to request `id`; empty: the body
/// is none.
std::optional<protocol::Frame> answer_inside(const recovery::Failure& failure, std::string_view id);

/// The answer is the error −32601.
bool is_unknown_method(const protocol::Frame& answer);

/// No retry within seconds can help: the address is not an MCP endpoint.
bool is_hopeless(const recovery::Failure& failure);

}  // namespace mooring::upstream
