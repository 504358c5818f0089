#pragma once

#include <cstdint>
#include <string_view>

namespace mooring::upstream {

/// Where an upstream stands, in the words of `mooring status` (CONTRACT.md, "Config").
enum class State : std::uint8_t {
  connecting,   ///< first connect, with its first few retries
  ready,        ///< a session stands
  recovering,   ///< the session is being rebuilt right now
  backing_off,  ///< waiting before the next attempt
  parked,       ///< probed slowly
  failed,    ///< cannot work as configured (no such command, not an MCP endpoint); probed as slowly
  disabled,  ///< `enabled: false`
  stopped,   ///< shut down
};

std::string_view to_string(State state);

}  // namespace mooring::upstream
