#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "recovery/episode.hpp"

namespace mooring::server {

/// What `/metrics` tells of recoveries: how many, why, with what outcome, and how long they took;
/// since the start. Safe from any thread.
class RecoveryTotals {
 public:
  struct Key {
    std::string server, cause, outcome;
    auto operator<=>(const Key&) const = default;
  };
  /// Upper bounds in seconds; one more bucket for all that took longer.
  static constexpr std::array bounds = {0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                        1.0,  2.5,   5.0,  10.0, 30.0, 60.0};
  struct Durations {
    std::array<std::uint64_t, bounds.size() + 1> counts{};  ///< each bucket by itself
    std::uint64_t count = 0;
    double seconds = 0;
  };
  struct Totals {
    std::map<Key, std::uint64_t> ended;
    std::map<std::string, Durations> healing;  ///< by server; those that ended healed or kept
  };

  /// Told again and again while an episode goes on; counts each of its outcomes once.
  void note(const recovery::Episode& episode);
  Totals totals() const;

 private:
  static constexpr std::size_t most_remembered = 1000;  ///< ids
  bool is_new(const recovery::Episode& episode);

  mutable std::mutex mutex_;
  Totals totals_;
  std::map<std::string, recovery::Episode::Outcome> told_;  ///< by id
  std::deque<std::string> order_;                           ///< of their first telling
};

}  // namespace mooring::server
