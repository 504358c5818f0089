#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::gateway {

/// Resources and prompts for clients that know only tools (`resources_as_tools: true`):
/// list_resources, read_resource, list_prompts, get_prompt, each only where the server advertises
/// the capability. A name that the server itself uses for a tool is left to it.
std::vector<std::string> utility_tools(std::string_view server_capabilities
);  ///< raw tool definitions

struct UtilityCall {
  std::string method;  ///< resources/list, resources/read, prompts/list, prompts/get
  std::string params;  ///< raw JSON object
};
/// What a call of a utility tool means. Empty: not a utility tool. An error is a sentence (missing
/// `uri`): nothing is sent then.
std::optional<std::expected<UtilityCall, std::string>> utility_call(
    std::string_view tool, std::string_view arguments
);
/// The CallToolResult for a result of such a request: the text of text resources, everything else
/// as JSON text.
std::string as_tool_result(std::string_view method, std::string_view result);

}  // namespace mooring::gateway
