#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Changes that configuration or the specification asks of messages on their way. Pure; raw JSON in
/// and out.
namespace mooring::gateway {

/// prompts/get arguments are strings (schema `GetPromptRequestParams.arguments`): other scalars
/// become their JSON text, nulls are left out.
std::string stringify_prompt_arguments(std::string_view arguments);
/// `limits.result_chars`: text blocks of a CallToolResult over `max_chars` code points keep head
/// and tail, with a line between that says how much was cut. Nothing where nothing is too long.
std::optional<std::string> trim_result(std::string_view result, std::size_t max_chars);
/// sampling/createMessage params with maxTokens at most `max_tokens`.
std::string cap_max_tokens(std::string_view params, long long max_tokens);

}  // namespace mooring::gateway
