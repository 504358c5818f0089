#include "recovery/idle_ttl.hpp"

#include <algorithm>

namespace mooring::recovery {

// What was seen last wins over what contradicts it: an expiry after a short pause may have been a
// restart, and a server may have been given another limit.

void IdleTtl::expired_after(core::Duration idle) {
  shortest_expired_ = std::min(shortest_expired_.value_or(idle), idle);
  if (longest_survived_ && *longest_survived_ >= idle) longest_survived_.reset();
}

void IdleTtl::survived(core::Duration idle) {
  longest_survived_ = std::max(longest_survived_.value_or(idle), idle);
  if (shortest_expired_ && *shortest_expired_ <= idle) shortest_expired_.reset();
}

std::optional<core::Duration> IdleTtl::estimate() const {
  if (!shortest_expired_) return longest_survived_;
  return std::max(longest_survived_.value_or(core::Duration(0)), *shortest_expired_ / 2);
}

core::Duration IdleTtl::keepalive(core::Duration configured, core::Duration floor) const {
  if (configured <= core::Duration(0)) return configured;  // never
  auto pause = configured;
  const auto survived = estimate();
  if (shortest_expired_ && survived) pause = std::min(pause, *survived * 3 / 4);
  return std::max(pause, floor);
}

}  // namespace mooring::recovery
