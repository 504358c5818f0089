#include "config/document.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

namespace mooring::config {
namespace {

/// A control character would break a message into lines, or play with a terminal.
void append_shown(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F) {
    out += fmt::format("\\x{:02x}", byte);
  } else {
    out += c;
  }
}

/// True for JSON: the first character that is neither blank nor comment opens an object.
bool looks_like_json(std::string_view text) {
  while (!text.empty()) {
    if (text.starts_with("//")) {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (text.starts_with("/*")) {
      const std::size_t end = text.find("*/", 2);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    } else if (std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos) {
      text.remove_prefix(1);
    } else {
      return text.front() == '{';
    }
  }
  return false;
}

void renumber(Node& node, std::uint32_t by) {
  node.at.file += by;
  for (Node& item : node.items) renumber(item, by);
  for (Member& member : node.members) {
    member.at.file += by;
    renumber(member.value, by);
  }
}

Member* find_member(Node& node, std::string_view key) {
  const auto it = std::ranges::find(node.members, key, &Member::key);
  return it == node.members.end() ? nullptr : &*it;
}

/// Keys that say how a server is reached. Those of the other way must not linger under an overlay.
void drop_former_way(Node& server, const Node& later) {
  constexpr std::array remote = {"url", "serverUrl", "headers"};
  constexpr std::array local = {"command", "args"};
  auto names_any = [&](const auto& keys) {
    return std::ranges::any_of(keys, [&](const char* key) { return later.find(key) != nullptr; });
  };
  auto erase = [&](const auto& keys) {
    std::erase_if(server.members, [&](const Member& member) {
      return std::ranges::any_of(keys, [&](const char* key) { return member.key == key; });
    });
  };
  const bool to_remote = names_any(remote);
  const bool to_local = names_any(local);
  if (to_remote == to_local) return;
  const std::array kind = {"type", "transport"};
  const Node& former = server;
  const bool was_remote = former.find("url") != nullptr || former.find("serverUrl") != nullptr;
  if (to_local && was_remote) {
    erase(remote);
    erase(kind);
  } else if (to_remote && former.find("command") != nullptr) {
    erase(local);
    erase(kind);
  }
}

void merge(Node& below, Node&& above, int depth) {
  if (below.kind != Node::Kind::map || above.kind != Node::Kind::map) {
    below = std::move(above);
    return;
  }
  for (Member& member : above.members) {
    Member* present = find_member(below, member.key);
    if (present == nullptr) {
      below.members.push_back(std::move(member));
      continue;
    }
    // Root → mcpServers → NAME: the members of depth 1 are servers (or harmless groups).
    if (depth == 1) drop_former_way(present->value, member.value);
    merge(present->value, std::move(member.value), depth + 1);
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto it = std::ranges::find(members, key, &Member::key);
  return it == members.end() ? nullptr : &it->value;
}

std::string Document::where(Position at) const {
  return fmt::format(
      "{}:{}:{}", at.file < files.size() ? files[at.file] : "config", at.line, at.column
  );
}

std::string Document::message(Position at, std::string_view text) const {
  std::string out = where(at) + ": ";
  for (const char c : text) append_shown(out, c);
  return out;
}

Result<Document> parse_document(std::string_view text, std::string file, std::size_t max_bytes) {
  Document document{{std::move(file)}, {}};
  auto refuse = [&](const Problem& problem) {
    return fail(Reason::config, document.message(problem.at, problem.text));
  };
  if (text.size() > max_bytes) {
    return refuse(
        {{},
         fmt::format(
             "the file is larger than {} MiB; split it and give --config twice", max_bytes >> 20
         )}
    );
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    return refuse({{}, "the file is not valid UTF-8; save it in that encoding"});
  }
  if (text.find('\0') != std::string_view::npos) {
    return refuse({{}, "the file holds NUL bytes; it is no text"});
  }
  auto root = looks_like_json(text) ? read_json(text) : read_yaml(text);
  if (!root) return refuse(root.error());
  if (root->kind == Node::Kind::null) root->kind = Node::Kind::map;
  if (root->kind != Node::Kind::map) {
    return refuse(
        {root->at,
         fmt::format(
             "the file holds {} where keys are expected, such as mcpServers:", describe(*root)
         )}
    );
  }
  document.root = std::move(*root);
  return document;
}

void overlay(Document& document, Document later) {
  const auto offset = static_cast<std::uint32_t>(document.files.size());
  renumber(later.root, offset);
  document.files.insert(document.files.end(), later.files.begin(), later.files.end());
  merge(document.root, std::move(later.root), 0);
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  std::size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool begins_character = (byte & 0xC0) != 0x80;
    if (begins_character && ++characters > 60) {
      out += "…";
      break;
    }
    append_shown(out, c);
  }
  return out + '"';
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
    default:
      return shown(node.text);
  }
}

}  // namespace mooring::config
