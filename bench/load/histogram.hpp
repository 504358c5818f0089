#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace mooring::bench {

/// Latencies in nanoseconds, in buckets that are at most 1.6 % wide (64 to the power of two), as
/// HdrHistogram keeps them. Counting costs an increment; nothing is ever dropped.
class Histogram {
 public:
  void add(std::uint64_t value) {
    ++buckets_[bucket_of(value)];
    ++count_;
    sum_ += value;
    if (value > max_) max_ = value;
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t max() const { return max_; }
  double mean() const {
    return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
  }
  /// The smallest value that at least `share` (0 to 1) of the values do not exceed, to the width of
  /// its bucket.
  std::uint64_t quantile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen > 0 && seen >= wanted) return upper_end(i) < max_ ? upper_end(i) : max_;
    }
    return max_;
  }

 private:
  static constexpr unsigned bits = 6;  // of the value that a bucket keeps, below its leading one

  static std::size_t bucket_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= bits + 1) return static_cast<std::size_t>(value);
    const auto shift = width - bits - 1;
    return (static_cast<std::size_t>(shift) << bits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t upper_end(std::size_t bucket) {
    if (bucket < (std::size_t{2} << bits)) return bucket;
    const auto shift = (bucket >> bits) - 1;
    return ((std::uint64_t{bucket} - (std::uint64_t{shift} << bits) + 1) << shift) - 1;
  }

  std::array<std::uint64_t, std::size_t{64 - bits + 1} << bits> buckets_ = {};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace mooring::bench
