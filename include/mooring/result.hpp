#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>

namespace mooring {

/// What kind of thing went wrong; the text beside it says what exactly.
enum class Reason : std::uint8_t {
  usage,            ///< the caller's arguments make no sense
  config,           ///< the configuration is wrong
  unknown_server,   ///< no upstream of that name
  unavailable,      ///< the upstream is away; `retry_after` says when it is worth another try
  timeout,          ///< the deadline passed
  cancelled,        ///< the caller gave up
  protocol,         ///< the peer does not speak MCP, or breaks its rules
  rejected,         ///< the peer answered with a JSON-RPC error
  unknown_outcome,  ///< the call may or may not have run; it was not repeated
  login_needed,     ///< a person has to sign in
  limit,            ///< a size, count or time limit was reached
  io,               ///< the operating system or the network said no
};

/// An error as a value. `detail` is one sentence for a person, without a trailing full stop.
struct Error {
  Reason reason = Reason::io;
  std::string detail;
  /// How long to wait before another try makes sense; empty when a retry would not help.
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Reason reason, std::string detail) {
  return std::unexpected<Error>(Error{reason, std::move(detail), std::nullopt});
}

}  // namespace mooring
