#include "config/foreign_servers.hpp"

#include "config/foreign_clients.hpp"
#include "config/support.hpp"
#include "config/written.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<ForeignServer> read(std::string_view text, const ForeignFile& file) {
  auto servers = read_foreign_servers(text, file, "/home/me");
  EXPECT_TRUE(servers) << servers.error().detail;
  return servers ? std::move(*servers) : std::vector<ForeignServer>{};
}

/// "name: entry", or "name: why it cannot be taken over".
std::vector<std::string> shown(
    std::string_view text, const std::string& client, const std::string& project = ""
) {
  std::vector<std::string> all;
  for (const auto& server : read(text, {client, "file.json", project})) {
    const auto how =
        server.obstacle.empty() ? written_inline(entry_of(server.draft).value) : server.obstacle;
    all.push_back(server.draft.name + ": " + how);
  }
  return all;
}

/// The notes of the one server of a text.
std::vector<std::string> notes(std::string_view text, const std::string& client) {
  const auto servers = read(text, {client, "file.json", ""});
  return servers.size() == 1 ? servers.front().notes : std::vector<std::string>{"not one"};
}

TEST(ForeignServers, mcpServers_of_Claude_Desktop_Cursor_and_Windsurf) {
  constexpr std::string_view text = R"({"globalShortcut": "", "mcpServers": {
    "files": {"command": "npx", "args": ["-y", "server-filesystem", "/srv"], "env": {"LOG": "1"}},
    "remote": {"type": "http", "url": "https://h/mcp", "headers": {"X-Team": "blue"}},
    "wind": {"serverUrl": "https://w/sse", "disabled": true, "alwaysAllow": ["x"]}}})";
  EXPECT_THAT(
      shown(text, "claude"),
      ElementsAre(
          R"(files: { "command": "npx", "args": ["-y", "server-filesystem", "/srv"], "env": { "LOG": "1" } })",
          R"(remote: { "url": "https://h/mcp", "transport": "http", "headers": { "X-Team": "blue" } })",
          R"(wind: { "url": "https://w/sse", "enabled": false })"
      )
  );
}

TEST(ForeignServers, the_projects_of_Claude_Code) {
  constexpr std::string_view text = R"({"numStartups": 7, "mcpServers": {"a": {"command": "a"}},
    "projects": {"/srv/x": {"history": [{}], "mcpServers": {"b": {"command": "./run", "type": "stdio"}}},
                 "/srv/y": {"mcpServers": {}}}})";
  EXPECT_THAT(
      shown(text, "claude-code"),
      ElementsAre(R"(a: { "command": "a" })", R"(b: { "command": "/srv/x/run", "cwd": "/srv/x" })")
  );
}

TEST(ForeignServers, a_long_history_of_Claude_Code_is_no_obstacle) {
  const std::string history(5 << 20, 'x');
  EXPECT_THAT(
      shown(
          R"({"history": ")" + history + R"(", "mcpServers": {"a": {"command": "a"}}})",
          "claude-code"
      ),
      ElementsAre(R"(a: { "command": "a" })")
  );
}

