#pragma once

#include <string>

#include "cli/options.hpp"

namespace mooring::cli {

struct ReadCommand : ServerOptions {
  std::string uri;
};

/// `mooring read SERVER URI`: text as it is, binary contents too unless stdout is a terminal.
int read(const ReadCommand& command);

}  // namespace mooring::cli
