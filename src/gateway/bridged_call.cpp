#include "gateway/bridged_call.hpp"

#include <fmt/format.h>

#include "gateway/relay.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::gateway {

using protocol::Frame;

namespace {
constexpr std::size_t most_kept = std::size_t{4} << 20;  ///< bytes of a result nobody takes
}

BridgedCall::BridgedCall(Router& router, ClientSessionPtr session, CallState state)
    : router_(router), session_(std::move(session)), state_(std::move(state)) {}

BridgedCall::~BridgedCall() { router_.worker_.timers().cancel(forget_); }

std::string BridgedCall::call_is_gone() {
  protocol::ErrorData data;
  data.kind = "session_lost";
  data.delivery = "unknown";
  data.outcome = "unknown";
  data.advice = "The call may have run; check its effect before you begin it again.";
  return protocol::make_error(
      "0", protocol::internal_error, "the call that this requestState belongs to is gone", data
  );
}

void BridgedCall::resume(std::shared_ptr<Leg> leg, std::uint64_t round, std::string_view answers) {
  if (leg_) {
    return leg->end(protocol::make_error(
        "0", protocol::invalid_params, "another request goes on with this call already"
    ));
  }
  leg_ = std::move(leg);
  if (round == state_.round) take(answers);
  if (response_) {
    std::exchange(leg_, nullptr)->end(std::move(*response_));
    router_.forget_bridged(state_.call);
  } else if (!questions_.empty()) {
    ask();  // Also when the result with the newest state was lost on its way.
  }
}

void BridgedCall::take(std::string_view answers) {
  std::vector<std::string> answered;
  for (const auto& [id, question] : questions_) {
    const auto answer = protocol::member(answers, protocol::unescape(id));
    if (!answer || !protocol::is_object(*answer)) continue;
    answered.push_back(id);
    if (auto frame = Frame::parse(protocol::make_result(id, *answer)))
      router_.client_requests_.complete(session_->key, std::move(*frame));
  }
  for (const auto& id : answered) questions_.erase(id);
}

/// Ends the leg at hand with everything that the server wants to know.
void BridgedCall::ask() {
  std::string requests = "{}";
  for (const auto& [id, question] : questions_)
    requests = protocol::with_member(requests, protocol::unescape(id), question);
  ++state_.round;
  state_.expires = std::chrono::system_clock::now() + router_.shared_.bridge_wait;
  asked_ = leg_;
  std::exchange(leg_, nullptr)
      ->end(protocol::make_result(
          "0", fmt::format(
                   R"({{"resultType":"input_required","inputRequests":{},"requestState":"{}"}})",
                   requests, state_.seal(*router_.shared_.sealer)
               )
      ));
}

void BridgedCall::leave(const Leg& leg, std::string reason) {
  const auto asked = asked_.lock();
  if (leg_.get() == &leg || (!leg_ && asked.get() == &leg)) abort(std::move(reason));
}

void BridgedCall::abort(std::string reason) {
  if (flight_ == nullptr) return;
  flight_->reason = std::move(reason);
  flight_->abort.abort();
}

awaitable<void> BridgedCall::send(std::string message) {
  const auto frame = Frame::parse(message);
  if (!frame) co_return;
  if (frame->is_request()) {
    questions_.emplace(
        frame->id(), fmt::format(
                         R"({{"method":{},"params":{}}})", protocol::quote(frame->method()),
                         frame->params().empty() ? "{}" : frame->params()
                     )
    );
    if (leg_) ask();
    co_return;
  }
  if (frame->method() == "notifications/cancelled") {
    questions_.erase(std::string(frame->request_id()));
    const auto reason = protocol::string_member(frame->params(), "reason");
    if (reason == no_answer_in_time && !leg_) abort("the client did not come back with an answer");
  } else if (leg_) {
    leg_->put(*frame);
  }
}

awaitable<void> BridgedCall::finish(std::string response) {
  if (leg_) {
    std::exchange(leg_, nullptr)->end(std::move(response));
    router_.forget_bridged(state_.call);
    co_return;
  }
  response_ = response.size() <= most_kept ? std::move(response) : call_is_gone();
  forget_ = router_.worker_.timers().arm_after(
      router_.shared_.bridge_wait,
      [&router = router_, call = state_.call] { router.forget_bridged(call); }
  );
}

awaitable<bool> BridgedCall::finish_part(std::string_view bytes) {
  parts_ += bytes;
  co_return true;
}

awaitable<void> BridgedCall::finish_end(bool ok) {
  co_await finish(ok ? std::move(parts_) : broken_result("0"));
}

}  // namespace mooring::gateway
