#include "upstream/call_errors.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "recovery/rules.hpp"

namespace mooring::upstream {

using recovery::Delivery;

namespace {

core::Duration until(core::TimePoint at, core::TimePoint now) {
  return std::max(std::chrono::duration_cast<core::Duration>(at - now), core::Duration{0});
}

long long seconds(core::Duration duration) {
  return std::chrono::ceil<std::chrono::seconds>(duration).count();
}

std::string_view advice_on(const CallError& error) {
  return error.not_executed() ? "The call did not run; it is safe to repeat it."
                              : "The call may have run; check its effect before you repeat it.";
}

CallError made(std::string kind, Delivery delivery, std::string message) {
  CallError error;
  error.kind = std::move(kind);
  error.delivery = delivery;
  if (!recovery::holds(recovery::Rule::truthful_outcome)) error.delivery = Delivery::not_sent;
  error.retryable = error.not_executed();
  error.message = std::move(message);
  error.advice = advice_on(error);
  return error;
}

}  // namespace

CallError unavailable(std::string_view server, const Snapshot& snapshot, core::TimePoint now) {
  auto error = made("unavailable", Delivery::not_sent, {});
  const auto because = snapshot.last_error.empty() ? std::string() : ": " + snapshot.last_error;
  if (snapshot.next_probe) error.retry_after = until(*snapshot.next_probe, now);
  switch (snapshot.state) {
    case State::disabled:
    case State::stopped:
      error.retryable = false;
      error.message = fmt::format("server {} is {}", server, to_string(snapshot.state));
      error.advice = "Enable the server in the configuration and reload.";
      break;
    case State::login_needed:
      error.kind = "auth";
      error.retry_after.reset();
      error.message = fmt::format("server {} needs a login{}", server, because);
      ask_for_login(error, snapshot.login);
      break;
    case State::parked:
    case State::failed:
      error.message = fmt::format(
          "server {} is unavailable ({}), next probe in {} s{}", server, to_string(snapshot.state),
          seconds(error.retry_after.value_or(core::Duration{0})), because
      );
      error.advice =
          "Use another tool, or try again after the next probe; `mooring status` shows why it is "
          "away.";
      break;
    default:
      error.message = fmt::format("server {} is {}{}", server, to_string(snapshot.state), because);
      error.advice = "The call was not sent; try again in a few seconds.";
      if (!error.retry_after) error.retry_after = std::chrono::seconds(5);
  }
  return error;
}

void ask_for_login(CallError& error, std::string_view command) {
  error.retryable = false;
  error.login = command;
  error.advice = fmt::format(
      "Ask the operator of this gateway to run `{}` and to sign in; no retry helps before that.",
      command
  );
}

CallError breaker_open(std::string_view server, const Snapshot& snapshot, core::TimePoint now) {
  const auto left =
      snapshot.breaker_open_until ? until(*snapshot.breaker_open_until, now) : core::Duration{0};
  auto error = made(
      "unavailable", Delivery::not_sent,
      fmt::format(
          "server {}: its last calls all failed ({}), so no more are sent for now; try again in {} "
          "s",
          server, snapshot.failure_kind.empty() ? "transient" : snapshot.failure_kind, seconds(left)
      )
  );
  error.retry_after = left;
  error.advice = "The call was not sent; use another tool, or try again when the time has passed.";
  return error;
}

CallError asked_to_wait(std::string_view server, core::Duration left) {
  auto error = made(
      "rate_limited", Delivery::not_sent,
      fmt::format("server {} asked for a pause; try again in {} s", server, seconds(left))
  );
  error.retry_after = left;
  error.advice = "The call was not sent; send fewer calls, and this one again after the pause.";
  return error;
}

CallError timed_out(
    std::string_view server, std::string_view method, core::Duration timeout, Delivery delivery
) {
  return made(
      "timeout", delivery,
      fmt::format(
          "{}: no answer to {} within {} s", server, method,
          std::chrono::duration<double>(timeout).count()
      )
  );
}

CallError undone(std::string_view server, std::string_view what) {
  return made("other", Delivery::unknown, fmt::format("{}: {}", server, what));
}

CallError cancelled(std::string_view server, std::string_view method, Delivery delivery) {
  return made("cancelled", delivery, fmt::format("{}: {} was cancelled", server, method));
}

CallError session_ended(
    std::string_view server, std::string_view method, Delivery delivery, bool harmless
) {
  auto error = made(
      "transient", delivery,
      fmt::format("{}: a reconnect was asked for while {} ran", server, method)
  );
  if (harmless) {
    error.retryable = true;
    error.advice = "It changes nothing at the server; it is safe to repeat it.";
  }
  return error;
}

CallError ran_earlier(CallError error, bool harmless) {
  if (!error.not_executed() || !recovery::holds(recovery::Rule::truthful_outcome)) return error;
  error.delivery = Delivery::unknown;
  error.retryable = error.retryable && harmless;
  error.advice = harmless ? "It changes nothing at the server; it is safe to repeat it."
                          : std::string(advice_on(error));
  return error;
}

CallError failed(
    std::string_view server, const recovery::Failure& failure,
    const recovery::Conclusion& conclusion, Delivery delivery, std::string_view because,
    std::optional<core::Duration> retry_after
) {
  const auto what = recovery::describe(failure);
  auto error = made(std::string(to_string(conclusion.kind)), delivery, {});
  error.message = because.empty() ? fmt::format("{}: {}", server, what)
                                  : fmt::format("{}: {} ({})", server, what, because);
  error.retry_after = retry_after;
  if (conclusion.kind == recovery::Kind::auth) {
    error.retryable = false;
    error.advice = "Check the credentials of this server in the configuration.";
  } else if (conclusion.kind == recovery::Kind::rate_limited) {
    error.advice = "The server asks for fewer calls; wait before you repeat it.";
  }
  return error;
}

}  // namespace mooring::upstream
