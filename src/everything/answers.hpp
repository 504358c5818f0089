#pragma once

#include "everything/rpc_error.hpp"
#include "everything/session.hpp"
#include "everything/world.hpp"
#include "protocol/frame.hpp"

namespace mooring::everything {

/// The answer to a request that is answered at once, in either era: every one but calls of tools
/// that exist, and prompts that ask.
RpcResult answer(World& world, Session& session, const protocol::Frame& request);

}  // namespace mooring::everything
