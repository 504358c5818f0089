#include "core/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace mooring::core {

Duration Backoff::next(Random& random) {
  Duration wait = std::min(initial, max);
  for (int i = 0; i < attempts_ && wait < max; ++i) {
    if (wait.count() <= 0) break;
    wait = wait > max / 2 ? max : wait * 2;
  }
  ++attempts_;
  const double factor = 1.0 + jitter * (2.0 * random.uniform01() - 1.0);
  return Duration(std::llround(static_cast<double>(wait.count()) * factor));
}

}  // namespace mooring::core
