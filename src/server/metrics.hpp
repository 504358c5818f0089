#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/recovery_totals.hpp"
#include "server/status_json.hpp"

namespace mooring::server {

struct RequestTotals {
  std::uint64_t requests = 0;
  std::uint64_t calls = 0;
  std::uint64_t call_errors = 0;
};

/// `/metrics`, Prometheus text exposition format 0.0.4.
std::string metrics_text(
    const GatewayFacts& gateway, const RequestTotals& requests,
    const std::vector<upstream::Status>& servers, const RecoveryTotals::Totals& recoveries
);

}  // namespace mooring::server
