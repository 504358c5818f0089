#include "everything/tool_call.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

// A person may have to answer.
constexpr auto answer_time = std::chrono::minutes(5);

constexpr std::array<std::string_view, 8> levels{"debug", "info",     "notice", "warning",
                                                 "error", "critical", "alert",  "emergency"};

}  // namespace

ToolCall::ToolCall(
    World& world, SessionPtr session, protocol::Frame request, gateway::ResponderPtr responder,
    Round* round
)
    : world_(world),
      session_(std::move(session)),
      request_(std::move(request)),
      responder_(std::move(responder)),
      arguments_(protocol::member(request_.params(), "arguments").value_or("{}")),
      round_(round),
      entry_(session_->calls.emplace(std::string(request_.id()), &abort_)) {}

ToolCall::~ToolCall() {
  session_->calls.erase(entry_);
  session_->last_used = world_.timers.now();
}

awaitable<bool> ToolCall::pause(core::Duration time) {
  co_return co_await io::sleep_until(world_.timers, world_.timers.now() + time, &abort_);
}

awaitable<void> ToolCall::wait_for_cancel() {
  io::Event never(world_.executor, world_.timers);
  co_await never.wait(std::nullopt, &abort_);
}

awaitable<void> ToolCall::progress(double done, double total, std::string_view message) {
  if (!wants_progress() || cancelled()) co_return;
  auto params = fmt::format(
      R"({{"progressToken":{},"progress":{},"total":{})", request_.progress_token(), done, total
  );
  if (!message.empty()) params += fmt::format(R"(,"message":{})", protocol::quote(message));
  params += '}';
  co_await responder_->send(protocol::make_notification("notifications/progress", params));
}

awaitable<void> ToolCall::log(std::string_view text) {
  if (!responder_ || log_level("info") < session_->log_level || cancelled()) co_return;
  auto params = fmt::format(
      R"({{"level":"info","logger":"mooring-everything","data":{}}})", protocol::quote(text)
  );
  co_await responder_->send(protocol::make_notification("notifications/message", params));
}

bool ToolCall::client_has(std::string_view capability) const {
  return protocol::member(session_->client->capabilities, capability).has_value();
}

Result<std::string> ToolCall::ask_in_result(
    std::string_view capability, std::string_view method, std::string_view params,
    std::string_view key
) {
  const auto answered = round_->answers.find(std::string(key));
  if (answered != round_->answers.end()) return answered->second;
  if (!client_has(capability)) round_->missing = capability;
  round_->questions.emplace(key, fmt::format(R"({{"method":"{}","params":{}}})", method, params));
  return fail(Reason::unavailable, "asked in the result");
}

awaitable<Result<std::string>> ToolCall::ask(
    std::string_view capability, std::string_view method, std::string_view params,
    std::string_view key
) {
  if (round_ != nullptr) co_return ask_in_result(capability, method, params, key);
  if (!client_has(capability)) {
    co_return fail(Reason::rejected, fmt::format("Client does not support {}", capability));
  }
  if (session_->forgotten.aborted()) co_return fail(Reason::unavailable, "The session is gone");
  auto id = fmt::format("\"server-{}\"", ++world_.last_ask);
  auto pending = std::make_shared<Ask>(world_.executor, world_.timers);
  session_->asks[id] = pending;
  auto gone = session_->forgotten.subscribe([pending] { pending->answered.set(); });
  if (!co_await deliver(protocol::make_request(id, method, params))) {
    session_->asks.erase(id);
    co_return fail(
        Reason::unavailable, "The client does not listen, so nothing can be asked of it"
    );
  }
  bool woken = co_await pending->answered.wait(world_.timers.now() + answer_time, &abort_);
  session_->asks.erase(id);
  if (pending->answer) {
    if (pending->answer->kind() == protocol::Frame::Kind::result) {
      co_return std::string(pending->answer->result());
    }
    co_return fail(
        Reason::rejected,
        "The client refused: " + protocol::string_member(pending->answer->error(), "message")
    );
  }
  if (abort_.aborted()) co_return fail(Reason::cancelled, "Cancelled");
  if (woken) co_return fail(Reason::unavailable, "The session ended before the client answered");
  co_return fail(Reason::timeout, "The client did not answer in time");
}

bool ToolCall::becomes_task() {
  if (round_ == nullptr || !round_->takes_task || !world_.tasks.has_room()) return false;
  return round_->task_taken = true;
}

awaitable<bool> ToolCall::deliver(std::string message) {
  if (world_.options.json_response) {
    if (!session_->outbox) co_return false;
    session_->outbox(std::move(message));
    co_return true;
  }
  co_await responder_->send(std::move(message));
  co_return true;
}

std::string text_result(std::string_view text) {
  return fmt::format(R"({{"content":[{{"type":"text","text":{}}}]}})", protocol::quote(text));
}

std::string error_result(std::string_view text) {
  return fmt::format(
      R"({{"content":[{{"type":"text","text":{}}}],"isError":true}})", protocol::quote(text)
  );
}

std::string structured_result(std::string_view text, std::string_view structured) {
  return fmt::format(
      R"({{"content":[{{"type":"text","text":{}}}],"structuredContent":{}}})",
      protocol::quote(text), structured
  );
}

int log_level(std::string_view name) {
  auto at = std::ranges::find(levels, name);
  return at == levels.end() ? -1 : static_cast<int>(at - levels.begin());
}

}  // namespace mooring::everything
