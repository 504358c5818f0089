#pragma once

#include <string>

#include "cli/options.hpp"

namespace mooring::cli {

struct PromptCommand : ServerOptions {
  std::string name;
  std::string arguments;  ///< JSON, or "-"
};

/// `mooring prompt SERVER NAME [JSON]`
int prompt(const PromptCommand& command);

}  // namespace mooring::cli
