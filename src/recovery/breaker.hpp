#pragma once

#include <cstdint>
#include <optional>

#include "core/clock.hpp"

namespace mooring::recovery {

/// Circuit breaker of one upstream: after so many transport-class failures in a row calls are
/// refused at once, then one at a time is let through to try. The caller brings the time.
class Breaker {
 public:
  Breaker(int failures, core::Duration cooldown) : threshold_(failures), cooldown_(cooldown) {}

  enum class State : std::uint8_t { closed, open, half_open };
  State state(core::TimePoint now) const;
  /// When the next call is let through; empty while closed.
  std::optional<core::TimePoint> open_until() const { return open_until_; }
  int failures() const { return failures_; }  ///< in a row

  /// Closed: always true. Open: false. Half-open: true once, then false until that call has ended.
  bool admit(core::TimePoint now);
  void succeeded();                  ///< also: a handshake went through
  void failed(core::TimePoint now);  ///< transport-class failures alone
  void abandoned();  ///< the admitted call ended without saying anything (cancelled)

 private:
  int threshold_;
  core::Duration cooldown_;
  int failures_ = 0;
  std::optional<core::TimePoint> open_until_;
  bool trying_ = false;
};

}  // namespace mooring::recovery
