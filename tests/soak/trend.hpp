#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "soak/journal.hpp"
#include "soak/processes.hpp"

namespace mooring::soak {

/// What the gateway cost, second by second, and whether that stayed the same.
///
/// Compared are the medians of two windows: after the warm-up (minute 2, or a third of a shorter
/// run) and at the end. Medians, because a single large result or a rebuild makes a peak.
class Trend {
 public:
  explicit Trend(double seconds);

  void add(double at, const Vitals& now);
  const Vitals& last() const { return samples_.back().vitals; }
  /// Tells the journal what grew beyond its tolerance.
  void check(Journal& journal) const;
  std::string table() const;
  /// A line for each sample, for a spreadsheet.
  std::vector<std::string> lines() const;

 private:
  struct Sample {
    double at;
    Vitals vitals;
  };
  struct Windows {
    std::size_t early, late, most;
  };
  Windows windows(std::size_t Vitals::* what) const;
  std::size_t median(std::size_t Vitals::* what, double from, double to) const;

  double warm_, length_;
  std::vector<Sample> samples_;
};

}  // namespace mooring::soak
