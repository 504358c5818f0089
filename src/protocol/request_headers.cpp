#include "protocol/request_headers.hpp"

#include "protocol/header_value.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/modern.hpp"
#include "protocol/param_headers.hpp"

namespace mooring::protocol {

std::vector<std::pair<std::string, std::string>> request_headers(
    std::string_view method, std::string_view params, std::string_view input_schema
) {
  std::vector<std::pair<std::string, std::string>> headers;
  headers.emplace_back("Mcp-Method", encode_header_value(method));
  if (const auto key = name_param(method); !key.empty())
    headers.emplace_back("Mcp-Name", encode_header_value(string_member(params, key)));
  const auto marked = param_headers(input_schema);
  if (!marked || marked->empty()) return headers;
  const auto arguments = member(params, "arguments").value_or("{}");
  for (const auto& mark : *marked) {
    if (const auto text = header_text(mark, arguments))
      headers.emplace_back("Mcp-Param-" + mark.name, encode_header_value(*text));
  }
  return headers;
}

}  // namespace mooring::protocol
