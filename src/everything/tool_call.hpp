#pragma once

#include <map>
#include <mooring/result.hpp>
#include <string>
#include <string_view>

#include "everything/arguments.hpp"
#include "everything/rpc_error.hpp"
#include "everything/world.hpp"
#include "gateway/front.hpp"
#include "io/async.hpp"
#include "protocol/frame.hpp"

namespace mooring::everything {

/// What a modern client was asked and has answered during one call (2026-07-28 "Multi Round-Trip
/// Requests"). A call runs anew in every round; what was answered before is known by then.
struct Round {
  std::map<std::string, std::string> answers;    ///< raw result objects, by key
  std::map<std::string, std::string> questions;  ///< raw requests without answer, by key
  std::string missing;                           ///< capability that the client should have
  bool takes_task = false;                       ///< the client does, instead of a result
  bool task_taken = false;                       ///< the call goes on as a task
};

/// One running tools/call: what a tool sees of its caller.
class ToolCall {
 public:
  /// Without a responder it is a task's: the client hears neither progress nor log.
  ToolCall(
      World& world, SessionPtr session, protocol::Frame request, gateway::ResponderPtr responder,
      Round* round = nullptr
  );
  ~ToolCall();
  ToolCall(const ToolCall&) = delete;
  ToolCall& operator=(const ToolCall&) = delete;

  World& world() { return world_; }
  const std::string& tool() const { return request_.name(); }
  const Arguments& arguments() const { return arguments_; }
  bool wants_progress() const { return responder_ && !request_.progress_token().empty(); }
  bool cancelled() const { return abort_.aborted(); }

  /// False when the call was cancelled meanwhile.
  awaitable<bool> pause(core::Duration time);
  /// Waits until the call is cancelled.
  awaitable<void> wait_for_cancel();
  /// Nothing without a progress token.
  awaitable<void> progress(double done, double total, std::string_view message = {});
  /// notifications/message of level info, unless the client set a higher level.
  awaitable<void> log(std::string_view text);
  bool client_has(std::string_view capability) const;
  /// Sends a request to the client and waits for its result object. `capability` is the client's
  /// that it takes, `key` what the question is called in the modern era; there a tool goes on after
  /// an error here, so that one round asks everything, and what it returns then does not count.
  awaitable<Result<std::string>> ask(
      std::string_view capability, std::string_view method, std::string_view params,
      std::string_view key = "question"
  );
  /// True where the rest of the work is a task's: the tool returns at once, what it returns does
  /// not count, and it runs anew as a task, in which this is false. After what it asks before that.
  bool becomes_task();
  /// The call is answered with this error, whatever the tool returns.
  void refuse(RpcError error) { refusal_ = std::move(error); }
  const std::optional<RpcError>& refusal() const { return refusal_; }
  /// Cuts the connection under the answer; the stream stays resumable.
  void disconnect() {
    if (responder_) responder_->disconnect();
  }

 private:
  Result<std::string> ask_in_result(
      std::string_view capability, std::string_view method, std::string_view params,
      std::string_view key
  );
  awaitable<bool> deliver(std::string message);

  World& world_;
  SessionPtr session_;
  protocol::Frame request_;
  gateway::ResponderPtr responder_;
  Arguments arguments_;
  Round* round_;  ///< of a modern client
  std::optional<RpcError> refusal_;
  io::AbortSource abort_;
  std::multimap<std::string, io::AbortSource*>::iterator entry_;
};

/// Result objects.
std::string text_result(std::string_view text);
std::string error_result(std::string_view text);
/// `structured` raw JSON object.
std::string structured_result(std::string_view text, std::string_view structured);

/// Position of a level of notifications/message, debug = 0; −1: no such level.
int log_level(std::string_view name);

}  // namespace mooring::everything
