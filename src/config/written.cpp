#include "config/written.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/values.hpp"
#include "core/json_quote.hpp"

namespace mooring::config {
namespace {

std::string scalar(const Node& node) {
  if (node.kind == Node::Kind::null) return "null";
  return node.kind == Node::Kind::string ? core::json_quote(node.text) : node.text;
}

/// Words that some reader of YAML takes for something else than text.
bool is_yaml_word(std::string_view text) {
  constexpr std::array<std::string_view, 9> words = {"null", "true", "false", "yes", "no",
                                                     "on",   "off",  "y",     "n"};
  return std::ranges::find(words, lower(text)) != words.end();
}

/// Text without quotes where no reader can take it for anything else.
std::string yaml_scalar(const Node& node) {
  const auto& text = node.text;
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '/' || c == '+';
  };
  const bool letter_first =
      !text.empty() && (text[0] == '/' || text[0] == '_' || (text[0] >= 'a' && text[0] <= 'z') ||
                        (text[0] >= 'A' && text[0] <= 'Z'));
  if (node.kind == Node::Kind::string && letter_first && std::ranges::all_of(text, plain) &&
      !is_yaml_word(text)) {
    return text;
  }
  return scalar(node);
}

std::string yaml_key(const std::string& key) {
  return yaml_scalar({Node::Kind::string, {}, key, {}, {}});
}

}  // namespace

std::string written_inline(const Node& node) {
  std::string out;
  if (node.kind == Node::Kind::list) {
    for (const Node& item : node.items) out += (out.empty() ? "" : ", ") + written_inline(item);
    return "[" + out + "]";
  }
  if (node.kind != Node::Kind::map) return scalar(node);
  if (node.members.empty()) return "{}";
  for (const Member& member : node.members) {
    out += fmt::format(
        "{}{}: {}", out.empty() ? "" : ", ", core::json_quote(member.key),
        written_inline(member.value)
    );
  }
  return "{ " + out + " }";
}

std::string written_json(
    const Node& node, const std::string& indent, const std::string& step, std::string_view eol
) {
  if (node.kind != Node::Kind::map || node.members.empty()) return written_inline(node);
  std::string out;
  const auto inner = indent + step;
  for (const Member& member : node.members) {
    out += fmt::format(
        "{}{}{}{}: {}", out.empty() ? "" : ",", eol, inner, core::json_quote(member.key),
        written_json(member.value, inner, step, eol)
    );
  }
  return fmt::format("{{{}{}{}}}", out, eol, indent);
}

std::string written_yaml(
    const Member& member, const std::string& indent, const std::string& step, std::string_view eol
) {
  auto out = fmt::format("{}{}:", indent, yaml_key(member.key));
  const Node& value = member.value;
  if (value.kind == Node::Kind::list) {
    return fmt::format("{} {}{}", out, written_inline(value), eol);
  }
  if (value.kind != Node::Kind::map) return fmt::format("{} {}{}", out, yaml_scalar(value), eol);
  if (value.members.empty()) return fmt::format("{} {{}}{}", out, eol);
  out += eol;
  for (const Member& inner : value.members) out += written_yaml(inner, indent + step, step, eol);
  return out;
}

}  // namespace mooring::config
