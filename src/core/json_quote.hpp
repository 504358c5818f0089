#pragma once

#include <string>
#include <string_view>

namespace mooring::core {

/// Appends `text` as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD, one for each
/// maximal part of a sequence.
void append_json_quoted(std::string& out, std::string_view text);
std::string json_quote(std::string_view text);

}  // namespace mooring::core
