#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::protocol {

/// The headers in which a request of the modern era says over HTTP what is in its body as well
/// (2026-07-28 "Transports"): Mcp-Method, Mcp-Name, and an Mcp-Param-* for each argument that
/// `input_schema` (raw; of the tool that is called, else empty) marks. Values are encoded. Marks
/// that break the rules are passed over.
std::vector<std::pair<std::string, std::string>> request_headers(
    std::string_view method, std::string_view params, std::string_view input_schema = {}
);

}  // namespace mooring::protocol
