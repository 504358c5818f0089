#include "everything/rpc_error.hpp"

#include <fmt/format.h>

#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::everything {

RpcError missing_capability(std::string_view required) {
  return {
      protocol::missing_client_capability, "The client lacks a capability",
      fmt::format(R"({{"requiredCapabilities":{}}})", required)
  };
}

std::string response(std::string_view id, const RpcResult& result) {
  if (result) return protocol::make_result(id, *result);
  const auto& error = result.error();
  if (error.data.empty()) return protocol::make_error(id, error.code, error.message);
  return protocol::make_error_with(id, error.code, error.message, error.data);
}

}  // namespace mooring::everything
