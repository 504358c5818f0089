#pragma once

#include "cli/options.hpp"

namespace mooring::cli {

/// `mooring status [SERVER]`: what the running gateway says of its servers.
int status(const ServerOptions& options);

}  // namespace mooring::cli
