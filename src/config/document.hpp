#pragma once

#include <cstddef>
#include <cstdint>
#include <mooring/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::config {

inline constexpr std::size_t max_file_bytes = std::size_t{4} << 20;
inline constexpr std::size_t max_nodes = 100'000;  ///< after aliases were expanded
inline constexpr int max_depth = 64;

/// Where something was written. Line and column count from 1; columns count characters.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  std::uint32_t file = 0;  ///< index into Document::files
};

struct Member;

/// A value as the operator wrote it. Scalars keep their text, so that `1.10` in an environment
/// stays "1.10".
struct Node {
  enum class Kind : std::uint8_t { null, boolean, number, string, list, map };

  Kind kind = Kind::null;
  Position at;
  std::string text;             ///< of a scalar; a string is unescaped; empty for null
  std::vector<Node> items;      ///< of a list
  std::vector<Member> members;  ///< of a map, in file order; keys are unique

  bool is_scalar() const {
    return kind == Kind::boolean || kind == Kind::number || kind == Kind::string;
  }
  const Node* find(std::string_view key) const;
};

struct Member {
  std::string key;
  Position at;
  Node value;
};

/// One file, or several laid over each other.
struct Document {
  std::vector<std::string> files;
  Node root;

  std::string where(Position at) const;  ///< "mooring.yaml:3:7"
  /// "mooring.yaml:3:7: text", on one line whatever `text` quotes.
  std::string message(Position at, std::string_view text) const;
};

/// Something wrong at a place; `text` is one sentence without full stop.
struct Problem {
  Position at;
  std::string text;
};

/// Text that begins with `{` (blanks and comments aside) is JSON with comments and trailing commas,
/// anything else YAML. Repeated keys, invalid UTF-8, more than `max_nodes` values and nesting over
/// `max_depth` are refused. The error reads "file:line:column: message". An empty text is an empty
/// map.
Result<Document> parse_document(
    std::string_view text, std::string file, std::size_t max_bytes = max_file_bytes
);

/// Lays `later` over `document`: maps are merged key by key, anything else is replaced. A server
/// whose way of being reached changes (`url` for `command` or back) loses the keys that belonged to
/// the former way.
void overlay(Document& document, Document later);

/// `text` in quotes for a message: control characters escaped, cut after 60 characters.
std::string shown(std::string_view text);
/// What a node is, for a message: "a list", "a map", "nothing", or the quoted scalar.
std::string describe(const Node& node);

// The two readers behind parse_document; `text` is valid UTF-8.
std::expected<Node, Problem> read_json(std::string_view text);
std::expected<Node, Problem> read_yaml(std::string_view text);
/// TOML, which only other clients write.
std::expected<Node, Problem> read_toml(std::string_view text);

}  // namespace mooring::config
