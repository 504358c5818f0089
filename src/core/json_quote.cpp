#include "core/json_quote.hpp"

#include <cstddef>
#include <cstdint>

#include "core/utf8.hpp"

namespace mooring::core {
namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

void append_escape(std::string& out, char c) {
  static constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += digits[static_cast<std::uint8_t>(c) >> 4];
      out += digits[static_cast<std::uint8_t>(c) & 15];
  }
}

}  // namespace

void append_json_quoted(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  std::size_t copied = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::uint8_t c = byte_at(text, at);
    if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
      ++at;
      continue;
    }
    if (c < 0x80) {
      out.append(text, copied, at - copied);
      append_escape(out, text[at]);
      copied = ++at;
      continue;
    }
    const Utf8Step taken = utf8_step(text, at);
    if (!taken.valid) {
      out.append(text, copied, at - copied);
      out += "\xEF\xBF\xBD";
      copied = at + taken.size;
    }
    at += taken.size;
  }
  out.append(text, copied);
  out += '"';
}

std::string json_quote(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

}  // namespace mooring::core
