#pragma once

#include <expected>
#include <string>

namespace mooring::everything {

/// A JSON-RPC error to be answered.
struct RpcError {
  int code = 0;
  std::string message;
  std::string data = {};  ///< raw JSON; empty: none
};

/// A raw result object, or why there is none.
using RpcResult = std::expected<std::string, RpcError>;

}  // namespace mooring::everything
