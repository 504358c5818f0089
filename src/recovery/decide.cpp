#include "recovery/decide.hpp"

#include <algorithm>
#include <array>

#include "recovery/answer_body.hpp"
#include "recovery/rules.hpp"

namespace mooring::recovery {
namespace {

Plan::Heal heal_for(const Conclusion& conclusion) {
  switch (conclusion.action) {
    case Action::reconnect:
      return conclusion.about_session() ? Plan::Heal::rebuild : Plan::Heal::check;
    case Action::verify:
      return Plan::Heal::verify;
    case Action::reauthorize:
      return Plan::Heal::reauthorize;
    case Action::retry:
    case Action::resume:
      return Plan::Heal::check;
    case Action::backoff:
    case Action::none:
      break;
  }
  return Plan::Heal::nothing;
}

struct Verdict {
  bool repeat = false;
  std::string_view because;
};

bool is_harmless(const Attempted& attempted) {
  if (!holds(Rule::unsafe_tools_stay)) return true;
  return attempted.harmless || changes_nothing(attempted.method);
}

/// Whether one more attempt can do harm, by how far the last one got.
Verdict by_delivery(const Attempted& attempted) {
  const bool never = attempted.policy == ReplayPolicy::never;
  switch (attempted.delivery) {
    case Delivery::not_sent:
      return {true, "nothing of the request had left us"};
    case Delivery::refused:
      if (never) return {false, "this server's calls are never repeated once they left us"};
      return {true, "the server took no notice of the request"};
    case Delivery::unknown:
      if (never) return {false, "this server's calls are never repeated once they left us"};
      if (is_harmless(attempted)) return {true, "the request changes nothing"};
      if (attempted.policy == ReplayPolicy::spec && attempted.conclusion.about_session()) {
        return {true, "it was lost together with its session, and the operator lets that repeat"};
      }
      if (!holds(Rule::no_replay_on_unknown)) return {true, "the rule against it is broken"};
      return {false, "it may have run, and a second time could do harm"};
    case Delivery::answered:
      break;
  }
  return {false, "the server has answered it"};
}

/// Whether the number of attempts so far allows another one.
Verdict by_count(const Attempted& attempted) {
  if (attempted.repeats >= max_repeats && holds(Rule::repeat_limit)) {
    return {false, "it was repeated often enough"};
  }
  if (attempted.repeats == 0) return {true, {}};
  if (attempted.conclusion.action == Action::reauthorize) {
    return {false, "new credentials were refused as well"};
  }
  if (attempted.generation_served || attempted.conclusion.about_session()) return {true, {}};
  return {false, "it failed again at once"};
}

/// Statuses with which HTTP itself turns a request away, before anybody looks into it.
bool turned_away(int status) {
  constexpr std::array statuses = {401, 403, 405, 406, 411, 413, 414,
                                   415, 417, 421, 425, 426, 429, 431};
  return std::ranges::find(statuses, status) != statuses.end();
}

}  // namespace

Plan decide(const Attempted& attempted) {
  Plan plan;
  plan.heal = heal_for(attempted.conclusion);
  if (attempted.conclusion.kind == Kind::cancelled) {
    plan.heal = Plan::Heal::nothing;
    plan.repeat = !holds(Rule::cancelled_stays_cancelled);
    plan.because = "the caller gave up";
    return plan;
  }
  if (plan.heal == Plan::Heal::nothing ||
      attempted.conclusion.replay.value_or(Replay::no) == Replay::no) {
    plan.because = "another attempt would fare no better";
    return plan;
  }
  const Verdict delivery = by_delivery(attempted);
  const Verdict count = by_count(attempted);
  plan.repeat = delivery.repeat && count.repeat;
  plan.because = delivery.repeat && !count.repeat ? count.because : delivery.because;
  plan.prove = plan.repeat && attempted.repeats > 0 && attempted.conclusion.about_session() &&
               !attempted.generation_served;
  return plan;
}

bool changes_nothing(std::string_view method) {
  // A second time, those that set something leave what the first time left.
  constexpr std::array<std::string_view, 14> methods = {
      "tools/list",      "resources/list",   "resources/templates/list", "resources/read",
      "prompts/list",    "prompts/get",      "completion/complete",      "ping",
      "server/discover", "logging/setLevel", "resources/subscribe",      "resources/unsubscribe",
      "tasks/get",       "tasks/cancel",
  };
  return std::ranges::find(methods, method) != methods.end();
}

Delivery delivery_of(const Failure& failure, const Conclusion& conclusion) {
  if (failure.delivery == Delivery::not_sent) return Delivery::not_sent;
  if (failure.result) return Delivery::answered;
  if (failure.unprocessed) return Delivery::refused;
  // What broke off may go on in the server, whatever its beginning said.
  if (failure.stage || failure.timed_out || failure.aborted) return Delivery::unknown;
  if (conclusion.replay == Replay::yes) return Delivery::refused;
  if (conclusion.action == Action::verify || conclusion.action == Action::reconnect) {
    return Delivery::unknown;
  }
  if (failure.http_status && turned_away(*failure.http_status)) return Delivery::refused;
  if (conclusion.kind == Kind::tool_error || conclusion.kind == Kind::other) {
    return failure.in_band || read_answer(failure.body).rpc_error ? Delivery::answered
                                                                  : Delivery::unknown;
  }
  if (conclusion.kind == Kind::rate_limited || conclusion.kind == Kind::auth) {
    return failure.in_band ? Delivery::answered : Delivery::unknown;
  }
  return Delivery::unknown;
}

bool same_fault(const Failure& failure, const Failure& probe) {
  const bool answered = failure.http_status || failure.in_band;
  if (!answered || probe.stage || probe.result || failure.http_status != probe.http_status) {
    return false;
  }
  return read_answer(failure.body).code == read_answer(probe.body).code;
}

Conclusion proven_lost(const Failure& failure) {
  const bool failed_inside = failure.http_status.value_or(0) >= 500;
  return {
      .kind = Kind::session_lost,
      .action = Action::reconnect,
      .replay = failed_inside ? Replay::if_safe : Replay::yes,
      .reason = "the same session was asked something harmless and failed alike",
  };
}

}  // namespace mooring::recovery
