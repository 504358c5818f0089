#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "upstream/supervisor.hpp"

namespace mooring::server {

struct GatewayFacts {
  std::string version;
  std::string url;
  int pid = 0;
  std::chrono::seconds uptime{0};
  std::size_t connections = 0;
  std::size_t listening = 0;
  bool draining = false;
};

/// `/api/v1/status`: {"gateway":{…},"servers":[…]}.
std::string status_json(const GatewayFacts& gateway, const std::vector<upstream::Status>& servers);
/// One element of `servers`.
std::string server_json(const upstream::Status& server);
/// `/metrics`, Prometheus text exposition format 0.0.4.
struct RequestTotals {
  std::uint64_t requests = 0;
  std::uint64_t calls = 0;
  std::uint64_t call_errors = 0;
};
std::string metrics_text(
    const GatewayFacts& gateway, const RequestTotals& totals,
    const std::vector<upstream::Status>& servers
);

}  // namespace mooring::server
