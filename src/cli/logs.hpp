#pragma once

#include <cstddef>

#include "cli/options.hpp"

namespace mooring::cli {

struct LogsCommand : ServerOptions {
  std::size_t lines = 100;
  bool follow = false;
};

/// `mooring logs SERVER`: what a child wrote to its stderr, the last lines of
/// STATE/logs/SERVER.log.
int logs(const LogsCommand& command);

}  // namespace mooring::cli
