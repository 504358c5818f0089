#pragma once

#include <filesystem>
#include <mooring/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/foreign_entry.hpp"

namespace mooring::config {

/// Claude Code keeps much more than servers in its file.
inline constexpr std::size_t max_foreign_bytes = std::size_t{64} << 20;

/// A file of another client.
struct ForeignFile {
  std::string client;  ///< "cursor"; empty: whose it is shows in its content
  std::filesystem::path path;
  std::string project;  ///< the directory it belongs to, where it is a project's own
};

/// The servers in such a file: `mcpServers` (a map, or the list of Continue), `servers` with
/// `inputs` (VS Code), `context_servers` (Zed), `mcp_servers` (Codex, TOML), `extensions` (Goose),
/// `mcp` (OpenCode), and those of the projects in ~/.claude.json. None: no servers are in it.
/// Reason::config: the text cannot be read, with the place.
Result<std::vector<ForeignServer>> read_foreign_servers(
    std::string_view text, const ForeignFile& file, const std::string& home
);

}  // namespace mooring::config
