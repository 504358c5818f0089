#include "protocol/json_reader.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>

#include "core/utf8.hpp"

namespace mooring::protocol {
namespace {

/// From this size on it pays to look at the UTF-8 of the whole text first.
constexpr std::size_t large = 2048;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

}  // namespace

JsonReader::JsonReader(const std::string& text, std::size_t max_depth)
    : data_(text.data()),
      size_(text.size()),
      max_depth_(max_depth),
      sound_(text.size() >= large && simdjson::validate_utf8(text.data(), text.size())) {}

std::string JsonReader::wrong() const {
  return what_ == nullptr ? std::string() : fmt::format("{} at byte {}", what_, wrong_at_);
}

std::size_t JsonReader::value(std::size_t at) {
  switch (peek(at)) {
    case '"':
      return string(at);
    case '{':
    case '[':
      return nested(at);
    case 't':
      return word("true", at);
    case 'f':
      return word("false", at);
    case 'n':
      return word("null", at);
    default:
      return number(at);
  }
}

std::size_t JsonReader::end(std::size_t at) {
  at = space(at);
  return at < size_ ? fail("something follows the end of the value", at) : at;
}

/// An array or an object. `open` holds one character for each bracket that is open.
std::size_t JsonReader::nested(std::size_t at) {
  std::string open;
  for (;;) {
    // On the first character of a value.
    const char c = peek(at);
    if (c == '{' || c == '[') {
      if (depth_ + open.size() >= max_depth_) return fail("nested too deeply", at);
      at = space(at + 1);
      open.push_back(c == '{' ? '}' : ']');
      if (peek(at) != open.back()) {
        if (c == '{' && (at = key(at)) == failed) return failed;
        continue;
      }
    } else {
      at = c == '"' ? string(at) : value(at);
      if (at == failed) return failed;
      at = space(at);
    }
    // Behind a value: on what follows it.
    while (peek(at) == open.back()) {
      open.pop_back();
      if (open.empty()) return at + 1;
      at = space(at + 1);
    }
    if (peek(at) != ',') return no_separator(at);
    at = space(at + 1);
    if (open.back() == '}' && (at = key(at)) == failed) return failed;
  }
}

/// Of a string that is not just plain ASCII, from where that shows.
std::size_t JsonReader::rest_of_string(std::size_t at) {
  const std::string_view text(data_, size_);
  for (;;) {
    const auto c = static_cast<std::uint8_t>(peek(at));
    if (c == '"') return at + 1;
    if (at == size_) return fail("the text ends inside a string", at);
    if (c < 0x20) return fail("a control character stands in a string", at);
    at = c == '\\' ? escape(at) : beyond_ascii(at);
    if (at == failed) return failed;
    at = sound_ ? cursor::plain_run<false>(text, at) : cursor::plain_run<true>(text, at);
  }
}

std::size_t JsonReader::escape(std::size_t at) {
  switch (peek(at + 1)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
      return at + 2;
    case 'u':
      for (std::size_t i = at + 2; i < at + 6; ++i) {
        if (!is_hex(peek(i))) return fail("a \\u escape needs four hex digits", at);
      }
      return at + 6;
    default:
      return fail("an unknown escape stands in a string", at);
  }
}

std::size_t JsonReader::beyond_ascii(std::size_t at) {
  if (sound_) return at + 1;
  while (static_cast<std::uint8_t>(peek(at)) >= 0x80) {
    const core::Utf8Step taken = core::utf8_step({data_, size_}, at);
    if (!taken.valid) return fail("a string is not UTF-8", at);
    at += taken.size;
  }
  return at;
}

std::size_t JsonReader::word(std::string_view expected, std::size_t at) {
  if (!std::string_view(data_ + at, size_ - at).starts_with(expected))
    return fail("an unknown word", at);
  return end_of_token(at + expected.size());
}

std::size_t JsonReader::digits(std::size_t at) {
  if (!is_digit(peek(at))) return fail("a value is expected", at);
  while (is_digit(peek(at))) ++at;
  return at;
}

std::size_t JsonReader::number(std::size_t at) {
  if (at == size_) return fail("the text ends where a value is expected", at);
  if (peek(at) == '-') ++at;
  at = peek(at) == '0' ? at + 1 : digits(at);
  if (at != failed && peek(at) == '.') at = digits(at + 1);
  if (at != failed && (peek(at) == 'e' || peek(at) == 'E')) {
    ++at;
    if (peek(at) == '+' || peek(at) == '-') ++at;
    at = digits(at);
  }
  return at == failed ? failed : end_of_token(at);
}

std::size_t JsonReader::end_of_token(std::size_t at) {
  const char c = peek(at);
  if (c == ',' || c == '}' || c == ']' || cursor::is_space(c) || at == size_) return at;
  return fail("a comma or a closing bracket is expected", at);
}

}  // namespace mooring::protocol
