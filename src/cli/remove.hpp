#pragma once

#include <string>

#include "cli/options.hpp"

namespace mooring::cli {

struct RemoveCommand : CommonOptions {
  std::string name;
};

/// Takes a server out of the configuration.
int remove(const RemoveCommand& command);

}  // namespace mooring::cli
