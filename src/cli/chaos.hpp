#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mooring::cli {

struct ChaosOptions {
  std::string upstream;  ///< URL
  std::string listen = "127.0.0.1:7778";
  std::vector<std::string> faults;
  std::optional<std::uint64_t> seed;  ///< empty: a new one each time, which is told
  bool list = false;
  bool json = false;
  bool control = false;
  bool insecure = false;
};

/// `mooring chaos`: a fault-injecting proxy before one MCP server, until SIGTERM or SIGINT. Tells
/// each fault on stderr, and with `json` as a line of JSON on stdout.
int chaos(const ChaosOptions& options);

}  // namespace mooring::cli
