#pragma once

#include <string>
#include <string_view>

namespace mooring::core {

/// Percent-decoding (RFC 3986 §2.1). A '%' without two hex digits stays as it is.
std::string percent_decode(std::string_view text);
/// Everything but the unreserved characters of RFC 3986 §2.3 as '%' and two hex digits.
std::string percent_encode(std::string_view text);

}  // namespace mooring::core
