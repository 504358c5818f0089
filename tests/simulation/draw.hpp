#pragma once

#include <cstdint>
#include <vector>

#include "core/clock.hpp"
#include "core/random.hpp"

namespace mooring::simulation {

using core::Duration;
using core::TimePoint;

/// Everything a seed decides is drawn from here.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  bool chance(double probability) { return random_.uniform01() < probability; }
  /// Both ends included.
  int between(int low, int high) {
    const auto span = static_cast<std::uint64_t>(high - low + 1);
    return low + static_cast<int>(random_.next() % span);
  }
  Duration time(int low_ms, int high_ms) { return Duration(between(low_ms, high_ms)); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[random_.next() % from.size()];
  }
  /// A sequence of its own, so that one part drawing more does not change what another draws.
  Draw fork() { return Draw(random_.next()); }
  std::uint64_t next() { return random_.next(); }

 private:
  core::SeededRandom random_;
};

}  // namespace mooring::simulation
