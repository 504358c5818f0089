#pragma once

#include <mooring/client.hpp>
#include <string>

#include "protocol/frame.hpp"
#include "upstream/handshake.hpp"

namespace mooring::client {

/// What we say about ourselves: a capability for each handler that is set and not turned off.
upstream::ClientIdentity identity_of(const ClientOptions& options, const UpstreamConfig& config);

/// The whole JSON-RPC response to a request of the server, from the handler it is for; declined
/// where there is none.
std::string answer(const ClientHandlers& handlers, const protocol::Frame& request);

/// Hands a notification to its handler, if there is one.
void tell(const ClientHandlers& handlers, std::string_view method, std::string_view params);

}  // namespace mooring::client
