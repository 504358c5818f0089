#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace mooring::soak {

/// Random choices of one thread: the same seed and stream, the same choices.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t stream) : engine_(seed * 1'000'003 + stream) {}

  /// 0 … below − 1
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool chance(double p) { return std::uniform_real_distribution<>(0, 1)(engine_) < p; }
  std::chrono::milliseconds time(std::chrono::milliseconds from, std::chrono::milliseconds to) {
    return from + std::chrono::milliseconds(below(static_cast<std::uint64_t>((to - from).count())));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace mooring::soak
