#pragma once

#include <mooring/result.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// The command lines of `connect` and `wrap`, which take the place of other bridges.
namespace mooring::cli {

/// Takes off the command line of `wrap` or `add` what stands behind `--`: it is the server's as it
/// is, what looks like an option or a list of ours included. Reason::usage: `wrap` without `--`.
Result<std::vector<std::string>> take_server_command(int& argc, char** argv);

void add_connect(CLI::App& app, int& result);
void add_wrap(CLI::App& app, int& result, std::vector<std::string> wrapped);

}  // namespace mooring::cli
