#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.hpp"
#include "config/flow_map.hpp"

/// Changes inside `{…}`. Each returns the whole text.
namespace mooring::config {

/// How a file is laid out.
struct FileStyle {
  Syntax syntax = Syntax::yaml;
  std::string eol = "\n";
  std::string step = "  ";  ///< one level of indentation
};

/// The blanks before what stands at `at`, when it is the first on its line.
std::optional<std::string> own_indent(std::string_view text, std::size_t at);

std::string flow_insert(
    std::string_view text, const FlowMap& map, const Member& member, const FileStyle& style
);
std::string flow_replace(
    std::string_view text, const FlowMap& map, std::size_t index, const Node& value,
    const FileStyle& style
);
/// With its comma and the comment behind it.
std::string flow_erase(
    std::string_view text, const FlowMap& map, std::size_t index, const FileStyle& style
);

}  // namespace mooring::config