TEST(ForeignServers, VS_Code_with_inputs_and_variables) {
  constexpr std::string_view text = R"({
    // comments and trailing commas are usual there
    "inputs": [{"type": "promptString", "id": "api-key", "description": "Key of the service", "password": true},],
    "servers": {"it": {"type": "stdio", "command": "${userHome}/bin/run",
      "args": ["${workspaceFolder}/data", "${env:TEAM}"], "env": {"KEY": "${input:api-key}"},
      "envFile": "${workspaceFolder}/.env", "dev": {"watch": "x"}}}})";
  EXPECT_THAT(
      shown(text, "vscode", "/srv/x"),
      ElementsAre(R"(it: { "command": "/home/me/bin/run", "args": ["/srv/x/data", "${env:TEAM}"], )"
                  R"("env": { "KEY": "${API_KEY}" }, "envFile": "/srv/x/.env", "cwd": "/srv/x" })")
  );
  EXPECT_THAT(
      notes(text, "vscode"),
      ElementsAre(
          "${workspaceFolder} has no meaning here: put in a directory",
          "set API_KEY in the environment of the gateway (Key of the service)",
          HasSubstr("left out: envFile"), "left out: dev"
      )
  );
  EXPECT_THAT(
      shown(R"({"mcp": {"servers": {"a": {"url": "http://a"}}}, "editor.fontSize": 12})", "vscode"),
      ElementsAre(R"(a: { "url": "http://a" })")
  );
}

TEST(ForeignServers, Codex_writes_TOML) {
  const auto servers = read(
      "model = \"x\"\n[mcp_servers.files]\ncommand = \"run\"\nargs = [\"a\"]\n"
      "env_vars = [\"TZ\"]\nstartup_timeout_sec = 20\ntool_timeout_sec = 90.5\n"
      "[mcp_servers.files.env]\nLOG = \"1\"\n"
      "[mcp_servers.remote]\nurl = \"https://h/mcp\"\nbearer_token_env_var = \"TOKEN\"\n"
      "enabled = false\ndisabled_tools = [\"rm\"]\n",
      {"codex", "config.toml", ""}
  );
  std::vector<std::string> all;
  for (const auto& server : servers) all.push_back(written_inline(entry_of(server.draft).value));
  EXPECT_THAT(
      all, UnorderedElementsAre(
               R"({ "command": "run", "args": ["a"], "env": { "LOG": "1" }, "pass_env": ["TZ"], )"
               R"("timeout": "90500ms", "connect_timeout": "20s" })",
               R"({ "url": "https://h/mcp", "headers": { "Authorization": "Bearer ${TOKEN}" }, )"
               R"("tools": { "exclude": ["rm"] }, "enabled": false })"
           )
  );
  EXPECT_THAT(
      read_foreign_servers("a = [", {"codex", "stdin", ""}, "/").error().detail,
      HasSubstr("stdin:1:")
  );
}

TEST(ForeignServers, other_shapes) {
  EXPECT_THAT(
      shown(R"({"context_servers": {"z": {"command": {"path": "run", "args": ["a"]}}}})", "zed"),
      ElementsAre(R"(z: { "command": "run", "args": ["a"] })")
  );
  EXPECT_THAT(
      shown(
          R"({"mcpServers": {"g": {"httpUrl": "https://h/mcp", "timeout": 30000,
        "headers": {"X": "$TEAM-${ORG}"}}}})",
          "gemini"
      ),
      ElementsAre(
          R"(g: { "url": "https://h/mcp", "transport": "http", "headers": { "X": "${TEAM}-${ORG}" }, "timeout": "30s" })"
      )
  );
  EXPECT_THAT(
      shown("mcpServers:\n- name: c\n  command: run\n  args: [a]\n- nothing\n", "continue"),
      ElementsAre(R"(c: { "command": "run", "args": ["a"] })")
  );
  EXPECT_THAT(
      shown(
          "extensions:\n  g: {type: stdio, cmd: run, args: [a], envs: {LOG: 1}, timeout: 300}\n"
          "  developer: {type: builtin}\n",
          "goose"
      ),
      ElementsAre(
          R"(g: { "command": "run", "args": ["a"], "env": { "LOG": "1" }, "timeout": "5m" })"
      )
  );
  EXPECT_THAT(
      shown(
          R"({"mcp": {"o": {"type": "local", "command": ["run", "a"], "environment": {"LOG": "1"}}}})",
          "opencode"
      ),
      ElementsAre(R"(o: { "command": "run", "args": ["a"], "env": { "LOG": "1" } })")
  );
  EXPECT_THAT(
      shown(R"({"amp.mcpServers": {"a": {"url": "https://h/mcp"}}})", "amp"),
      ElementsAre(R"(a: { "url": "https://h/mcp" })")
  );
}

TEST(ForeignServers, what_is_pasted_from_a_README) {
  EXPECT_THAT(
      shown(R"({"a": {"command": "run"}, "b": {"url": "http://b"}, "c": 1})", ""),
      ElementsAre(R"(a: { "command": "run" })", R"(b: { "url": "http://b" })")
  );
  EXPECT_THAT(shown("{}", ""), IsEmpty());
  EXPECT_THAT(shown(R"({"mcpServers": {}})", "cursor"), IsEmpty());
  EXPECT_THAT(shown(R"({"mcpServers": 1, "servers": null, "mcp": [1]})", "cursor"), IsEmpty());
}

TEST(ForeignServers, an_entry_that_is_not_understood_says_why) {
  constexpr std::string_view text = R"({"mcpServers": {
    "text": "https://h", "empty": {}, "socket": {"type": "ws", "url": "ws://h"},
    "": {"command": "x"}, "good": {"command": "run"}}})";
  EXPECT_THAT(
      shown(text, "cursor"),
      ElementsAre(
          "text: it is \"https://h\", not a map", "empty: it has neither a url nor a command",
          "socket: a server of the type ws works only in its client", HasSubstr(": its name "),
          R"(good: { "command": "run" })"
      )
  );
  EXPECT_THAT(
      notes(R"({"mcpServers": {"a": {"command": "x", "type": "odd", "sandbox": true}}})", "cursor"),
      ElementsAre("the type \"odd\" is not known and left out", "left out: sandbox")
  );
}

