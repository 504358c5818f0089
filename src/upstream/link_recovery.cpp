// What follows from a failed attempt of a call: conclude, heal, repeat or tell the truth.
#include <algorithm>

#include "protocol/names.hpp"
#include "recovery/rules.hpp"
#include "upstream/attempt.hpp"
#include "upstream/call_errors.hpp"
#include "upstream/evidence.hpp"
#include "upstream/link_verdict.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using recovery::Conclusion;
using recovery::Delivery;
using recovery::Failure;
using recovery::Kind;
using recovery::Plan;

namespace {

constexpr core::Duration longest_pause = std::chrono::seconds(60);

}  // namespace

/// The operator's word, or the server's hints (which are believed only to repeat, never to run).
bool Link::harmless(const Attempt& attempt) const {
  if (recovery::changes_nothing(attempt.frame().method())) return true;
  if (attempt.frame().method() != "tools/call") return false;
  const auto& tool = attempt.name();
  const auto listed = [&](const std::string& pattern) {
    return protocol::matches_pattern(pattern, tool);
  };
  if (std::ranges::any_of(config_->repeatable_tools, listed)) return true;
  if (!snapshot_.catalogue) return false;
  const auto* item = (*snapshot_.catalogue)[ListKind::tools].find(tool);
  return item != nullptr && (item->read_only || item->idempotent);
}

ReplayPolicy Link::replay_policy(const Attempt& attempt) const {
  if (attempt.frame().method() == "tools/call") {
    for (const auto& [pattern, policy] : config_->tool_replay) {
      if (protocol::matches_pattern(pattern, attempt.name())) return policy;
    }
  }
  return config_->replay;
}

Plan Link::plan_for(
    const Attempt& attempt, const SessionView& session, const Conclusion& conclusion,
    Delivery delivery
) const {
  recovery::Attempted attempted;
  attempted.conclusion = conclusion;
  attempted.delivery = delivery;
  attempted.method = attempt.frame().method();
  attempted.harmless = harmless(attempt);
  attempted.policy = replay_policy(attempt);
  attempted.repeats = attempt.repeats;
  attempted.generation_served = session.served->load(std::memory_order_relaxed);
  return recovery::decide(attempted);
}

awaitable<Link::Verdict> Link::judge(
    Attempt& attempt, const Failure& failure, const SessionView& session
) {
  auto conclusion = classify(failure, overrides_);
  auto delivery = delivery_of(failure, conclusion);
  Verdict verdict;
  // Errors of JSON-RPC are answers, in whatever status they come, unless they are about the
  // session.
  if (conclusion.action == recovery::Action::none || failure.in_band) {
    verdict.what = Verdict::What::answer;
    if (failure.in_band && !conclusion.about_session()) co_return verdict;
    if (!failure.in_band && (verdict.answer = answer_inside(failure, attempt.id))) {
      if (co_await mended_headers(attempt, session, *verdict.answer)) {
        verdict.what = Verdict::What::repeat;
        verdict.same_session = true;
      }
      co_return verdict;
    }
    verdict.what = Verdict::What::error;
  }
  heed(failure, conclusion);
  const auto until = worker_.timers().now() + config_->recovery_wait;
  auto plan = plan_for(attempt, session, conclusion, delivery);
  auto healing = co_await heal(attempt, session, failure, plan, conclusion.kind, until);
  if (plan.heal == Plan::Heal::verify && !attempt.over()) {
    if (!healing.session_was_lost) {
      // The session lives: what was said about it, or not, was the answer.
      if (failure.in_band) {
        verdict.what = Verdict::What::answer;
        co_return verdict;
      }
      if ((verdict.answer = answer_inside(failure, attempt.id))) {
        verdict.what = Verdict::What::answer;
        co_return verdict;
      }
      if (healing.found == Healing::Found::lives) {
        plan.repeat = false;
        plan.because = "its session lives, so that was the answer";
      }
    } else {
      conclusion = recovery::proven_lost(failure);
      // An answer that the session's check cannot have given may have come after the work.
      if (failure.in_band && !healing.failed_alike) conclusion.replay = recovery::Replay::if_safe;
      delivery = delivery_of(failure, conclusion);
      plan = plan_for(attempt, session, conclusion, delivery);
      healing = co_await heal(attempt, session, failure, plan, conclusion.kind, until);
    }
  }
  if (attempt.over()) {
    verdict.error = given_up_waiting(attempt, delivery);
    co_return verdict;
  }
  const bool needs_newer = plan.heal == Plan::Heal::rebuild || plan.heal == Plan::Heal::reauthorize;
  const bool stands = plan.heal == Plan::Heal::nothing ||
                      healing.found == Healing::Found::renewed ||
                      (healing.found == Healing::Found::lives && !needs_newer);
  if (plan.repeat && stands) {
    verdict.what = Verdict::What::repeat;
    attempt.may_have_run |= delivery == Delivery::unknown;
    verdict.same_session =
        plan.heal == Plan::Heal::nothing ||
        (plan.heal == Plan::Heal::check && healing.found == Healing::Found::lives);
    co_return verdict;
  }
  // A token endpoint in trouble needs no person: only a sign-in that ended does, or too small a
  // one.
  const bool login = conclusion.kind == Kind::auth && plan.heal == Plan::Heal::reauthorize &&
                     !snapshot_.login.empty() &&
                     (snapshot_.state == State::login_needed || failure.http_status == 403);
  auto because = plan.because;
  if (plan.repeat && !stands)
    because = login ? "a new login is needed" : "no session came back in time";
  verdict.error = failed(name(), failure, conclusion, delivery, because, pause_after(failure));
  verdict.error->recovery_id = attempt.recovery_id;
  if (login) ask_for_login(*verdict.error, snapshot_.login);
  if (plan.repeat && snapshot_.next_probe) {
    const auto left = *snapshot_.next_probe - worker_.timers().now();
    verdict.error->retry_after =
        std::max(std::chrono::duration_cast<core::Duration>(left), core::Duration{0});
  }
  co_return verdict;
}

