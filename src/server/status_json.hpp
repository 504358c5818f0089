#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "recovery/episode.hpp"
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
/// `/api/v1/servers/NAME`: the same with its latest recoveries under `episodes`.
std::string server_json(
    const upstream::Status& server, const std::vector<recovery::Episode>& episodes
);

}  // namespace mooring::server
