#pragma once

#include <optional>

#include "core/clock.hpp"

namespace mooring::recovery {

/// What the expiries seen so far say about how long a server keeps an idle session. Feeds the
/// keepalive, which stays below it.
class IdleTtl {
 public:
  /// A session was found gone after so long without traffic.
  void expired_after(core::Duration idle);
  /// A session was alive after so long without traffic.
  void survived(core::Duration idle);

  /// The longest idle time believed to be survived by; empty: nothing is known.
  std::optional<core::Duration> estimate() const;
  /// The pause between keepalives: `configured`, or less where the estimate asks for it, never
  /// under `floor`. A `configured` of 0 means never and stays.
  core::Duration keepalive(core::Duration configured, core::Duration floor) const;

 private:
  std::optional<core::Duration> shortest_expired_;
  std::optional<core::Duration> longest_survived_;
};

}  // namespace mooring::recovery
