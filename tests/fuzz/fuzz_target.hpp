#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mooring::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// A property that must hold for every input; the fuzzer keeps the input that breaks it.
inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "property broken: %s\n", property);
  std::abort();
}

/// Feeds `text` in pieces whose sizes the text itself decides, so that the fuzzer moves the cuts.
template <class Feed>
void in_pieces(std::string_view text, Feed&& feed) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = 1 + static_cast<std::uint8_t>(text[at]) % 7;
    if (!feed(text.substr(at, size))) return;
    at += size;
  }
}

}  // namespace mooring::fuzz
