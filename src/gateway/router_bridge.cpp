// Calls of modern clients to servers of the legacy era, which ask while a call runs.
#include <fmt/format.h>

#include <algorithm>

#include "gateway/bridged_call.hpp"
#include "gateway/leg.hpp"
#include "gateway/modern_responder.hpp"
#include "gateway/own_sessions.hpp"
#include "gateway/router.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

using protocol::Frame;

namespace {
constexpr std::size_t most_bridged = 10'000;  ///< calls of one worker
}

awaitable<void> Router::bridge(
    ClientSessionPtr session, const Frame& request, Frame legacy, ResponderPtr responder,
    Flight& flight
) {
  const auto leg = std::make_shared<Leg>(worker_, request, session->log_level);
  const auto token = protocol::member(request.params(), "requestState");
  CallState state;
  if (!token) {
    state = begin_bridged(*session, request, std::move(legacy), leg);
  } else if (auto given = bridged_state(*session, request, protocol::unescape(*token)); !given) {
    leg->end(protocol::make_error(
        "0", protocol::invalid_params, "this requestState is not valid for this request"
    ));
  } else if (given->worker >= peers_.size() || given->expires <= std::chrono::system_clock::now()) {
    leg->end(BridgedCall::call_is_gone());
  } else {
    state = std::move(*given);
    const auto answers = protocol::member(request.params(), "inputResponses").value_or("{}");
    on_bridged(state, leg, [leg, round = state.round, answers = std::string(answers)](auto& call) {
      call.resume(leg, round, answers);
    });
  }
  if (co_await leg->deliver(*responder, flight.abort)) co_return;
  on_bridged(state, leg, [leg, reason = flight.reason](auto& call) { call.leave(*leg, reason); });
  io::AbortSource never;
  co_await leg->deliver(*responder, never);
}

CallState Router::begin_bridged(
    const ClientSession& session, const Frame& request, Frame legacy, std::shared_ptr<Leg> leg
) {
  CallState state{
      .call = fmt::format("{}-{}-{}", shared_.boot, worker_.index(), ++last_bridged_),
      .worker = worker_.index(),
      .principal = session.principal,
      .endpoint = session.endpoint,
      .digest = request_digest(request),
      .expires = {},
  };
  const auto of_client = std::ranges::count_if(bridged_, [&](const auto& entry) {
    return entry.second->session()->principal == session.principal;
  });
  const bool named = !session.principal.empty();
  if (bridged_.size() >= most_bridged ||
      (named && static_cast<std::size_t>(of_client) >= shared_.requests_per_session)) {
    leg->end(protocol::make_error(
        "0", protocol::internal_error, "too many calls wait for their clients; try again later"
    ));
    return state;
  }
  // Its requests are answered to it, and not to the request that began it.
  auto own = session;
  own.key = state.call;
  own.log_level = "debug";  // Each leg hears what its own request wants.
  const auto call = std::make_shared<BridgedCall>(
      *this, std::make_shared<const ClientSession>(std::move(own)), state
  );
  call->resume(std::move(leg), state.round, "{}");
  bridged_.emplace(state.call, call);
  relays_.spawn(run_bridged(call, std::move(legacy)));
  return state;
}

awaitable<void> Router::run_bridged(std::shared_ptr<BridgedCall> call, Frame request) {
  const auto answer = std::make_shared<ModernResponder>(call, call->session(), request, true);
  Flight flight(*this, *call->session(), request);
  call->runs(&flight);
  if (flight.refusal.empty()) {
    co_await this->call(call->session(), request, answer, flight);
  } else {
    co_await answer->finish(flight.refusal);
  }
  call->runs(nullptr);
}

/// Nothing: no state of ours, or not for this request of this client.
std::optional<CallState> Router::bridged_state(
    const ClientSession& session, const Frame& request, std::string_view token
) const {
  auto state = CallState::open(*shared_.sealer, token);
  const bool fits = state && state->principal == session.principal &&
                    state->endpoint == session.endpoint && state->digest == request_digest(request);
  return fits ? std::move(state) : std::nullopt;
}

/// Runs `what` with the call on its worker; where it is gone, the leg ends.
void Router::on_bridged(
    const CallState& state, std::shared_ptr<Leg> leg, std::function<void(BridgedCall&)> what
) {
  auto* home = peers_[state.worker];
  home->worker_.post([home, name = state.call, leg = std::move(leg), what = std::move(what)] {
    const auto found = home->bridged_.find(name);
    if (found != home->bridged_.end()) {
      const auto call = found->second;
      return what(*call);
    }
    leg->end(BridgedCall::call_is_gone());
  });
}

void Router::forget_bridged(const std::string& call) {
  if (shared_.own != nullptr) shared_.own->end(call);
  bridged_.erase(call);
}

}  // namespace mooring::gateway
