#pragma once

#include "cli/options.hpp"

namespace mooring::cli {

/// `mooring test SERVER`: connects step by step, on a session of its own, and says what works.
int test_server(const ServerOptions& options);

}  // namespace mooring::cli
