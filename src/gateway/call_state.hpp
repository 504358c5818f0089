#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/seal.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// The `requestState` of a call that waits for its client's input (2026-07-28 "Multi Round-Trip
/// Requests"): which call it is and whose, sealed, so that nobody else can go on with it and nobody
/// can go on with another request. A value.
struct CallState {
  std::string call;  ///< as BridgedCall names itself
  unsigned worker = 0;
  std::uint64_t round = 0;
  std::string principal;
  std::string endpoint;
  std::string digest;  ///< of the request that began it
  std::chrono::system_clock::time_point expires;

  std::string seal(const core::Sealer& sealer) const;
  /// Nothing: not ours, or tampered with.
  static std::optional<CallState> open(const core::Sealer& sealer, std::string_view token);
};

/// The same for a request and for its retries: of the method and of all params but those that
/// differ from round to round.
std::string request_digest(const protocol::Frame& request);

}  // namespace mooring::gateway
