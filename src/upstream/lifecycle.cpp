#include "upstream/lifecycle.hpp"

#include <algorithm>

namespace mooring::upstream {

std::string_view to_string(State state) {
  switch (state) {
    case State::connecting:
      return "connecting";
    case State::ready:
      return "ready";
    case State::recovering:
      return "recovering";
    case State::backing_off:
      return "backing_off";
    case State::parked:
      return "parked";
    case State::failed:
      return "failed";
    case State::disabled:
      return "disabled";
    case State::stopped:
      return "stopped";
  }
  return "stopped";
}

namespace {
/// Of sessions in a row that are lost unproven this one is rebuilt after a wait: those before it at
/// once, those after it at the pace of a parked upstream.
constexpr int unproven_rebuilds = 3;
}  // namespace

Lifecycle::Lifecycle(const UpstreamConfig& config, core::Random& random)
    : random_(random),
      initial_attempts_(config.initial_attempts),
      reconnect_attempts_(config.reconnect_attempts),
      parked_interval_(config.parked_interval) {
  backoff_.initial = config.backoff_initial;
  backoff_.max = config.backoff_max;
  flapping_ = backoff_;
  if (!config.enabled) state_ = State::disabled;
}

Lifecycle::Step Lifecycle::on(LifecycleEvent event, std::optional<core::Duration> retry_after) {
  using enum Step::Do;
  if (state_ == State::disabled && event != LifecycleEvent::stop) return {nothing, {}};
  switch (event) {
    case LifecycleEvent::start:
      state_ = State::connecting;
      return {connect, {}};
    case LifecycleEvent::connected:
      state_ = State::ready;
      ever_connected_ = true;
      attempts_ = 0;
      backoff_.reset();
      return {nothing, {}};
    case LifecycleEvent::attempt_failed:
      return attempt_failed(retry_after);
    case LifecycleEvent::attempt_hopeless:
      ++attempts_;
      return park(State::failed, retry_after);
    case LifecycleEvent::lost_unproven:
      if (state_ != State::ready) return {nothing, {}};
      if (++unproven_ < unproven_rebuilds) {
        state_ = State::recovering;
        return {connect, {}};
      }
      if (unproven_ > unproven_rebuilds) return park(State::parked, retry_after);
      state_ = State::backing_off;
      return {Step::Do::wait, flapping_.next(random_)};
    case LifecycleEvent::lost:
      if (state_ != State::ready) return {nothing, {}};
      unproven_ = 0;
      flapping_.reset();
      state_ = State::recovering;
      return {connect, {}};
    case LifecycleEvent::wait_over:
    case LifecycleEvent::reconnect:
      if (state_ == State::stopped) return {nothing, {}};
      // A probe of a parked upstream leaves it parked until it succeeds: callers must not start to
      // queue for it.
      if (state_ == State::backing_off) {
        state_ = ever_connected_ ? State::recovering : State::connecting;
      } else if (state_ == State::ready) {
        state_ = State::recovering;
      }
      return {connect, {}};
    case LifecycleEvent::stop:
      state_ = State::stopped;
      return {end, {}};
  }
  return {nothing, {}};
}

Lifecycle::Step Lifecycle::attempt_failed(std::optional<core::Duration> retry_after) {
  ++attempts_;
  // The first failure after a drop already is attempt one of the ladder's five retries.
  const int allowed = ever_connected_ ? reconnect_attempts_ + 1 : initial_attempts_;
  if (state_ == State::parked || state_ == State::failed || attempts_ >= allowed) {
    return park(State::parked, retry_after);
  }
  state_ = ever_connected_ ? State::backing_off : State::connecting;
  const auto wait = backoff_.next(random_);
  return {Step::Do::wait, std::max(wait, retry_after.value_or(core::Duration{0}))};
}

Lifecycle::Step Lifecycle::park(State state, std::optional<core::Duration> retry_after) {
  state_ = state;
  return {Step::Do::wait, std::max(parked_interval_, retry_after.value_or(core::Duration{0}))};
}

}  // namespace mooring::upstream
