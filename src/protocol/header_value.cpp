#include "protocol/header_value.hpp"

#include <algorithm>

#include "core/base64.hpp"

namespace mooring::protocol {
namespace {

constexpr std::string_view opening = "=?base64?";
constexpr std::string_view closing = "?=";

bool is_visible(char c) { return c >= 0x21 && c <= 0x7e; }

bool looks_encoded(std::string_view value) {
  return value.size() >= opening.size() + closing.size() && value.starts_with(opening) &&
         value.ends_with(closing);
}

bool is_plain(std::string_view text) {
  if (text.empty()) return true;
  const bool blanks_inside = is_visible(text.front()) && is_visible(text.back());
  return blanks_inside &&
         std::ranges::all_of(text, [](char c) { return c == ' ' || is_visible(c); });
}

}  // namespace

std::string encode_header_value(std::string_view text) {
  if (is_plain(text) && !looks_encoded(text)) return std::string(text);
  std::string value(opening);
  value += core::base64_encode(text);
  return value += closing;
}

std::optional<std::string> decode_header_value(std::string_view value) {
  if (!looks_encoded(value)) {
    if (!is_plain(value)) return std::nullopt;
    return std::string(value);
  }
  value.remove_prefix(opening.size());
  value.remove_suffix(closing.size());
  return core::base64_decode(value);
}

std::string lower_name(std::string_view name) {
  std::string lower(name);
  for (auto& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace mooring::protocol
