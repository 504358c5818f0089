#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Finds things in JSON text without building a tree. Every function here expects text that
/// `validate` (or `Frame::parse`) accepted; on such text they never fail and never read past its
/// end. Views point into the input.
namespace mooring::protocol {

struct JsonLimits {
  std::size_t max_depth = 256;
};

/// Whole-document validation: grammar, UTF-8, numbers, nesting. Returns what is wrong, with the
/// byte offset, or nothing. `text` is one JSON value; white space around it is allowed.
std::optional<std::string> validate(std::string_view text, const JsonLimits& limits = {});

/// The value of `key` (compared after unescaping) in the raw object `object`; the last one where a
/// key is repeated. Empty when it is missing or `object` is not an object.
std::optional<std::string_view> member(std::string_view object, std::string_view key);

/// Each member of a raw object: `visit(raw key with quotes, raw value)`. False from `visit` stops.
void for_each_member(
    std::string_view object, const std::function<bool(std::string_view, std::string_view)>& visit
);
/// Each element of a raw array. False from `visit` stops.
void for_each_element(std::string_view array, const std::function<bool(std::string_view)>& visit);

/// True when the raw token is a string / object / array / null / true.
inline bool is_string(std::string_view raw) { return raw.starts_with('"'); }
inline bool is_object(std::string_view raw) { return raw.starts_with('{'); }
inline bool is_array(std::string_view raw) { return raw.starts_with('['); }
inline bool is_null(std::string_view raw) { return raw == "null"; }
inline bool is_true(std::string_view raw) { return raw == "true"; }

/// The text of a raw string token (with its quotes); empty when it is not a string.
std::string unescape(std::string_view raw);
/// `text` as a JSON string with quotes. Invalid UTF-8 becomes U+FFFD.
std::string quote(std::string_view text);
/// member() + unescape(); empty when missing or not a string.
std::string string_member(std::string_view object, std::string_view key);

/// Copy of `object` with `key` set to the raw JSON `value` (replaced in place, or added as the last
/// member).
std::string with_member(std::string_view object, std::string_view key, std::string_view value);
/// Copy of `object` without `key`.
std::string without_member(std::string_view object, std::string_view key);
/// Copy without the line breaks between tokens (none can stand inside a string), so that it fits on
/// one line.
std::string one_line(std::string_view json);
bool is_one_line(std::string_view json);

}  // namespace mooring::protocol
