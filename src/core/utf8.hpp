#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mooring::core {

struct Utf8Step {
  std::size_t
      size;  ///< bytes to take; of a broken sequence its longest sound beginning, at least 1
  bool valid;
};

/// One step over the sequence at `at`, which begins with a byte over 0x7F (Unicode 15, table 3-7:
/// no overlong forms, no surrogates, nothing over U+10FFFF).
inline Utf8Step utf8_step(std::string_view text, std::size_t at) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(at);
  std::size_t more = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {more + 1, true};
}

/// Appends the UTF-8 form of a code point up to U+10FFFF that is no surrogate.
template <class String>
void append_utf8(String& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(byte)));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// `text` with U+FFFD in place of each broken sequence.
inline std::string sound_utf8(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const bool plain = static_cast<std::uint8_t>(text[at]) < 0x80;
    const auto step = plain ? Utf8Step{1, true} : utf8_step(text, at);
    if (step.valid) {
      out.append(text, at, step.size);
    } else {
      append_utf8(out, 0xFFFD);
    }
    at += step.size;
  }
  return out;
}

}  // namespace mooring::core
