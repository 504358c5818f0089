#include "upstream/lifecycle.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "recovery/rules.hpp"

namespace mooring::upstream {

namespace {

using enum Lifecycle::Phase;
using Event = LifecycleEvent;
using Do = Lifecycle::Step::Do;

// A probe of a parked upstream leaves it parked until it succeeds: callers must not start to queue
// for it.
constexpr std::array table = std::to_array<Transition>({
    {stopped, Event::start, connecting, Do::connect},
    {stopped, Event::start_idle, idle, Do::rest},

    {connecting, Event::connected, unproven, Do::nothing},
    {connecting, Event::attempt_failed, connecting, Do::wait},
    {connecting, Event::exhausted, parked, Do::wait},
    {connecting, Event::attempt_hopeless, failed, Do::wait},
    {connecting, Event::login_needed, login_needed, Do::wait},
    {connecting, Event::auth_refused, failed, Do::wait},
    {connecting, Event::wait_over, connecting, Do::connect},
    {connecting, Event::reconnect, connecting, Do::connect},

    {unproven, Event::answered, proven, Do::nothing},
    {unproven, Event::lost, recovering, Do::connect},
    {unproven, Event::flapping, backing_off, Do::wait},
    {unproven, Event::exhausted, parked, Do::wait},
    {unproven, Event::doubted, suspect, Do::connect},
    {unproven, Event::auth_refused, parked, Do::wait},
    {unproven, Event::recycled, idle, Do::rest},
    {unproven, Event::reconnect, recovering, Do::connect},

    {proven, Event::lost, recovering, Do::connect},
    {proven, Event::doubted, suspect, Do::connect},
    {proven, Event::auth_refused, parked, Do::wait},
    {proven, Event::recycled, idle, Do::rest},
    {proven, Event::reconnect, recovering, Do::connect},

    {suspect, Event::kept, proven, Do::nothing},
    {suspect, Event::connected, unproven, Do::nothing},
    {suspect, Event::attempt_failed, backing_off, Do::wait},
    {suspect, Event::exhausted, parked, Do::wait},
    {suspect, Event::attempt_hopeless, failed, Do::wait},
    {suspect, Event::login_needed, login_needed, Do::wait},
    {suspect, Event::auth_refused, parked, Do::wait},

    {recovering, Event::connected, unproven, Do::nothing},
    {recovering, Event::kept, proven, Do::nothing},
    {recovering, Event::attempt_failed, backing_off, Do::wait},
    {recovering, Event::exhausted, parked, Do::wait},
    {recovering, Event::attempt_hopeless, failed, Do::wait},
    {recovering, Event::login_needed, login_needed, Do::wait},
    {recovering, Event::auth_refused, parked, Do::wait},

    {backing_off, Event::wait_over, recovering, Do::connect},
    {backing_off, Event::reconnect, recovering, Do::connect},

    {parked, Event::connected, unproven, Do::nothing},
    {parked, Event::kept, proven, Do::nothing},
    {parked, Event::attempt_failed, parked, Do::wait},
    {parked, Event::exhausted, parked, Do::wait},
    {parked, Event::attempt_hopeless, failed, Do::wait},
    {parked, Event::login_needed, login_needed, Do::wait},
    {parked, Event::auth_refused, parked, Do::wait},
    {parked, Event::wait_over, parked, Do::connect},
    {parked, Event::wanted, parked, Do::connect},
    {parked, Event::reconnect, parked, Do::connect},

    {failed, Event::connected, unproven, Do::nothing},
    {failed, Event::kept, proven, Do::nothing},
    {failed, Event::attempt_failed, parked, Do::wait},
    {failed, Event::exhausted, parked, Do::wait},
    {failed, Event::attempt_hopeless, failed, Do::wait},
    {failed, Event::login_needed, login_needed, Do::wait},
    {failed, Event::auth_refused, failed, Do::wait},
    {failed, Event::wait_over, failed, Do::connect},
    {failed, Event::wanted, failed, Do::connect},
    {failed, Event::reconnect, failed, Do::connect},

    {login_needed, Event::connected, unproven, Do::nothing},
    {login_needed, Event::kept, proven, Do::nothing},
    {login_needed, Event::login_needed, login_needed, Do::wait},
    {login_needed, Event::attempt_failed, backing_off, Do::wait},
    {login_needed, Event::exhausted, parked, Do::wait},
    {login_needed, Event::attempt_hopeless, failed, Do::wait},
    {login_needed, Event::auth_refused, failed, Do::wait},
    {login_needed, Event::wait_over, login_needed, Do::connect},
    {login_needed, Event::reconnect, login_needed, Do::connect},

    {idle, Event::wanted, connecting, Do::connect},
    {idle, Event::reconnect, connecting, Do::connect},
});

constexpr std::array<std::string_view, 12> phase_names = {
    "connecting", "ready-unproven", "ready-proven", "suspect", "recovering", "backing-off",
    "parked",     "failed",         "login-needed", "idle",    "disabled",   "stopped"
};
constexpr std::array<std::string_view, 18> event_names = {
    "start",     "start-idle",       "connected",    "kept",         "answered",  "attempt-failed",
    "exhausted", "attempt-hopeless", "auth-refused", "login-needed", "lost",      "flapping",
    "doubted",   "recycled",         "wanted",       "wait-over",    "reconnect", "stop"
};
constexpr std::array<std::string_view, 5> step_names = {"–", "connect", "wait", "rest", "end"};

/// How often it is looked whether somebody has signed in: at the store, not at the server.
constexpr core::Duration login_look = std::chrono::seconds(5);

bool is_ready(Lifecycle::Phase phase) { return phase == unproven || phase == proven; }

}  // namespace

std::string_view to_string(State state) {
  constexpr std::array<std::string_view, 11> names = {"connecting",   "ready",       "suspect",
                                                      "recovering",   "backing_off", "parked",
                                                      "login_needed", "failed",      "idle",
                                                      "disabled",     "stopped"};
  static_assert(names.size() == all_states.size());
  return names[static_cast<std::size_t>(state)];
}

bool given_up(State state) {
  switch (state) {
    case State::connecting:
    case State::ready:
    case State::suspect:
    case State::recovering:
    case State::backing_off:
    case State::idle:
      return false;
    default:
      return true;
  }
}

std::string_view to_string(Lifecycle::Phase phase) {
  return phase_names[static_cast<std::size_t>(phase)];
}

std::string_view to_string(LifecycleEvent event) {
  return event_names[static_cast<std::size_t>(event)];
}

std::span<const Transition> lifecycle_table() { return table; }

std::string lifecycle_document() {
  std::string out = "| in | on | goes to | and does |\n|---|---|---|---|\n";
  for (const auto& row : table) {
    out.append("| ").append(to_string(row.from)).append(" | ").append(to_string(row.event));
    out.append(" | ").append(to_string(row.to)).append(" | ");
    out.append(step_names[static_cast<std::size_t>(row.what)]).append(" |\n");
  }
  out += "| any | stop | stopped | end |\n";
  return out;
}

Lifecycle::Lifecycle(const UpstreamConfig& config, core::Random& random)
    : random_(random),
      initial_attempts_(config.initial_attempts),
      reconnect_attempts_(config.reconnect_attempts),
      parked_interval_(config.parked_interval) {
  backoff_.initial = config.backoff_initial;
  backoff_.max = config.backoff_max;
  if (!config.enabled) phase_ = disabled;
}

State Lifecycle::state() const {
  switch (phase_) {
    case connecting:
      return State::connecting;
    case unproven:
    case proven:
      return State::ready;
    case suspect:
      return State::suspect;
    case recovering:
      return State::recovering;
    case backing_off:
      return State::backing_off;
    case parked:
      return State::parked;
    case failed:
      return State::failed;
    case login_needed:
      return State::login_needed;
    case idle:
      return State::idle;
    case disabled:
      return State::disabled;
    case stopped:
      break;
  }
  return State::stopped;
}

/// What the counters make of an event.
LifecycleEvent Lifecycle::refined(LifecycleEvent event, core::TimePoint now) {
  switch (event) {
    case Event::attempt_failed: {
      // The first failure after a drop already is attempt one of the ladder's five retries.
      const int allowed = ever_connected_ ? reconnect_attempts_ + 1 : initial_attempts_;
      return ++attempts_ >= allowed ? Event::exhausted : event;
    }
    case Event::attempt_hopeless:
    case Event::auth_refused:
      ++attempts_;
      return event;
    case Event::connected:
    case Event::kept:
      ever_connected_ = true;
      attempts_ = 0;
      backoff_.reset();
      return event;
    case Event::answered:
      flaps_.restore();
      flapped_ = false;
      return event;
    case Event::lost:
    case Event::doubted:
      // The rebuild of a session that had answered is the first of the next three.
      if (phase_ == proven) flaps_.spend(now);
      if (phase_ != unproven || !recovery::holds(recovery::Rule::flap_budget)) return event;
      if (!flapped_ && flaps_.spend(now)) return event;
      return std::exchange(flapped_, true) ? Event::exhausted : Event::flapping;
    default:
      return event;
  }
}

core::Duration Lifecycle::pause(LifecycleEvent event, std::optional<core::Duration> retry_after) {
  auto wait = parked_interval_;
  if (event == Event::attempt_failed && phase_ != parked && phase_ != failed) {
    wait = backoff_.next(random_);
  } else if (event == Event::login_needed) {
    wait = login_look;
  } else if (event == Event::flapping) {
    wait = std::chrono::duration_cast<core::Duration>(recovery::FlapBudget::window);
  }
  return std::max(wait, retry_after.value_or(core::Duration{0}));
}

bool Lifecycle::expects(LifecycleEvent event) const {
  return std::ranges::any_of(table, [&](const Transition& each) {
    return each.from == phase_ && each.event == event;
  });
}

Lifecycle::Step Lifecycle::on(
    LifecycleEvent event, std::optional<core::Duration> retry_after, core::TimePoint now
) {
  if (event == Event::stop) {
    phase_ = stopped;
    return {Do::end, {}};
  }
  const auto before = phase_;
  if (phase_ == disabled || (event == Event::lost && !is_ready(phase_))) return {};
  event = refined(event, now);
  const auto row = std::ranges::find_if(table, [&](const Transition& each) {
    return each.from == before && each.event == event;
  });
  if (row == table.end()) return {};
  phase_ = row->to;
  Step step{row->what, {}};
  if (step.what == Do::wait) step.wait = pause(event, retry_after);
  return step;
}

}  // namespace mooring::upstream
