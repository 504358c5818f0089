#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/call_state.hpp"
#include "gateway/front.hpp"
#include "gateway/leg.hpp"
#include "gateway/router.hpp"

namespace mooring::gateway {

/// A call of a modern client to a server of the legacy era, which may ask the client things while
/// the call runs. A modern client is asked in a result (`input_required`): the call then goes on
/// without it, and the client's retry, another request on any worker, brings the answers and takes
/// what follows. So a call has one leg after another; between them it waits. On the worker on which
/// it began.
class BridgedCall final : public Responder, public std::enable_shared_from_this<BridgedCall> {
 public:
  /// `state` names it; `session` is its own.
  BridgedCall(Router& router, ClientSessionPtr session, CallState state);
  ~BridgedCall() override;

  const ClientSessionPtr& session() const { return session_; }
  /// What ends the call before its time; while it runs.
  void runs(Router::Flight* flight) { flight_ = flight; }

  /// The response to a retry whose call has ended, or belongs to another process: whether it ran is
  /// not known here any more.
  static std::string call_is_gone();

  /// A client takes over, with the answers of `inputResponses` (a raw object).
  void resume(std::shared_ptr<Leg> leg, std::uint64_t round, std::string_view answers);
  /// The client of this leg has given up; so has the call, if it is the leg at hand.
  void leave(const Leg& leg, std::string reason);

  // What the call says:
  awaitable<void> send(std::string message) override;
  awaitable<void> finish(std::string response) override;
  awaitable<bool> finish_part(std::string_view bytes) override;
  awaitable<void> finish_end(bool ok) override;

 private:
  void take(std::string_view answers);
  void ask();
  void abort(std::string reason);

  Router& router_;
  ClientSessionPtr session_;
  CallState state_;
  Router::Flight* flight_ = nullptr;
  std::shared_ptr<Leg> leg_;                      ///< empty: it waits for the next one
  std::weak_ptr<Leg> asked_;                      ///< the last one that ended with questions
  std::map<std::string, std::string> questions_;  ///< raw requests without answer, by raw id
  std::optional<std::string> response_;           ///< came while nobody was there to take it
  std::string parts_;
  core::Timers::Id forget_ = 0;
};

}  // namespace mooring::gateway
