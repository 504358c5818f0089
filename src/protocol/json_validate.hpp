#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/json_scan.hpp"

/// Inside this room only.
namespace mooring::protocol {

/// What `validate` does, character by character and without any help: the judge where simdjson says
/// no, since that refuses what JSON allows (integers over 64 bits, 1e400, lone surrogates as
/// escapes) and gives no offset.
std::optional<std::string> validate_slowly(std::string_view text, const JsonLimits& limits);

/// Like `validate`, for text that owns its padding: gives `text` spare bytes behind its end and
/// keeps them.
std::optional<std::string> validate_padded(std::string& text, const JsonLimits& limits);

}  // namespace mooring::protocol
