// What a loss leads to: what is concluded from it ends the session or leaves it, and who asked
// waits for what comes of that.
#include <algorithm>

#include "recovery/reading.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using recovery::Failure;

namespace {

constexpr int most_proofs = 3;  ///< sessions tried before a call may be sent once more

/// Below that a lost session says nothing about idle time.
constexpr core::Duration shortest_idle = std::chrono::seconds(1);

}  // namespace

void Supervisor::lost(const Loss& loss) {
  using Heal = recovery::Plan::Heal;
  const auto& failure = *loss.evidence;
  End end{LifecycleEvent::lost, std::string(to_string(loss.kind)), recovery::describe(failure), {}};
  if (loss.heal == Heal::rebuild) {
    const bool stands = view_ && view_->generation == loss.generation;
    if (stands && loss.idle_before >= shortest_idle) idle_ttl_.expired_after(loss.idle_before);
    lost_sessions_.remember(loss.generation, loss.evidence);
    end_session(loss.generation, std::move(end));
  } else if (loss.heal == Heal::check) {
    // A process is gone for good; a session over HTTP outlives its connections.
    const bool of_process = view_ && view_->process;
    if (of_process) end.cause = "process_gone";
    if (!of_process) end.event = LifecycleEvent::doubted;
    end_session(loss.generation, std::move(end));
  } else if (loss.heal == Heal::reauthorize) {
    grace(loss);
  }
}

/// Credentials refused in the middle of a session that worked: rebuilt once, in case the server
/// only lost its mind; refused again before it served anybody: parked (SM-10).
void Supervisor::grace(const Loss& loss) {
  if (!view_ || view_->generation != loss.generation || !new_credentials(loss)) return;
  if (view_->served->load(std::memory_order_relaxed)) grace_used_ = false;
  End end{LifecycleEvent::lost, "auth", recovery::describe(*loss.evidence), {}};
  if (std::exchange(grace_used_, true)) end.event = LifecycleEvent::auth_refused;
  end_session(loss.generation, std::move(end));
}

auth::Refusal Supervisor::refusal_of(const Failure& failure, bool served) const {
  auth::Refusal refusal;
  refusal.version = failure.credentials;
  refusal.status = failure.http_status.value_or(401);
  refusal.challenge = recovery::header(failure, "www-authenticate");
  refusal.served = served;
  return refusal;
}

/// False: none can come without a person, and the session is good for other calls.
bool Supervisor::new_credentials(const Loss& loss) {
  if (!authenticator_ || !authenticator_->uses_oauth()) return true;
  const auto refusal = refusal_of(*loss.evidence, view_->served->load(std::memory_order_relaxed));
  authenticator_->refused(refusal);
  if (refusal.status == 403 && !authenticator_->can_step_up()) {
    publish();
    return false;
  }
  grace_used_ = false;
  return true;
}

void Supervisor::report(Loss loss) {
  on_home([this, loss = std::move(loss)]() mutable {
    loss.idle_before = std::min(loss.idle_before, since_last_asked());
    if (loss.heal == recovery::Plan::Heal::verify) {
      tasks_.spawn(verify(loss));
    } else {
      lost(loss);
    }
  });
}

awaitable<Healing> Supervisor::heal(Loss loss) {
  const auto self = shared_from_this();
  if (!home_.on_this_thread()) {
    co_return co_await asio::co_spawn(home_.executor(), heal(std::move(loss)), asio::use_awaitable);
  }
  loss.idle_before = std::min(loss.idle_before, since_last_asked());
  // Refused again on a session that has served nobody: perhaps not the session is at fault.
  if (loss.heal == recovery::Plan::Heal::verify || loss.prove) {
    co_await verify(loss);
  } else {
    lost(loss);
  }
  co_return co_await settled(loss);
}

awaitable<Healing> Supervisor::settled(const Loss& loss) {
  const auto until = std::min(loss.until, home_.timers().now() + config_->recovery_wait);
  Healing healing;
  // A session that is lost while it proves itself has a successor, too.
  for (int proofs = 0; proofs < most_proofs; ++proofs) {
    while (!view_ && !stopping_ && home_.timers().now() < until) {
      const auto state = lifecycle_.state();
      if (!ended_ && (given_up(state) || (proofs > 0 && state == State::backing_off))) break;
      co_await changed_.wait(until, &stop_);
    }
    if (!view_) break;
    if (view_->generation == loss.generation) {
      healing.found = Healing::Found::lives;
      break;
    }
    if (!loss.prove || co_await prove()) {
      healing.found = Healing::Found::renewed;
      break;
    }
  }
  healing.recovery_id = recorder_.current_id();
  const auto* how = lost_sessions_.of(loss.generation);
  healing.session_was_lost = how != nullptr;
  healing.failed_alike = how != nullptr && same_fault(*loss.evidence, *how);
  co_return healing;
}

}  // namespace mooring::upstream
