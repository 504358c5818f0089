#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mooring::cli {

struct ServeOptions {
  std::vector<std::filesystem::path> config;
  std::optional<std::string> listen;
  bool stdio = false;
  std::optional<int> threads;
  std::optional<std::string> log_level;
  std::optional<std::string> log_format;
  std::optional<std::string> state_dir;
  bool insecure = false;
};

/// `mooring serve`: the gateway, until SIGTERM, SIGINT or the end of stdin (`--stdio`). Returns the
/// exit code.
int serve(const ServeOptions& options);

}  // namespace mooring::cli
