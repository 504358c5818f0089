#pragma once

#include <string>

#include "cli/options.hpp"

namespace mooring::cli {

struct CallCommand : ServerOptions {
  std::string tool;
  std::string arguments;  ///< JSON, or "-"
};

/// `mooring call SERVER TOOL [JSON|-]`
int call(const CallCommand& command);

}  // namespace mooring::cli
