#include "config/config_edit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/block_edit.hpp"
#include "config/flow_edit.hpp"
#include "config/flow_map.hpp"
#include "config/values.hpp"
#include "config/written.hpp"

namespace mooring::config {
namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";
constexpr std::array<std::string_view, 2> group_keys = {"mcpServers", "servers"};

/// The same content, wherever it stands; nothing and an empty map are the same.
bool same(const Node& a, const Node& b) {
  const auto empty = [](const Node& node) {
    return node.kind == Node::Kind::null || (node.kind == Node::Kind::map && node.members.empty());
  };
  if (empty(a) && empty(b)) return true;
  if (a.kind != b.kind || a.text != b.text || a.items.size() != b.items.size() ||
      a.members.size() != b.members.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  return std::ranges::all_of(a.members, [&](const Member& member) {
    const Node* other = b.find(member.key);
    return other != nullptr && same(member.value, *other);
  });
}

std::optional<std::size_t> group_index(const Document& document, std::string_view key) {
  const auto& members = document.root.members;
  const auto found = std::ranges::find(members, key, &Member::key);
  if (found == members.end()) return {};
  return static_cast<std::size_t>(found - members.begin());
}

std::optional<Entry> find_entry(const Document& document, std::string_view name) {
  for (const auto key : group_keys) {
    const auto group = group_index(document, key);
    if (!group) continue;
    const auto& servers = document.root.members[*group].value.members;
    const auto found = std::ranges::find(servers, name, &Member::key);
    if (found == servers.end()) continue;
    return Entry{*group, static_cast<std::size_t>(found - servers.begin())};
  }
  return {};
}

/// The key below which new servers go.
std::string_view servers_key(const Document& document) {
  const bool other =
      document.root.find(group_keys[0]) == nullptr && document.root.find(group_keys[1]) != nullptr;
  return group_keys[other ? 1 : 0];
}

/// Byte offset of a place in YAML, whose reader counts bytes.
std::size_t offset_of(std::string_view text, Position at) {
  std::size_t begin = 0;
  for (std::uint32_t line = 1; line < at.line; ++line) {
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  }
  return std::min(begin + at.column - 1, text.size());
}

/// One text, read, and changed once. The change is made in the text and in a copy of what was read;
/// it counts only if the new text reads like that copy.
class Editor {
 public:
  Editor(std::string_view text, const std::string& file) : file_(file) {
    if (text.starts_with(bom)) {
      text.remove_prefix(bom.size());
      bom_ = bom;
    }
    text_ = text;
    style_.eol = text.find("\r\n") == std::string_view::npos ? "\n" : "\r\n";
  }

  Result<void> read() {
    auto document = parse_document(text_, file_);
    if (!document) return std::unexpected(std::move(document.error()));
    document_ = std::move(*document);
    for (const auto key : group_keys) {
      const Node* servers = document_.root.find(key);
      if (servers == nullptr || servers->kind == Node::Kind::map ||
          servers->kind == Node::Kind::null) {
        continue;
      }
      return fail(
          Reason::config,
          document_.message(
              servers->at,
              fmt::format("{} has to be a map of servers, not {}", key, describe(*servers))
          )
      );
    }
    wanted_ = document_;
    find_root();
    return {};
  }

  Result<std::string> add(const Member& server, Taken taken) {
    if (const auto entry = find_entry(document_, server.key)) {
      if (taken == Taken::replace) return replace(*entry, server);
      return fail(
          Reason::rejected,
          fmt::format(
              "{}: there is a server {} already; --replace puts the new one in its place",
              document_.where(member_at(*entry).at), server.key
          )
      );
    }
    const auto key = servers_key(document_);
    auto& members = wanted_.root.members;
    const auto group = group_index(document_, key);
    if (!group) members.push_back({std::string(key), {}, {}});
    auto& servers = members[group.value_or(members.size() - 1)].value;
    servers.kind = Node::Kind::map;
    servers.members.push_back(server);
    return checked(group ? append(*group, server) : append_group(server), by_hand(server));
  }

  Result<std::string> remove(std::string_view name) {
    const auto entry = find_entry(document_, name);
    if (!entry) {
      return fail(Reason::unknown_server, fmt::format("there is no server {} in {}", name, file_));
    }
    auto& servers = wanted_.root.members[entry->group].value.members;
    servers.erase(servers.begin() + static_cast<std::ptrdiff_t>(entry->index));
    std::optional<std::string> out;
    if (const auto map = flow_servers(entry->group)) {
      out = flow_erase(text_, *map, entry->index, style_);
    } else if (!flow_root_) {
      out = block_erase(text_, document_, *entry);
    }
    return checked(
        std::move(out),
        fmt::format("{} cannot be taken out without touching the rest; edit it by hand", name)
    );
  }

 private:
  const Member& member_at(Entry entry) const {
    return document_.root.members[entry.group].value.members[entry.index];
  }

  void find_root() {
    const auto begin = skip_blank(text_, 0, Syntax::json);
    if (begin < text_.size() && text_[begin] == '{') {
      style_.syntax = Syntax::json;
      flow_root_ = scan_flow_map(text_, begin, Syntax::json);
    } else {
      style_.syntax = Syntax::yaml;
      flow_root_ = scan_flow_map(text_, offset_of(text_, document_.root.at), Syntax::yaml);
    }
    if (!flow_root_ || flow_root_->members.empty()) return;
    const auto indent = own_indent(text_, flow_root_->members.front().key);
    if (indent && !indent->empty()) style_.step = *indent;
  }

  /// The braces of the servers of this member of the root; nothing: it has none, or holds members
  /// that stand elsewhere (`<<`).
  std::optional<FlowMap> flow_servers(std::size_t group) const {
    const Node& servers = document_.root.members.at(group).value;
    std::optional<FlowMap> map;
    if (!flow_root_) {
      if (servers.kind != Node::Kind::map) return {};
      map = scan_flow_map(text_, offset_of(text_, servers.at), Syntax::yaml);
    } else if (flow_root_->members.size() == document_.root.members.size()) {
      map = scan_flow_map(text_, flow_root_->members[group].value, style_.syntax);
    }
    if (map && map->members.size() != servers.members.size()) return {};
    return map;
  }

  std::optional<std::string> append(std::size_t group, const Member& server) const {
    if (const auto map = flow_servers(group)) {
      const auto inside = text_.substr(map->open + 1, map->close - map->open - 1);
      if (!flow_root_ && trim(inside).empty()) {
        return block_fill(text_, document_, group, *map, server, style_);
      }
      return flow_insert(text_, *map, server, style_);
    }
    if (!flow_root_) return block_insert(text_, document_, group, server, style_);
    if (flow_root_->members.size() != document_.root.members.size()) return {};
    return flow_replace(text_, *flow_root_, group, holding(server).value, style_);
  }

  /// The servers' key with its first server, where there is none yet.
  std::optional<std::string> append_group(const Member& server) const {
    if (flow_root_) return flow_insert(text_, *flow_root_, holding(server), style_);
    const bool blank = text_.find_first_not_of(" \t\r\n") == std::string_view::npos;
    if (blank && file_.ends_with(".json")) {
      const Node whole{Node::Kind::map, {}, {}, {}, {holding(server)}};
      return written_json(whole, "", style_.step, style_.eol) + style_.eol;
    }
    return block_append(blank ? "" : text_, document_, holding(server), style_);
  }

  Member holding(const Member& server) const {
    return {std::string(servers_key(document_)), {}, {Node::Kind::map, {}, {}, {}, {server}}};
  }

  Result<std::string> replace(Entry entry, const Member& server) {
    wanted_.root.members[entry.group].value.members[entry.index].value = server.value;
    std::optional<std::string> out;
    if (const auto map = flow_servers(entry.group)) {
      out = flow_replace(text_, *map, entry.index, server.value, style_);
    } else if (!flow_root_) {
      out = block_replace(text_, document_, entry, server, style_);
    }
    return checked(std::move(out), by_hand(server));
  }

  std::string by_hand(const Member& server) const {
    return fmt::format(
        "the form of this file is not one that can be added to; write it by hand below {}: {}: {}",
        servers_key(document_), server.key, written_inline(server.value)
    );
  }

  Result<std::string> checked(std::optional<std::string> out, std::string_view otherwise) const {
    if (out) {
      const auto again = parse_document(*out, file_);
      if (again && same(again->root, wanted_.root)) return bom_ + std::move(*out);
    }
    return fail(Reason::config, fmt::format("{}: {}", file_, otherwise));
  }

  std::string file_;
  std::string bom_;
  std::string_view text_;
  Document document_;
  Document wanted_;
  std::optional<FlowMap> flow_root_;
  FileStyle style_;
};

}  // namespace

const Member* find_server(const Document& document, std::string_view name) {
  const auto entry = find_entry(document, name);
  if (!entry) return nullptr;
  return &document.root.members[entry->group].value.members[entry->index];
}

Result<std::string> with_server(
    std::string_view text, const std::string& file, const Member& server, Taken taken
) {
  Editor editor(text, file);
  if (auto read = editor.read(); !read) return std::unexpected(std::move(read.error()));
  return editor.add(server, taken);
}

Result<std::string> without_server(
    std::string_view text, const std::string& file, std::string_view name
) {
  Editor editor(text, file);
  if (auto read = editor.read(); !read) return std::unexpected(std::move(read.error()));
  return editor.remove(name);
}

}  // namespace mooring::config
