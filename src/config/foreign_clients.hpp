#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/expand.hpp"
#include "config/foreign_servers.hpp"

namespace mooring::config {

/// An MCP client whose files are known.
struct ForeignClient {
  std::string id;     ///< "claude-code"
  std::string title;  ///< "Claude Code"
  /// "~/…": below the home directory; "@/…": where applications keep their settings on this system;
  /// "./…": below the current directory. "/*" at the end: every file there.
  std::vector<std::string> places;
};

const std::vector<ForeignClient>& foreign_clients();
const ForeignClient* find_foreign_client(std::string_view id);

/// The files of a client that exist. `env` has HOME and XDG_CONFIG_HOME.
std::vector<ForeignFile> files_of(
    const ForeignClient& client, const std::filesystem::path& cwd, const Env& env
);

/// A file that was named: whose it is, where its path shows that, and the project it belongs to.
ForeignFile named_file(const std::filesystem::path& path, std::string client);

}  // namespace mooring::config