/// Waits for the Supervisor, at most until the call is over: the healing goes on without it.
awaitable<Healing> Link::heal(
    Attempt& attempt, const SessionView& session, const Failure& failure, const Plan& plan,
    Kind kind, core::TimePoint until
) {
  struct Pending {
    explicit Pending(io::Worker& worker) : ended(worker.executor(), worker.timers()) {}
    io::Event ended;
    Healing healing;
  };
  const auto supervisor = supervisor_.lock();
  if (!supervisor || plan.heal == Plan::Heal::nothing) co_return Healing{};
  if (!recovery::holds(recovery::Rule::newer_generation)) {
    Healing imagined;
    imagined.found = Healing::Found::renewed;
    co_return imagined;
  }
  if (attempt.lost_generation == 0 && plan.heal != Plan::Heal::verify)
    attempt.lost_generation = session.generation;
  Loss loss;
  loss.generation = session.generation;
  loss.heal = plan.heal;
  loss.prove = plan.prove;
  loss.kind = kind;
  loss.evidence = std::make_shared<const Failure>(failure);
  loss.idle_before = attempt.idle_before;
  loss.until = until;
  // Who will not be repeated need not wait for a new session, only for the word on this one.
  if (!plan.repeat && plan.heal != Plan::Heal::verify) loss.until = worker_.timers().now();
  const auto pending = std::make_shared<Pending>(worker_);
  tasks_.spawn(
      [](std::shared_ptr<Supervisor> by, std::shared_ptr<Pending> result,
         Loss what) -> awaitable<void> {
        result->healing = co_await by->heal(std::move(what));
        result->ended.set();
      }(supervisor, pending, std::move(loss))
  );
  co_await pending->ended.wait(std::nullopt, &attempt.abort);
  if (!pending->healing.recovery_id.empty()) attempt.recovery_id = pending->healing.recovery_id;
  co_return pending->healing;
}

/// The call ended while its session was being healed.
CallError Link::given_up_waiting(const Attempt& attempt, Delivery delivery) const {
  const auto& method = attempt.frame().method();
  auto error = attempt.timed_out       ? timed_out(name(), method, attempt.timeout, delivery)
               : attempt.session_ended ? session_ended(name(), method, delivery, harmless(attempt))
                                       : cancelled(name(), method, delivery);
  error.recovery_id = attempt.recovery_id;
  return error;
}

/// What a call that got no answer means for the breaker and the record.
void Link::settle(Attempt& attempt, CallError& error) {
  if (attempt.may_have_run) error = ran_earlier(std::move(error), harmless(attempt));
  const auto supervisor = supervisor_.lock();
  if (!supervisor) return;
  if (attempt.lost_generation != 0) {
    supervisor->account(
        attempt.lost_generation,
        error.not_executed() ? Recorder::Fate::failed : Recorder::Fate::unknown
    );
  }
  // A call that was never sent says nothing about the server.
  if (attempt.id.empty() || attempt.frame().method() != "tools/call") return;
  const bool strike = attempt.timed_out || error.kind == to_string(Kind::transient) ||
                      error.kind == to_string(Kind::session_lost) ||
                      error.kind == to_string(Kind::not_initialized);
  if (!strike || attempt.session_ended) return;
  attempt.half_open = false;
  supervisor->settle(Supervisor::Strike::failure, attempt.generation);
}

std::optional<core::Duration> Link::pause_after(const Failure& failure) const {
  const auto asked = retry_after(failure);
  return asked ? std::optional(std::min(*asked, longest_pause)) : std::nullopt;
}

/// A pause the server asks for holds for every call of this worker.
void Link::heed(const Failure& failure, const Conclusion& conclusion) {
  if (conclusion.action != recovery::Action::backoff) return;
  const auto pause = pause_after(failure);
  if (pause) pause_until() = std::max(pause_until(), worker_.timers().now() + *pause);
}

/// Each link has its own; the simulation breaks that to show that it would notice.
core::TimePoint& Link::pause_until() {
  static core::TimePoint shared;
  return recovery::holds(recovery::Rule::upstreams_are_apart) ? not_before_ : shared;
}

}  // namespace mooring::upstream
