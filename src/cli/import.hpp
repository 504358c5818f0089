#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace mooring::cli {

struct ImportCommand : CommonOptions {
  std::vector<std::string> sources;  ///< clients and files; "-": stdin; empty: every client
  std::string from;                  ///< whose the files are
  bool dry_run = false;
  bool replace = false;
  bool yes = false;
};

/// Takes servers over from the files of other clients.
int import(const ImportCommand& command);

}  // namespace mooring::cli
