#pragma once

#include <expected>
#include <string>
#include <vector>

#include "gateway/front.hpp"
#include "io/worker.hpp"
#include "protocol/frame.hpp"

namespace mooring::server {

inline constexpr std::size_t max_batch = 100;

/// The messages of a JSON-RPC batch (2025-03-26 only). Refused whole when one of them is no
/// message, is `initialize`, or there are more than `max_batch`.
std::expected<std::vector<protocol::Frame>, protocol::FrameError> read_batch(
    std::string body, std::size_t json_depth
);

/// Serves the requests at the same time; the responses come together, as one array, in the order in
/// which they ended.
awaitable<void> serve_batch(
    io::Worker& worker, gateway::Service& service, gateway::ClientSessionPtr session,
    std::vector<protocol::Frame> requests, gateway::ResponderPtr responder
);

}  // namespace mooring::server
