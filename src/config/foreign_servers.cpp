#include "config/foreign_servers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mooring::config {
namespace {

bool is_map(const Node* node) { return node != nullptr && node->kind == Node::Kind::map; }

bool looks_like_server(const Node& node) {
  return node.kind == Node::Kind::map &&
         (node.find("command") != nullptr || node.find("url") != nullptr ||
          node.find("cmd") != nullptr || node.find("uri") != nullptr ||
          node.find("httpUrl") != nullptr || node.find("serverUrl") != nullptr);
}

/// Finds the servers in whatever shape a client keeps them.
class Finder {
 public:
  Finder(const ForeignFile& file, const std::string& home) {
    context_.client = file.client;
    context_.project = file.project;
    context_.home = home;
  }

  std::vector<ForeignServer> find(const Node& root) {
    read_inputs(root);
    look(root);
    if (const Node* projects = root.find("projects"); is_map(projects)) {
      for (const Member& project : projects->members) {
        context_.project = project.key;
        look(project.value);
      }
    }
    // What people paste from a README may be the servers alone.
    if (found_.empty() && context_.client.empty()) read_likely(root);
    return std::move(found_);
  }

 private:
  void read_inputs(const Node& root) {
    const Node* inputs = root.find("inputs");
    if (inputs == nullptr) return;
    for (const Node& input : inputs->items) {
      const Node* id = input.find("id");
      const Node* description = input.find("description");
      if (id == nullptr) continue;
      context_.inputs[id->text] = description == nullptr ? "" : description->text;
    }
  }

  void look(const Node& node) {
    for (const char* key :
         {"mcpServers", "servers", "context_servers", "mcp_servers", "amp.mcpServers", "mcp.servers"
         }) {
      if (const Node* servers = node.find(key)) read_all(*servers);
    }
    // Goose and OpenCode have words here that others use for other things.
    if (const Node* extensions = node.find("extensions")) read_likely(*extensions);
    const Node* mcp = node.find("mcp");
    if (!is_map(mcp)) return;
    read_inputs(*mcp);
    look(*mcp);
    read_likely(*mcp);
  }

  void read_all(const Node& servers) {
    for (const Member& member : servers.members) take(member);
    for (const Node& item : servers.items) {
      const Node* name = item.find("name");
      if (name != nullptr) take({name->text, item.at, item});
    }
  }

  void read_likely(const Node& servers) {
    for (const Member& member : servers.members) {
      if (looks_like_server(member.value)) take(member);
    }
  }

  void take(const Member& member) { found_.push_back(read_foreign_entry(member, context_)); }

  ForeignContext context_;
  std::vector<ForeignServer> found_;
};

}  // namespace

Result<std::vector<ForeignServer>> read_foreign_servers(
    std::string_view text, const ForeignFile& file, const std::string& home
) {
  const auto name = file.path.string();
  if (file.client == "codex" || file.path.extension() == ".toml") {
    auto root = read_toml(text);
    if (!root) {
      const Document document{{name}, {}};
      return fail(Reason::config, document.message(root.error().at, root.error().text));
    }
    return Finder(file, home).find(*root);
  }
  auto document = parse_document(text, name, max_foreign_bytes);
  if (!document) return std::unexpected(std::move(document.error()));
  return Finder(file, home).find(document->root);
}

}  // namespace mooring::config
