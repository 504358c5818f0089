#pragma once

#include <functional>
#include <mooring/result.hpp>
#include <string>
#include <vector>

namespace CLI {
class App;
}

/// The command lines of `connect` and `wrap`, which take the place of other bridges.
namespace mooring::cli {

/// What the command line has asked for, ready to run; the exit code.
using Command = std::function<int()>;

/// Takes off the command line of `wrap` or `add` what stands behind `--`: it is the server's as it
/// is, what looks like an option or a list of ours included. Reason::usage: `wrap` without `--`.
Result<std::vector<std::string>> take_server_command(int& argc, char** argv);

void add_connect(CLI::App& app, Command& chosen);
void add_wrap(CLI::App& app, Command& chosen, std::vector<std::string> wrapped);

}  // namespace mooring::cli
