#pragma once

#include <string>
#include <string_view>

#include "config/document.hpp"

/// Values as they are written into a file.
namespace mooring::config {

/// On one line, as JSON and YAML both read it: `{ "url": "http://h" }`.
std::string written_inline(const Node& node);

/// JSON over several lines; `indent` stands before all but the first one, `step` is one level more.
/// Lists stay on one line.
std::string written_json(
    const Node& node, const std::string& indent, const std::string& step, std::string_view eol
);

/// A member in YAML's block style: whole lines, each with its end.
std::string written_yaml(
    const Member& member, const std::string& indent, const std::string& step, std::string_view eol
);

}  // namespace mooring::config
