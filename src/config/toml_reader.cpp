// The only place that sees toml++. Codex keeps its servers in TOML; Mooring's own files never are.
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include "config/document.hpp"

namespace mooring::config {
namespace {

Position position(const toml::source_region& source) {
  return {
      static_cast<std::uint32_t>(source.begin.line),
      static_cast<std::uint32_t>(source.begin.column), 0
  };
}

Node converted(const toml::node& from) {
  Node out;
  out.at = position(from.source());
  if (const auto* table = from.as_table()) {
    out.kind = Node::Kind::map;
    for (const auto& [key, value] : *table) {
      out.members.push_back({std::string(key.str()), position(key.source()), converted(value)});
    }
  } else if (const auto* array = from.as_array()) {
    out.kind = Node::Kind::list;
    for (const auto& item : *array) out.items.push_back(converted(item));
  } else if (const auto* text = from.as_string()) {
    out.kind = Node::Kind::string;
    out.text = text->get();
  } else if (const auto* boolean = from.as_boolean()) {
    out.kind = Node::Kind::boolean;
    out.text = boolean->get() ? "true" : "false";
  } else if (const auto* integer = from.as_integer()) {
    out.kind = Node::Kind::number;
    out.text = fmt::format("{}", integer->get());
  } else if (const auto* number = from.as_floating_point()) {
    out.kind = Node::Kind::number;
    out.text = fmt::format("{}", number->get());
  }
  return out;  // dates are of no use to a server: nothing
}

}  // namespace

std::expected<Node, Problem> read_toml(std::string_view text) {
  const auto parsed = toml::parse(text);
  if (!parsed) {
    const auto& error = parsed.error();
    return std::unexpected(
        Problem{position(error.source()), fmt::format("not valid TOML: {}", error.description())}
    );
  }
  return converted(parsed.table());
}

}  // namespace mooring::config
