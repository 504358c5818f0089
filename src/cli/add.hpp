#pragma once

#include <string>
#include <vector>

#include "cli/options.hpp"

namespace mooring::cli {

struct AddCommand : CommonOptions {
  std::string name;
  std::vector<std::string> target;   ///< a URL, or a command with its arguments
  std::vector<std::string> headers;  ///< "K: V"
  std::string bearer;                ///< a token; "-": read from stdin
  std::string transport;
  std::vector<std::string> env;  ///< "K=V"
  std::string cwd;
  bool replace = false;
};

/// Adds a server to the configuration.
int add(const AddCommand& command);

}  // namespace mooring::cli
