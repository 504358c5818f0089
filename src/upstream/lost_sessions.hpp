#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "recovery/failure.hpp"

namespace mooring::upstream {

/// Which generations ended because the server did not know their session any more, and how it said
/// so: the last few, for requests on them that fail late. A generation that ended otherwise is not
/// among them, whatever became of later ones.
class LostSessions {
 public:
  static constexpr std::size_t kept = 64;

  /// What was said first stands.
  void remember(std::uint64_t generation, std::shared_ptr<const recovery::Failure> evidence) {
    if (of(generation) != nullptr) return;
    lost_.push_back({generation, std::move(evidence)});
    if (lost_.size() > kept) lost_.erase(lost_.begin());
  }
  /// Null: not lost, as far as is known.
  const recovery::Failure* of(std::uint64_t generation) const {
    const auto found = std::ranges::find(lost_, generation, &Entry::generation);
    return found == lost_.end() ? nullptr : found->evidence.get();
  }

 private:
  struct Entry {
    std::uint64_t generation;
    std::shared_ptr<const recovery::Failure> evidence;
  };
  std::vector<Entry> lost_;
};

}  // namespace mooring::upstream
