#pragma once

#include <filesystem>
#include <mooring/result.hpp>
#include <optional>
#include <string>

namespace mooring::cli {

/// STATE/gateway.json: where the running gateway listens, for the other commands. 0600, for it may
/// hold a token.
struct GatewayFile {
  std::string url;  ///< "http://127.0.0.1:7777"
  std::string
      token;  ///< lets the commands in where the gateway asks for tokens; new with every start
  int pid = 0;
};

std::filesystem::path gateway_file_path(const std::filesystem::path& state_dir);
Result<void> write_gateway_file(const std::filesystem::path& state_dir, const GatewayFile& gateway);
/// Nothing: no gateway runs (no file, or its process is gone).
std::optional<GatewayFile> read_gateway_file(const std::filesystem::path& state_dir);
/// Removes the file if it is still ours.
void remove_gateway_file(const std::filesystem::path& state_dir, int pid);

}  // namespace mooring::cli
