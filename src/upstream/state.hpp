#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mooring::upstream {

/// Where an upstream stands, in the words of `mooring status` (CONTRACT.md, "Config").
enum class State : std::uint8_t {
  connecting,    ///< first connect, with its first few retries
  ready,         ///< a session stands
  suspect,       ///< the connection broke, the session may live: looked at before the next call
  recovering,    ///< the session is being rebuilt right now
  backing_off,   ///< waiting before the next attempt
  parked,        ///< probed slowly
  login_needed,  ///< a person has to sign in
  failed,    ///< cannot work as configured (no such command, not an MCP endpoint); probed as slowly
  idle,      ///< nothing runs because nobody asks; the next call starts it
  disabled,  ///< `enabled: false`
  stopped,   ///< shut down
};
inline constexpr std::array all_states = {State::connecting,   State::ready,       State::suspect,
                                          State::recovering,   State::backing_off, State::parked,
                                          State::login_needed, State::failed,      State::idle,
                                          State::disabled,     State::stopped};

std::string_view to_string(State state);
/// No session will come without waiting for longer than a call can.
bool given_up(State state);

}  // namespace mooring::upstream
