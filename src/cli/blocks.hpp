#pragma once

#include <string>
#include <string_view>

namespace mooring::cli {

/// A content block (raw JSON) as a person reads it: a text whole, anything else as one line that
/// says what it is.
std::string shown_block(std::string_view block);
/// A tool's whole result: its blocks, or its structured content where there are none. Ends with a
/// line break unless empty.
std::string shown_tool_result(std::string_view result);
/// "1.5 KB"
std::string shown_size(std::size_t bytes);
/// How many bytes base64 text stands for.
std::size_t decoded_size(std::string_view base64);

/// The text as it is, or made harmless where it goes to a terminal.
std::string for_stdout(std::string text);

}  // namespace mooring::cli
