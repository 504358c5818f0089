#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "everything/options.hpp"

namespace mooring::everything {

/// What the process does, besides what Options say.
struct CommandLine {
  Options options;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  bool stdio = false;
  bool always_stream = false;
  std::vector<std::string> allowed_hosts;
  std::string log_level = "warn";
};

/// Either a command line or the status to exit with; what there was to say has been printed.
struct Parsed {
  std::optional<CommandLine> line;
  int exit_code = 0;
};
Parsed parse_command_line(int argc, char** argv);

}  // namespace mooring::everything
