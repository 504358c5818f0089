#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace mooring::config {

enum class Syntax : std::uint8_t {
  json,  ///< with comments: `//` and `/* */`
  yaml,  ///< flow style: `#`, single quotes, plain text
};

/// Where the parts of a `{…}` stand in the text of a file, as byte offsets.
struct FlowMap {
  struct Member {
    std::size_t key = 0;
    std::size_t value = 0;
    std::size_t end = 0;               ///< behind the value
    std::optional<std::size_t> comma;  ///< that follows it
  };

  std::size_t open = 0;
  std::size_t close = 0;
  std::vector<Member> members;
};

/// Takes apart the map whose brace stands at `at`, in a text that parses. Nothing: it is written in
/// a way that is not known here (tags, anchors, keys with `?`).
std::optional<FlowMap> scan_flow_map(std::string_view text, std::size_t at, Syntax syntax);

/// Behind blanks, line breaks and comments.
std::size_t skip_blank(std::string_view text, std::size_t at, Syntax syntax);

}  // namespace mooring::config
