#include "everything/tasks.hpp"

#include <fmt/format.h>

#include "core/random.hpp"
#include "everything/tool_call.hpp"
#include "everything/world.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::everything {
namespace {

constexpr std::size_t id_bytes = 18;  ///< of randomness: an id is all that protects a task
constexpr std::size_t most_watched = 1000;

std::unexpected<RpcError> invalid(std::string what) {
  return std::unexpected(RpcError{protocol::invalid_params, std::move(what)});
}

std::string to_json(const RpcError& error) {
  auto json =
      fmt::format(R"({{"code":{},"message":{}}})", error.code, protocol::quote(error.message));
  return error.data.empty() ? json : protocol::with_member(json, "data", error.data);
}

}  // namespace

bool takes_tasks(const gateway::ClientSession& client) {
  const auto extensions = protocol::member(client.capabilities, "extensions");
  return extensions && protocol::member(*extensions, protocol::tasks_extension).has_value();
}

RpcError tasks_not_declared() {
  return missing_capability(
      fmt::format(R"({{"extensions":{{"{}":{{}}}}}})", protocol::tasks_extension)
  );
}

Tasks::Tasks(World& world) : world_(world), running_(world.executor) {}

Tasks::~Tasks() {
  for (const auto& [id, task] : tasks_) world_.timers.cancel(task->expiry);
}

bool Tasks::serves(std::string_view method) {
  return method == "tasks/get" || method == "tasks/update" || method == "tasks/cancel";
}

RpcResult Tasks::answer(const gateway::ClientSession& client, const protocol::Frame& request) {
  if (!takes_tasks(client)) return std::unexpected(tasks_not_declared());
  const auto known = tasks_.find(protocol::string_member(request.params(), "taskId"));
  if (known == tasks_.end()) return invalid("There is no such task; it may have expired");
  const auto task = known->second;
  if (request.method() == "tasks/get") return task->detailed();
  if (request.method() == "tasks/cancel") {
    cancel(*task);
    return "{}";
  }
  const auto responses = protocol::member(request.params(), "inputResponses");
  if (!responses || !protocol::is_object(*responses)) return invalid("inputResponses is an object");
  update(task, *responses);
  return "{}";
}

bool Tasks::has_room() const { return !ending_ && tasks_.size() < world_.options.max_tasks; }

std::string Tasks::begin(
    gateway::ClientSessionPtr client, protocol::Frame call, ToolHandler run_tool,
    std::map<std::string, std::string> answers
) {
  const auto task = std::make_shared<Task>();
  task->id = world_.random.token(id_bytes);
  task->ttl = world_.options.task_ttl;
  task->created = task->updated = std::chrono::system_clock::now();
  task->call = std::move(call);
  task->run = run_tool;
  task->answers = std::move(answers);
  task->session = std::make_shared<Session>();
  task->session->client = std::move(client);
  task->expiry = world_.timers.arm_after(task->ttl, [this, id = task->id] { forget(id); });
  tasks_.emplace(task->id, task);
  auto result = protocol::with_member(task->brief(), "resultType", R"("task")");
  running_.spawn(run(task));
  return result;
}

awaitable<void> Tasks::run(TaskPtr task) {
  Round round;
  round.answers = task->answers;
  ToolCall call(world_, task->session, task->call, nullptr, &round);
  const auto result = co_await task->run(call);
  if (task->over()) co_return;  // cancelled meanwhile
  if (!round.missing.empty()) {
    const auto lacks = missing_capability(fmt::format(R"({{"{}":{{}}}})", round.missing));
    settle(*task, TaskStatus::failed, to_json(lacks));
  } else if (!round.questions.empty()) {
    task->questions = std::move(round.questions);
    task->status = TaskStatus::input_required;
    tell(*task);
  } else if (call.refusal()) {
    settle(*task, TaskStatus::failed, to_json(*call.refusal()));
  } else {
    settle(*task, TaskStatus::completed, protocol::as_modern_result("tools/call", result));
  }
}

/// Answers to what is not asked, or not any more, do not count.
void Tasks::update(const TaskPtr& task, std::string_view responses) {
  bool heard = false;
  protocol::for_each_member(responses, [&](std::string_view key, std::string_view value) {
    const auto question = task->questions.find(protocol::unescape(key));
    if (question == task->questions.end() || !protocol::is_object(value)) return true;
    task->answers.insert_or_assign(question->first, std::string(value));
    task->questions.erase(question);
    return heard = true;
  });
  if (!heard) return;
  const bool goes_on = task->questions.empty();
  if (goes_on) task->status = TaskStatus::working;
  tell(*task);
  if (goes_on) running_.spawn(run(task));
}

void Tasks::cancel(Task& task) {
  if (task.over()) return;
  settle(task, TaskStatus::cancelled, {});
  for (const auto& [id, abort] : task.session->calls) abort->abort();
}

void Tasks::forget(const std::string& id) {
  const auto known = tasks_.find(id);
  if (known == tasks_.end()) return;
  const auto task = known->second;
  cancel(*task);
  tasks_.erase(known);
}

void Tasks::settle(Task& task, TaskStatus status, std::string outcome) {
  task.status = status;
  task.outcome = std::move(outcome);
  task.questions.clear();
  task.answers.clear();
  task.call = {};  // what was sent may be large, and the result is kept for long
  tell(task);
}

/// The task has changed.
void Tasks::tell(Task& task) {
  task.updated = std::chrono::system_clock::now();
  const auto message = protocol::make_notification("notifications/tasks", task.detailed());
  for (const auto& listen : world_.listens) {
    if (listen->outbox && listen->tasks.contains(task.id)) listen->outbox(message);
  }
}

std::expected<std::set<std::string>, RpcError> Tasks::watched(
    const gateway::ClientSession& client, std::string_view params
) const {
  std::set<std::string> known;
  const auto wanted = protocol::member(params, "notifications");
  const auto ids = wanted ? protocol::member(*wanted, "taskIds") : std::nullopt;
  if (!ids) return known;
  if (!takes_tasks(client)) return std::unexpected(tasks_not_declared());
  bool all_text = protocol::is_array(*ids);
  std::size_t count = 0;
  if (all_text) {
    protocol::for_each_element(*ids, [&](std::string_view id) {
      all_text = protocol::is_string(id);
      if (all_text && tasks_.contains(protocol::unescape(id))) known.insert(protocol::unescape(id));
      return all_text && ++count <= most_watched;
    });
  }
  if (!all_text) return invalid("taskIds is an array of ids");
  if (count > most_watched) return invalid("taskIds has too many ids");
  return known;
}

void Tasks::shut_down() {
  ending_ = true;
  for (const auto& [id, task] : tasks_) cancel(*task);
}

}  // namespace mooring::everything
