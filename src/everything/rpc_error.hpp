#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace mooring::everything {

/// A JSON-RPC error to be answered.
struct RpcError {
  int code = 0;
  std::string message;
  std::string data = {};  ///< raw JSON; empty: none
};

/// A raw result object, or why there is none.
using RpcResult = std::expected<std::string, RpcError>;

/// −32021; `required` is the raw ClientCapabilities that would do.
RpcError missing_capability(std::string_view required);

/// The whole message that answers the request with the raw `id`.
std::string response(std::string_view id, const RpcResult& result);

}  // namespace mooring::everything
