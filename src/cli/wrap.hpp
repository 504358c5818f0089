#pragma once

#include <optional>
#include <string>
#include <vector>

namespace mooring::cli {

struct WrapOptions {
  std::string listen = "127.0.0.1:8000";
  std::vector<std::string> command;    ///< the program, then its arguments
  std::string name;                    ///< of the server; empty: that of the program
  std::vector<std::string> variables;  ///< "KEY=VALUE", or "KEY" to pass ours on
  bool pass_environment = false;       ///< all of it
  std::string cwd;
  std::optional<double> timeout;  ///< of one call, seconds
  std::string log_level = "info";
  std::optional<std::string> state_dir;
  bool insecure = false;
};

/// `mooring wrap -- COMMAND`: one server over stdio, shown over HTTP, until SIGTERM or SIGINT. Its
/// state is kept in wrap/NAME below the state directory, so that the gateway's stays its own.
/// Returns the exit code.
int wrap(const WrapOptions& options);

}  // namespace mooring::cli
