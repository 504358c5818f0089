#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mooring::cli {

/// What `mooring connect` takes, the command line of mcp-remote included.
struct ConnectOptions {
  std::string url;
  std::vector<std::string> headers;        ///< "Name: value"
  std::string transport = "http-first";    ///< http-first, sse-first, http-only or sse-only
  std::vector<std::string> ignored_tools;  ///< patterns
  std::optional<double> timeout;           ///< of one call, seconds
  std::optional<std::string> log_level;    ///< over `debug` and `silent`
  std::optional<std::string> state_dir;
  bool debug = false;
  bool silent = false;
  bool allow_http = false;           ///< no warning about plain http beyond this machine
  std::string callback_port;         ///< the word behind the URL; of no use here
  std::vector<std::string> unused;   ///< options that are about signing in: told, and left out
  std::vector<std::string> refused;  ///< options that only a configuration can take the place of
};

/// `mooring connect URL`: an MCP server on stdin and stdout that stands for the one at URL, until
/// stdin ends. Returns the exit code.
int connect(const ConnectOptions& options);

}  // namespace mooring::cli
