#include "everything/modern_side.hpp"

#include <fmt/format.h>

#include <climits>
#include <memory>
#include <mooring/version.hpp>

#include "everything/answers.hpp"
#include "everything/tool_call.hpp"
#include "gateway/call_state.hpp"
#include "gateway/header_check.hpp"
#include "gateway/listen_filter.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::everything {

using protocol::Frame;

namespace {

constexpr std::string_view state_context = "everything-request-state";

std::string discovery() {
  const auto result = fmt::format(
      R"({{"supportedVersions":["{}"],"capabilities":{{"tools":{{"listChanged":true}},)"
      R"("resources":{{"subscribe":true,"listChanged":true}},"prompts":{{"listChanged":true}},)"
      R"("logging":{{}},"completions":{{}},"extensions":{{"{}":{{}}}}}},)"
      R"("instructions":"A server that has everything: made for tests and demonstrations."}})",
      protocol::to_string(protocol::latest_modern), protocol::tasks_extension
  );
  const auto info = fmt::format(
      R"({{"name":"mooring-everything","title":"Mooring Everything","version":"{}"}})",
      MOORING_VERSION
  );
  return protocol::with_meta(result, protocol::meta_server_info, info);
}

void take_answers(Round& round, std::string_view object) {
  protocol::for_each_member(object, [&](std::string_view key, std::string_view value) {
    if (protocol::is_object(value))
      round.answers.insert_or_assign(protocol::unescape(key), std::string(value));
    return true;
  });
}

/// What the state of an earlier round holds: the request it belongs to, and the answers so far.
/// False: it is not ours, or of another request.
bool take_state(Round& round, const Frame& request, const core::Sealer& sealer) {
  const auto token = protocol::member(request.params(), "requestState");
  if (!token) return true;
  const auto plain = sealer.open(protocol::unescape(*token), state_context);
  if (!plain || protocol::string_member(*plain, "request") != gateway::request_digest(request))
    return false;
  take_answers(round, protocol::member(*plain, "answers").value_or("{}"));
  return true;
}

std::string input_required(const Round& round, const Frame& request, const core::Sealer& sealer) {
  std::string questions = "{}";
  std::string answers = "{}";
  for (const auto& [key, question] : round.questions)
    questions = protocol::with_member(questions, key, question);
  for (const auto& [key, answer] : round.answers)
    answers = protocol::with_member(answers, key, answer);
  const auto state =
      fmt::format(R"({{"request":"{}","answers":{}}})", gateway::request_digest(request), answers);
  return fmt::format(
      R"({{"resultType":"input_required","inputRequests":{},"requestState":"{}"}})", questions,
      sealer.seal(state, state_context)
  );
}

/// What a listen will hear of, as its acknowledgement says it.
std::string acknowledged(const gateway::ListenFilter& filter, const std::set<std::string>& tasks) {
  if (tasks.empty()) return filter.to_json();
  std::string ids;
  for (const auto& id : tasks) ids += (ids.empty() ? "" : ",") + protocol::quote(id);
  return protocol::with_member(filter.to_json(), "taskIds", fmt::format("[{}]", ids));
}

}  // namespace

awaitable<void> ModernSide::request(
    gateway::ClientSessionPtr client, Frame request, gateway::ResponderPtr responder
) {
  const auto session = std::make_shared<Session>();
  session->client = client;
  session->log_level = client->log_level.empty() ? INT_MAX : log_level(client->log_level);
  const auto entry = running_.emplace(client->key, session);
  const std::string id(request.id());
  const auto& method = request.method();
  std::string said;
  if (method == "subscriptions/listen") {
    co_await listen(session, request, *responder);
  } else if (method == "server/discover") {
    said = protocol::make_result(id, discovery());
  } else if (protocol::is_removed(method)) {
    said = protocol::make_error(id, protocol::method_not_found, "Method not found: " + method);
  } else if (Tasks::serves(method)) {
    said = response(id, world_.tasks.answer(*client, request));
  } else if (const auto* tool = world_.runs(*client, request)) {
    said = co_await run(*tool, session, std::move(request), responder);
  } else {
    said = response(id, answer(world_, *session, request));
  }
  running_.erase(entry);
  if (!said.empty()) co_await responder->finish(std::move(said));
}

