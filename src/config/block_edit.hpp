#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/document.hpp"
#include "config/flow_edit.hpp"
#include "config/flow_map.hpp"

/// Changes to YAML in block style, by whole lines. Each returns the whole text; nothing where the
/// form is not known.
namespace mooring::config {

/// A server by its place in a document: a member of the root, and a member of that.
struct Entry {
  std::size_t group = 0;
  std::size_t index = 0;
};

/// Behind the last server of a group, or as its first one where it has none.
std::optional<std::string> block_insert(
    std::string_view text, const Document& document, std::size_t group, const Member& server,
    const FileStyle& style
);
std::optional<std::string> block_replace(
    std::string_view text, const Document& document, Entry entry, const Member& server,
    const FileStyle& style
);
/// Comments above it stay: they may be about more than one server.
std::optional<std::string> block_erase(
    std::string_view text, const Document& document, Entry entry
);
/// In place of the empty braces of a group.
std::optional<std::string> block_fill(
    std::string_view text, const Document& document, std::size_t group, const FlowMap& braces,
    const Member& server, const FileStyle& style
);
/// At the end, as one more key of the root.
std::string block_append(
    std::string_view text, const Document& document, const Member& group, const FileStyle& style
);

}  // namespace mooring::config
