#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Arguments of tools that travel in HTTP headers as well (2026-07-28 "Transports", `x-mcp-header`
/// → `Mcp-Param-*`).
namespace mooring::protocol {

struct ParamHeader {
  enum class Type : std::uint8_t { string, integer, boolean } type = Type::string;
  std::string name;               ///< as annotated: the header is `Mcp-Param-` and this
  std::vector<std::string> path;  ///< of the property inside the arguments
};

/// The annotations of a tool's raw input schema, in its order. A sentence where one breaks the
/// rules: the tool must not be used then.
std::expected<std::vector<ParamHeader>, std::string> param_headers(std::string_view input_schema);

/// The text that the header has for these raw arguments, not encoded; nothing where the argument is
/// absent or null: the header is left out then.
std::optional<std::string> header_text(const ParamHeader& header, std::string_view arguments);

/// True where `value`, as it came in a header, says the same as the argument: integers are compared
/// as numbers.
bool agrees(const ParamHeader& header, std::string_view value, std::string_view text);

}  // namespace mooring::protocol
