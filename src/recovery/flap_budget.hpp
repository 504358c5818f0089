#pragma once

#include <vector>

#include "core/clock.hpp"

namespace mooring::recovery {

/// How many sessions that never answered anything may be rebuilt at once: three a minute, then with
/// growing pauses (EXP-26). Sessions that have answered cost nothing.
class FlapBudget {
 public:
  static constexpr int rebuilds = 3;
  static constexpr core::Duration window = std::chrono::minutes(1);

  /// A session ended that had answered nothing. True: it may be rebuilt at once.
  bool spend(core::TimePoint now);
  void restore() { spent_.clear(); }  ///< a session answered

 private:
  std::vector<core::TimePoint> spent_;
};

}  // namespace mooring::recovery
