#include "gateway/header_check.hpp"

#include <fmt/format.h>

#include "protocol/header_value.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "protocol/param_headers.hpp"

namespace mooring::gateway {

std::string header_mismatch(
    const ClientSession& session, const protocol::Frame& call, std::string_view input_schema
) {
  const auto wanted = protocol::param_headers(input_schema);
  if (!session.param_headers || !wanted) return {};
  const auto arguments = protocol::member(call.params(), "arguments").value_or("{}");
  for (const auto& header : *wanted) {
    const auto text = protocol::header_text(header, arguments);
    const auto given = session.param_headers->find(protocol::lower_name(header.name));
    const bool there = given != session.param_headers->end();
    if (!text && !there) continue;
    if (text && there && protocol::agrees(header, given->second, *text)) continue;
    return protocol::make_error(
        call.id(), protocol::header_mismatch,
        fmt::format(
            "Header mismatch: Mcp-Param-{} does not say what the argument says", header.name
        )
    );
  }
  return {};
}

}  // namespace mooring::gateway
