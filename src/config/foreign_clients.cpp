#include "config/foreign_clients.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include "core/paths.hpp"

namespace mooring::config {
namespace fs = std::filesystem;
namespace {

/// Where macOS and the others keep what an application remembers.
fs::path settings_home(const fs::path& home, const Env& env) {
#ifdef __APPLE__
  (void)env;
  return home / "Library" / "Application Support";
#else
  const auto given = env("XDG_CONFIG_HOME");
  return given && given->starts_with('/') ? fs::path(*given) : home / ".config";
#endif
}

std::vector<fs::path> files_in(const fs::path& directory) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const auto extension = at->path().extension();
    if (extension == ".yaml" || extension == ".yml" || extension == ".json") {
      out.push_back(at->path());
    }
  }
  std::ranges::sort(out);
  return out;
}

/// The directory a project's own file belongs to.
std::string project_of(const fs::path& path) {
  constexpr std::array<std::string_view, 10> folders = {".cursor", ".vscode",   ".roo", ".zed",
                                                        ".gemini", ".codex",    ".amp", ".continue",
                                                        ".claude", "mcpServers"};
  auto directory = fs::absolute(path).lexically_normal().parent_path();
  while (std::ranges::find(folders, directory.filename().string()) != folders.end()) {
    directory = directory.parent_path();
  }
  return directory.string();
}

}  // namespace

const std::vector<ForeignClient>& foreign_clients() {
  static const std::string code = "@/Code/User/globalStorage/";
  static const std::vector<ForeignClient> clients = {
      {"claude", "Claude Desktop", {"@/Claude/claude_desktop_config.json"}},
      {"claude-code", "Claude Code", {"~/.claude.json", "./.mcp.json"}},
      {"cursor", "Cursor", {"~/.cursor/mcp.json", "./.cursor/mcp.json"}},
      {"vscode",
       "VS Code",
       {"@/Code/User/mcp.json", "@/Code/User/settings.json", "@/Code - Insiders/User/mcp.json",
        "./.vscode/mcp.json"}},
      {"windsurf", "Windsurf", {"~/.codeium/windsurf/mcp_config.json"}},
      {"zed", "Zed", {"~/.config/zed/settings.json", "./.zed/settings.json"}},
      {"codex", "Codex", {"~/.codex/config.toml", "./.codex/config.toml"}},
      {"gemini", "Gemini CLI", {"~/.gemini/settings.json", "./.gemini/settings.json"}},
      {"cline",
       "Cline",
       {code + "saoudrizwan.claude-dev/settings/cline_mcp_settings.json",
        "~/.cline/data/settings/cline_mcp_settings.json"}},
      {"roo",
       "Roo Code",
       {code + "rooveterinaryinc.roo-cline/settings/mcp_settings.json", "./.roo/mcp.json"}},
      {"continue",
       "Continue",
       {"~/.continue/config.yaml", "~/.continue/mcpServers/*", "./.continue/mcpServers/*"}},
      {"goose", "Goose", {"~/.config/goose/config.yaml"}},
      {"lmstudio", "LM Studio", {"~/.lmstudio/mcp.json", "~/.cache/lm-studio/mcp.json"}},
      {"amp", "Amp", {"~/.config/amp/settings.json", "./.amp/settings.json"}},
      {"opencode", "OpenCode", {"~/.config/opencode/opencode.json", "./opencode.json"}},
      {"qwen", "Qwen Code", {"~/.qwen/settings.json"}},
      {"kiro", "Kiro", {"~/.kiro/settings/mcp.json"}},
      {"copilot", "Copilot CLI", {"~/.copilot/mcp-config.json"}},
  };
  return clients;
}

const ForeignClient* find_foreign_client(std::string_view id) {
  const auto& all = foreign_clients();
  const auto found = std::ranges::find(all, id, &ForeignClient::id);
  return found == all.end() ? nullptr : &*found;
}

std::vector<ForeignFile> files_of(
    const ForeignClient& client, const fs::path& cwd, const Env& env
) {
  const fs::path home = env("HOME").value_or("/");
  std::vector<ForeignFile> out;
  auto add = [&](const fs::path& path, bool project) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return;
    out.push_back({client.id, path, project ? project_of(path) : ""});
  };
  for (const std::string& place : client.places) {
    const bool project = place.starts_with("./");
    // In the home directory a project's file is the user's own.
    std::error_code ignored;
    if (project && fs::equivalent(cwd, home, ignored)) continue;
    const auto base = project ? cwd : place.starts_with('~') ? home : settings_home(home, env);
    const auto path = (base / place.substr(2)).lexically_normal();
    if (!place.ends_with("/*")) {
      add(path, project);
      continue;
    }
    for (const auto& file : files_in(path.parent_path())) add(file, project);
  }
  return out;
}

ForeignFile named_file(const fs::path& path, std::string client) {
  const auto text = fs::absolute(path).lexically_normal().string();
  for (const ForeignClient& known : foreign_clients()) {
    for (const std::string& place : known.places) {
      const auto tail = place.substr(1, place.ends_with("/*") ? place.size() - 2 : place.size());
      if (!client.empty() ||
          !(tail.ends_with('/') ? text.find(tail) != std::string::npos : text.ends_with(tail))) {
        continue;
      }
      client = known.id;
    }
  }
  constexpr std::array<std::string_view, 4> own = {
      "/.mcp.json", "/.cursor/mcp.json", "/.vscode/mcp.json", "/.roo/mcp.json"
  };
  const bool own_place =
      std::ranges::any_of(own, [&](std::string_view tail) { return text.ends_with(tail); });
  auto project = own_place ? project_of(path) : "";
  // ~/.cursor/mcp.json is of no project.
  if (project == core::home_dir()) project.clear();
  return {std::move(client), path, std::move(project)};
}

}  // namespace mooring::config
