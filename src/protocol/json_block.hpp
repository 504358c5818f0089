#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/// Several bytes looked at in one go. Inside this room only. `marks` tells the bytes that a string
/// cannot hold as they are or that need a look: '"', '\\', control characters, and with `Ascii`
/// also bytes over 0x7F. A mark less for each byte is shifted out by `without_first`.
namespace mooring::protocol::cursor {

/// Where nothing better is known.
struct WordBlock {
  using Marks = std::uint64_t;
  static constexpr std::size_t size = sizeof(Marks);

  template <bool Ascii>
  static Marks marks(const char* from) {
    constexpr Marks ones = 0x0101010101010101U;
    constexpr Marks tops = 0x80 * ones;
    constexpr Marks rest = 0x7F * ones;
    Marks word = 0;
    std::memcpy(&word, from, size);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    // No sum reaches into the next byte, so that every mark is true.
    const auto not_zero = [](Marks bytes) { return ((bytes & rest) + rest) | bytes; };
    const Marks plain = not_zero(word ^ (ones * '"')) & not_zero(word ^ (ones * '\\')) &
                        (((word & rest) + ones * 0x60) | word);
    return (Ascii ? ~plain | word : ~plain) & tops;
  }
  static std::size_t first(Marks marks) {
    return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
  }
  static Marks without_first(Marks marks, std::size_t bytes) { return marks >> (8 * bytes); }
};

#ifdef __SSE2__
/// On every x86-64.
struct Sse2Block {
  using Marks = std::uint32_t;
  static constexpr std::size_t size = sizeof(__m128i);

  template <bool Ascii>
  static Marks marks(const char* from) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i quotes = _mm_or_si128(
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))
    );
    const __m128i last_control = _mm_set1_epi8(0x1F);
    // Compared as signed, what is over 0x7F is below the controls.
    const __m128i rest = Ascii ? _mm_cmpgt_epi8(_mm_set1_epi8(0x20), bytes)
                               : _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    return static_cast<Marks>(_mm_movemask_epi8(_mm_or_si128(quotes, rest)));
  }
  static std::size_t first(Marks marks) {
    return static_cast<std::size_t>(std::countr_zero(marks));
  }
  static Marks without_first(Marks marks, std::size_t bytes) { return marks >> bytes; }
};
using Block = Sse2Block;
#else
using Block = WordBlock;
#endif

}  // namespace mooring::protocol::cursor
