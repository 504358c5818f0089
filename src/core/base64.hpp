#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace mooring::core {

/// RFC 4648 §4, with padding.
std::string base64_encode(std::string_view bytes);
/// Strict: padding required, no white space, unused bits zero.
std::optional<std::string> base64_decode(std::string_view text);

/// RFC 4648 §5, without padding.
std::string base64url_encode(std::string_view bytes);
std::string base64url_encode(std::span<const std::uint8_t> bytes);
/// Strict: no padding, no white space, unused bits zero, so that one value has one spelling.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace mooring::core
