#pragma once

#include <string_view>

namespace mooring::test_auth {

/// What a request of a client is for, of both models, so that faults and counters name it alike.
enum class Endpoint {
  metadata,
  registration,
  authorization,
  token,
  device_authorization,
  revocation,
  resource_metadata,
  mcp,
  other,
};

constexpr std::string_view to_string(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::metadata:
      return "metadata";
    case Endpoint::registration:
      return "registration";
    case Endpoint::authorization:
      return "authorization";
    case Endpoint::token:
      return "token";
    case Endpoint::device_authorization:
      return "device_authorization";
    case Endpoint::revocation:
      return "revocation";
    case Endpoint::resource_metadata:
      return "resource_metadata";
    case Endpoint::mcp:
      return "mcp";
    case Endpoint::other:
      break;
  }
  return "other";
}

}  // namespace mooring::test_auth
