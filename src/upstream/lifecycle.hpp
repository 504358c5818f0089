#pragma once

#include <mooring/upstream_config.hpp>
#include <optional>

#include "core/backoff.hpp"
#include "core/clock.hpp"
#include "core/random.hpp"
#include "upstream/state.hpp"

namespace mooring::upstream {

/// What happens to an upstream.
enum class LifecycleEvent : std::uint8_t {
  start,             ///< told to begin
  connected,         ///< handshake and first catalogue done
  attempt_failed,    ///< transient: refused, reset, timeout, 5xx
  attempt_hopeless,  ///< no retry soon will help: no such command, not an MCP endpoint, 401 without
                     ///< OAuth
  lost,              ///< process gone, connection dead, session refused
  lost_unproven,     ///< likewise, before the session had answered anything
  wait_over,         ///< the time of the last `wait` has passed
  reconnect,         ///< somebody asks for an attempt now
  stop,
};

/// The life of one upstream as a state machine without I/O: events in, the next thing to do out.
/// The driver (Supervisor) obeys. First connect: `initial_attempts`, then parked. After a drop:
/// `reconnect_attempts`, then parked. A parked or failed upstream gets one attempt every
/// `parked_interval`, for ever.
class Lifecycle {
 public:
  struct Step {
    enum class Do : std::uint8_t { nothing, connect, wait, end } what = Do::nothing;
    core::Duration wait{0};
  };

  Lifecycle(const UpstreamConfig& config, core::Random& random);

  /// `retry_after`: the server's own word (503, 429), a lower bound of the wait.
  Step on(LifecycleEvent event, std::optional<core::Duration> retry_after = std::nullopt);

  State state() const { return state_; }
  int attempts() const { return attempts_; }  ///< failed in a row since the last session
  bool ever_connected() const { return ever_connected_; }

 private:
  Step attempt_failed(std::optional<core::Duration> retry_after);
  Step park(State state, std::optional<core::Duration> retry_after);

  core::Random& random_;
  core::Backoff backoff_;
  core::Backoff flapping_;  ///< between sessions that are lost before they answered anything
  int unproven_ = 0;        ///< of these in a row
  int initial_attempts_;
  int reconnect_attempts_;
  core::Duration parked_interval_;
  State state_ = State::stopped;
  int attempts_ = 0;
  bool ever_connected_ = false;
};

}  // namespace mooring::upstream