awaitable<std::string> ModernSide::run(
    const Tool& tool, SessionPtr session, Frame request, gateway::ResponderPtr responder
) {
  const std::string id(request.id());
  const auto schema = protocol::member(tool.definition, "inputSchema").value_or("{}");
  auto mismatch = gateway::header_mismatch(*session->client, request, schema);
  if (!mismatch.empty()) co_return mismatch;
  Round round;
  round.takes_task = takes_tasks(*session->client);
  if (tool.task_only && !round.takes_task)
    co_return response(id, std::unexpected(tasks_not_declared()));
  if (!take_state(round, request, world_.sealer)) {
    co_return protocol::make_error(
        id, protocol::invalid_params, "requestState is not valid for this request"
    );
  }
  take_answers(round, protocol::member(request.params(), "inputResponses").value_or("{}"));
  const auto handler = tool.run;
  const auto client = session->client;
  auto copy = request;
  ToolCall call(world_, std::move(session), std::move(request), std::move(responder), &round);
  const auto result = co_await handler(call);
  if (call.cancelled()) co_return protocol::make_error(id, 0, "Request cancelled");
  if (!round.missing.empty()) {
    const auto required = fmt::format(R"({{"{}":{{}}}})", round.missing);
    co_return response(id, std::unexpected(missing_capability(required)));
  }
  if (!round.questions.empty())
    co_return protocol::make_result(id, input_required(round, copy, world_.sealer));
  if (round.task_taken) {
    co_return protocol::make_result(
        id, world_.tasks.begin(client, std::move(copy), handler, std::move(round.answers))
    );
  }
  if (call.refusal()) co_return response(id, std::unexpected(*call.refusal()));
  co_return protocol::make_result(id, result);
}

awaitable<void> ModernSide::listen(
    SessionPtr session, const Frame& request, gateway::Responder& responder
) {
  const std::string id(request.id());
  const auto filter = gateway::ListenFilter::read(request.params());
  if (!filter) {
    co_return co_await responder.finish(
        protocol::make_error(id, protocol::invalid_params, filter.error())
    );
  }
  auto tasks = world_.tasks.watched(*session->client, request.params());
  if (!tasks) co_return co_await responder.finish(response(id, std::unexpected(tasks.error())));
  const auto honoured = acknowledged(*filter, *tasks);
  session->tasks = std::move(*tasks);
  std::deque<std::string> waiting;
  io::Event arrived(world_.executor, world_.timers);
  session->subscriptions.insert(filter->uris.begin(), filter->uris.end());
  session->outbox = [&](std::string message) {
    const auto frame = Frame::parse(std::move(message));
    // Of tasks, only those that were asked for come here.
    if (!frame || !(filter->wants(*frame) || frame->method() == "notifications/tasks")) return;
    waiting.push_back(gateway::tagged(*frame, id).bytes());
    arrived.notify();
  };
  io::AbortSource abort;
  const auto entry = session->calls.emplace(id, &abort);
  world_.listens.insert(session);
  co_await responder.send(protocol::make_notification(
      "notifications/subscriptions/acknowledged",
      protocol::with_meta(
          fmt::format(R"({{"notifications":{}}})", honoured), protocol::meta_subscription_id, id
      )
  ));
  while (!abort.aborted()) {
    if (waiting.empty()) {
      co_await arrived.wait(std::nullopt, &abort);
      continue;
    }
    auto message = std::move(waiting.front());
    waiting.pop_front();
    co_await responder.send(std::move(message));
  }
  world_.listens.erase(session);
  session->outbox = nullptr;
  session->calls.erase(entry);
  co_await responder.finish(
      protocol::make_result(id, protocol::with_meta("{}", protocol::meta_subscription_id, id))
  );
}

void ModernSide::notice(const gateway::ClientSession& client, const Frame& message) {
  if (message.method() != "notifications/cancelled") return;
  const auto [from, to] = running_.equal_range(client.key);
  for (auto each = from; each != to; ++each) {
    const auto call = each->second->calls.find(std::string(message.request_id()));
    if (call == each->second->calls.end()) continue;
    call->second->abort();
    return;
  }
}

void ModernSide::shut_down() {
  for (const auto& [key, session] : running_) {
    for (const auto& [id, abort] : session->calls) abort->abort();
  }
}

}  // namespace mooring::everything
