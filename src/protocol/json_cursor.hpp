#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/json_block.hpp"

/// The inner loops over JSON text that was validated before. Inside this room only: the others use
/// json_scan.hpp. All functions take the whole text and a position, and return a position; on valid
/// text none passes the end.
namespace mooring::protocol::cursor {

inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

inline std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

/// What `plain_run` does where the first block does not tell.
template <bool Ascii, class Block>
[[gnu::noinline]] std::size_t long_plain_run(std::string_view text, std::size_t at) {
  while (at + Block::size <= text.size()) {
    const auto marks = Block::template marks<Ascii>(text.data() + at);
    if (marks != 0) return at + Block::first(marks);
    at += Block::size;
  }
  if (at >= text.size()) return at;
  if (text.size() >= Block::size) {
    // What is left is the end of the last block.
    const std::size_t last = text.size() - Block::size;
    const auto marks =
        Block::without_first(Block::template marks<Ascii>(text.data() + last), at - last);
    return marks != 0 ? at + Block::first(marks) : text.size();
  }
  for (; at < text.size(); ++at) {
    const auto c = static_cast<std::uint8_t>(text[at]);
    if (c == '"' || c == '\\' || c < 0x20 || (Ascii && c >= 0x80)) break;
  }
  return at;
}

/// The first byte at or after `at` that a string cannot hold as it is or that needs a look: '"',
/// '\\', a control character, and with `Ascii` also a byte over 0x7F.
template <bool Ascii, class Block = Block>
std::size_t plain_run(std::string_view text, std::size_t at) {
  if (at + Block::size <= text.size()) {
    const auto marks = Block::template marks<Ascii>(text.data() + at);
    if (marks != 0) return at + Block::first(marks);
  }
  return long_plain_run<Ascii, Block>(text, at);
}

/// From an opening quote to behind the closing one.
inline std::size_t skip_string(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size()) {
    at = plain_run<false>(text, at);
    if (at >= text.size() || text[at] == '"') return at + 1;
    at += text[at] == '\\' ? 2 : 1;
  }
  return text.size();
}

inline std::size_t skip_scalar(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != ',' && text[at] != '}' && text[at] != ']' &&
         !is_space(text[at])) {
    ++at;
  }
  return at;
}

/// 0: skip; 1: a quote; 2 and 3: an opening and a closing bracket.
inline constexpr auto structure = [] {
  std::array<std::uint8_t, 256> table{};
  table['"'] = 1;
  table['{'] = table['['] = 2;
  table['}'] = table[']'] = 3;
  return table;
}();

/// From the first character of a value to behind its last.
inline std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] != '{' && text[at] != '[') return skip_scalar(text, at);
  const char* const data = text.data();
  const std::size_t size = text.size();
  std::size_t depth = 0;
  while (at < size) {
    switch (structure[static_cast<std::uint8_t>(data[at])]) {
      case 0:
        ++at;
        break;
      case 1:
        at = skip_string(text, at);
        break;
      case 2:
        ++depth;
        ++at;
        break;
      default:
        ++at;
        if (--depth == 0) return at;
    }
  }
  return size;
}

inline constexpr std::size_t stop = static_cast<std::size_t>(-1);

/// Goes through the object that begins at `at`: `take(key_begin, key_end, value_begin)` says where
/// the value ends, or `stop`. Returns the position behind the object, or `stop`.
template <class Take>
std::size_t walk(std::string_view text, std::size_t at, Take&& take) {
  at = skip_space(text, at + 1);
  while (at < text.size() && text[at] == '"') {
    const std::size_t key_end = skip_string(text, at);
    const std::size_t value = skip_space(text, skip_space(text, key_end) + 1);
    if (value >= text.size()) return text.size();
    const std::size_t value_end = take(at, key_end, value);
    if (value_end == stop) return stop;
    at = skip_space(text, value_end);
    if (at >= text.size() || text[at] != ',') break;
    at = skip_space(text, at + 1);
  }
  return at < text.size() ? at + 1 : text.size();
}

/// `visit(key_begin, key_end, value_begin, value_end)` for each member of the object that begins at
/// `at`; false stops.
template <class Visit>
void members(std::string_view text, std::size_t at, Visit&& visit) {
  walk(text, at, [&](std::size_t key, std::size_t key_end, std::size_t value) {
    const std::size_t value_end = skip_value(text, value);
    return visit(key, key_end, value, value_end) ? value_end : stop;
  });
}

/// Appends what the characters between the quotes of a string mean. A lone surrogate becomes
/// U+FFFD.
void append_unescaped(std::string& out, std::string_view inner);

/// True when a raw key token (with quotes) means `name`.
inline bool key_is(std::string_view raw, std::string_view name) {
  const std::string_view inner = raw.substr(1, raw.size() - 2);
  if (inner.size() <= name.size()) return inner == name;
  // Every escape makes the raw form longer than what it means.
  if (inner.find('\\') == std::string_view::npos) return false;
  std::string meant;
  append_unescaped(meant, inner);
  return meant == name;
}

}  // namespace mooring::protocol::cursor
