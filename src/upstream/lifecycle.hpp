#pragma once

#include <cstdint>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/backoff.hpp"
#include "core/clock.hpp"
#include "core/random.hpp"
#include "recovery/flap_budget.hpp"
#include "upstream/state.hpp"

namespace mooring::upstream {

/// What happens to an upstream.
enum class LifecycleEvent : std::uint8_t {
  start,             ///< told to begin
  start_idle,        ///< told to begin with the first call: what it lists is known from before
  connected,         ///< handshake done: a new session
  kept,              ///< the suspect session answered: it lives
  answered,          ///< the session answered something else than `initialize`
  attempt_failed,    ///< transient: refused, reset, timeout, 5xx
  exhausted,         ///< likewise, and the ladder of retries is at its end
  attempt_hopeless,  ///< no retry soon will help: no such command, not an MCP endpoint
  auth_refused,      ///< the credentials are not accepted
  login_needed,      ///< a person has to sign in
  lost,              ///< session refused, process gone
  flapping,          ///< likewise, before the session answered anything, and once too often
  doubted,           ///< HTTP: the connection broke; the session may live
  recycled,          ///< ended for lack of calls
  wanted,            ///< a call asks for a session
  wait_over,         ///< the time of the last `wait` has passed
  reconnect,         ///< somebody asks for an attempt now
  stop,
};

/// The life of one upstream as a state machine without I/O: events in, the next thing to do out.
/// The driver (Supervisor) obeys. What leads where is one table, `lifecycle_table()`; what it
/// counts beside that: first connect `initial_attempts`, after a drop `reconnect_attempts`, then
/// parked; a parked or failed upstream gets one attempt every `parked_interval`, for ever; sessions
/// that are lost before they answered anything have a budget (recovery::FlapBudget).
class Lifecycle {
 public:
  struct Step {
    enum class Do : std::uint8_t { nothing, connect, wait, rest, end } what = Do::nothing;
    core::Duration wait{0};
  };

  Lifecycle(const UpstreamConfig& config, core::Random& random);

  /// `retry_after`: the server's own word (503, 429), a lower bound of the wait. `exhausted` and
  /// `flapping` are concluded here from `attempt_failed` and `lost`.
  Step on(
      LifecycleEvent event, std::optional<core::Duration> retry_after = std::nullopt,
      core::TimePoint now = {}
  );

  /// False: the event has no row in this phase, and changes nothing; what runs (a wait above all)
  /// goes on.
  bool expects(LifecycleEvent event) const;

  /// A session was refused before it stood. True: another handshake at once is within the budget.
  bool may_shake_hands_again(core::TimePoint now) { return !flapped_ && flaps_.spend(now); }

  State state() const;
  int attempts() const { return attempts_; }  ///< failed in a row since the last session
  bool ever_connected() const { return ever_connected_; }

  /// The states of the table: those of `State`, with `ready` in two.
  enum class Phase : std::uint8_t {
    connecting,
    unproven,  ///< ready; has answered nothing but `initialize`
    proven,    ///< ready
    suspect,
    recovering,
    backing_off,
    parked,
    failed,
    login_needed,  ///< asked nothing; looks whether somebody has signed in
    idle,
    disabled,
    stopped,
  };

 private:
  LifecycleEvent refined(LifecycleEvent event, core::TimePoint now);
  core::Duration pause(LifecycleEvent event, std::optional<core::Duration> retry_after);

  core::Random& random_;
  core::Backoff backoff_;
  recovery::FlapBudget flaps_;
  bool flapped_ = false;  ///< has waited for the budget since a session last answered
  int initial_attempts_;
  int reconnect_attempts_;
  core::Duration parked_interval_;
  Phase phase_ = Phase::stopped;
  int attempts_ = 0;
  bool ever_connected_ = false;
};

/// One row: in `from`, on `event`, go to `to` and do `what`.
struct Transition {
  Lifecycle::Phase from;
  LifecycleEvent event;
  Lifecycle::Phase to;
  Lifecycle::Step::Do what;
};

/// Every row there is; an event without a row changes nothing.
std::span<const Transition> lifecycle_table();
/// The table as docs/lifecycle.md shows it (Markdown).
std::string lifecycle_document();

std::string_view to_string(Lifecycle::Phase phase);
std::string_view to_string(LifecycleEvent event);

}  // namespace mooring::upstream
