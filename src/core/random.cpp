#include "core/random.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "core/base64.hpp"

namespace mooring::core {

double Random::uniform01() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::string Random::bytes(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t at = 0; at < count; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = next();
    std::memcpy(out.data() + at, &word, std::min(sizeof word, count - at));
  }
  return out;
}

std::string Random::token(std::size_t bytes_of_randomness) {
  return base64url_encode(bytes(bytes_of_randomness));
}

std::uint64_t SystemRandom::next() {
  std::array<unsigned char, sizeof(std::uint64_t)> raw{};
  if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) {
    std::abort();  // going on with guessable tokens would be worse
  }
  std::uint64_t word = 0;
  std::memcpy(&word, raw.data(), sizeof word);
  return word;
}

std::uint64_t SeededRandom::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace mooring::core
