#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Text in HTTP headers (2026-07-28 "Transports", values of Mcp-Name and Mcp-Param-*).
namespace mooring::protocol {

/// `text` as it stands where that is visible ASCII with inner blanks, else as
/// `=?base64?…?=` over its UTF-8. A text that looks like that form is encoded, too.
std::string encode_header_value(std::string_view text);

/// The text of a header value. Nothing where it claims to be base64 and is not (alphabet, padding),
/// or is neither visible ASCII nor encoded.
std::optional<std::string> decode_header_value(std::string_view value);

/// A header's name in lower case, as it is compared (RFC 9110 §5.1). ASCII.
std::string lower_name(std::string_view name);

}  // namespace mooring::protocol
