#pragma once

#include <chrono>
#include <cstdint>
#include <mooring/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/socket.hpp"

namespace mooring::bench {

struct LoadOptions {
  Loopback server;
  std::string path = "/mcp";
  std::string method = "tools/call";
  std::string tool = "echo";
  std::string arguments = R"({"message":"hello"})";
  std::vector<std::string> headers;  ///< whole lines, without their end
  std::string accept = "application/json, text/event-stream";
  std::string version = "2025-06-18";
  unsigned connections = 32;
  std::chrono::duration<double> seconds{5};
  std::chrono::duration<double> warmup{0};
  std::chrono::duration<double> timeout{30};  ///< of one call
  std::uint64_t requests = 0;                 ///< 0: as many as the time allows
  int watched = 0;                            ///< process whose CPU and memory are reported
  bool sse = false;  ///< HTTP+SSE (2024-11-05): `path` is that of the event stream
  bool json = false;
  bool help = false;
};

extern const std::string_view load_usage;

Result<LoadOptions> parse_load_options(std::span<char*> arguments);

}  // namespace mooring::bench