TEST(ForeignServers, names_become_such_that_can_stand_in_a_path) {
  EXPECT_THAT(
      shown(
          R"({"mcpServers": {"github.com/x/server": {"command": "a"}, "a__b": {"command": "b"}}})",
          "cline"
      ),
      ElementsAre(R"(server: { "command": "a" })", R"(a_b: { "command": "b" })")
  );
  EXPECT_THAT(
      notes(R"({"mcpServers": {"a/b": {"command": "a"}}})", "cline"), ElementsAre("was called a/b")
  );
}

TEST(ForeignServers, a_broken_file_says_where) {
  const auto error = [](std::string_view text) {
    const auto servers = read_foreign_servers(text, {"cursor", "mcp.json", ""}, "/home/me");
    return servers ? "" : servers.error().detail;
  };
  EXPECT_THAT(error("{\"mcpServers\": {"), HasSubstr("mcp.json:1:16: "));
  EXPECT_THAT(error(R"({"mcpServers": {"a": {}, "a": {}}})"), HasSubstr("repeated"));
  EXPECT_THAT(error("\xff"), HasSubstr("UTF-8"));
}

class ForeignClients : public ConfigFiles {
 protected:
  std::vector<std::string> files(const std::string& client, const std::string& cwd) const {
    const auto env = env_of({{"HOME", directory_.string()}});
    std::vector<std::string> all;
    for (const auto& file : files_of(*find_foreign_client(client), directory_ / cwd, env)) {
      auto text = file.path.lexically_relative(directory_).string();
      if (!file.project.empty()) {
        text +=
            " of " + std::filesystem::path(file.project).lexically_relative(directory_).string();
      }
      all.push_back(text);
    }
    return all;
  }
};

TEST_F(ForeignClients, files_are_found_in_the_home_and_in_the_project) {
  for (const auto* name :
       {".cursor/mcp.json", "x/.cursor/mcp.json", ".config/Code/User/mcp.json", ".claude.json",
        "x/.mcp.json", ".continue/mcpServers/b.yaml", ".continue/mcpServers/a.json",
        ".continue/mcpServers/notes.txt", "x/.continue/mcpServers/c.yml"}) {
    write(name, "{}");
  }
  EXPECT_THAT(files("cursor", "x"), ElementsAre(".cursor/mcp.json", "x/.cursor/mcp.json of x"));
  EXPECT_THAT(files("cursor", ""), ElementsAre(".cursor/mcp.json"));
  EXPECT_THAT(files("vscode", "x"), ElementsAre(".config/Code/User/mcp.json"));
  EXPECT_THAT(files("claude-code", "x"), ElementsAre(".claude.json", "x/.mcp.json of x"));
  EXPECT_THAT(
      files("continue", "x"), ElementsAre(
                                  ".continue/mcpServers/a.json", ".continue/mcpServers/b.yaml",
                                  "x/.continue/mcpServers/c.yml of x"
                              )
  );
  EXPECT_THAT(files("windsurf", "x"), IsEmpty());
}

TEST_F(ForeignClients, the_path_of_a_file_tells_whose_it_is) {
  EXPECT_EQ(named_file("/a/.cursor/mcp.json", "").client, "cursor");
  EXPECT_EQ(named_file("/a/.cursor/mcp.json", "").project, "/a");
  EXPECT_EQ(named_file("/a/.codex/config.toml", "").client, "codex");
  EXPECT_EQ(named_file("/a/.codex/config.toml", "").project, "");
  EXPECT_EQ(named_file("/a/.continue/mcpServers/x.yaml", "").client, "continue");
  EXPECT_EQ(named_file("/a/claude_desktop_config.json", "").client, "");
  EXPECT_EQ(named_file("/a/b.json", "zed").client, "zed");
  EXPECT_EQ(find_foreign_client("emacs"), nullptr);
}

}  // namespace
}  // namespace mooring::config
