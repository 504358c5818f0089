#pragma once

namespace mooring::transport {

/// A stdio server whose methods are the misbehaviours a test asks for: see peer.cpp.
int run_peer();

}  // namespace mooring::transport
