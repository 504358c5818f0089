#pragma once

#include "core/clock.hpp"
#include "core/random.hpp"

namespace mooring::core {

/// How long to wait before the next attempt: doubles from `initial` up to `max`, then ± `jitter` of
/// itself so that clients of one dead server do not come back in step.
struct Backoff {
  Duration initial = std::chrono::seconds(1);
  Duration max = std::chrono::seconds(60);
  double jitter = 0.2;

  /// The wait before the next attempt; counts it.
  Duration next(Random& random);
  void reset() { attempts_ = 0; }
  int attempts() const { return attempts_; }

  int attempts_ = 0;  ///< calls of next() since the last reset
};

}  // namespace mooring::core
