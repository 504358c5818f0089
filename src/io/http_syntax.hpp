#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace mooring::io {

/// The characters of HTTP (RFC 9110 §5.5, §5.6.2), and how far a run of them goes. The bytes from
/// `last` on are never looked at.
namespace http_syntax {

constexpr auto token_characters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

inline bool is_token_character(char c) { return token_characters[static_cast<unsigned char>(c)]; }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
/// Of a field value: all but control characters, HTAB excepted.
inline bool is_text(char c) {
  return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
}

inline const char* skip_blanks(const char* p, const char* last) {
  while (p != last && is_blank(*p)) ++p;
  return p;
}

#ifdef __SSE2__
/// Which of 16 bytes are from `low` to `low` + `span`.
inline __m128i in_range(__m128i bytes, char low, char span) {
  const auto offset = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(span)), offset);
}
/// Where the first byte is that is not in `mask`, 16 for none.
inline unsigned first_outside(__m128i mask) {
  return static_cast<unsigned>(std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(mask))));
}
inline __m128i load16(const char* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}
#endif

/// The first byte that belongs to no token.
inline const char* skip_token(const char* p, const char* last) {
#ifdef __SSE2__
  while (last - p >= 16) {  // letters, digits and hyphens are what names are made of
    const auto bytes = load16(p);
    const auto letters = in_range(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
    const auto digits = in_range(bytes, '0', 9);
    const auto hyphens = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
    const auto run = first_outside(_mm_or_si128(_mm_or_si128(letters, digits), hyphens));
    p += run;
    if (run < 16) break;
  }
#endif
  while (p != last && is_token_character(*p)) ++p;
  return p;
}

/// The first byte that is not greater than `control`, or DEL.
inline const char* skip_above(char control, const char* p, const char* last) {
#ifdef __SSE2__
  for (; last - p >= 16; p += 16) {
    const auto bytes = load16(p);
    const auto stops =
        _mm_or_si128(in_range(bytes, 0, control), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(stops));
    if (found != 0) return p + std::countr_zero(found);
  }
#endif
  const auto most = static_cast<unsigned char>(control);
  while (p != last && static_cast<unsigned char>(*p) > most && *p != 0x7f) ++p;
  return p;
}

/// The first byte that is no text, or a blank: what ends a request target.
inline const char* skip_visible(const char* p, const char* last) {
  return skip_above(' ', p, last);
}

/// The first byte that is no text.
inline const char* skip_text(const char* p, const char* last) {
  for (;;) {
    p = skip_above(0x1f, p, last);
    if (p == last || *p != '\t') return p;
    ++p;
  }
}

}  // namespace http_syntax

}  // namespace mooring::io
