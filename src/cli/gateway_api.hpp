#pragma once

#include <mooring/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/gateway_file.hpp"

namespace mooring::cli {

/// GET of a path of the running gateway's admin API; the body of a 200. Waits at most 5 s.
Result<std::string> get(const GatewayFile& gateway, std::string_view path);

/// POST without a body, likewise.
Result<std::string> post(const GatewayFile& gateway, std::string_view path);

/// One server as `/api/v1/status` tells of it.
struct ServerStatus {
  std::string name;
  std::string state;
  std::string reason;
  std::string json;  ///< the whole object
};
/// The servers of a `/api/v1/status` body.
std::vector<ServerStatus> servers_in(std::string_view status);

}  // namespace mooring::cli
