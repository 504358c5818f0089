#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace mooring::cli {

/// What every command but `serve` takes.
struct CommonOptions {
  std::vector<std::filesystem::path> config;  ///< empty: the files that are used when none is named
  std::optional<std::string> state_dir;
  std::string log_level = "off";
  bool json = false;
};

/// What the commands take that talk to one server.
struct ServerOptions : CommonOptions {
  std::string server;                ///< a name of the configuration or a URL; empty: every server
  std::vector<std::string> headers;  ///< "K: V", with a URL
  std::optional<double> timeout;     ///< seconds
};

}  // namespace mooring::cli
