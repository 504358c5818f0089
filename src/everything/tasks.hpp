#pragma once

#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "everything/rpc_error.hpp"
#include "everything/task.hpp"
#include "io/async.hpp"

namespace mooring::everything {

struct World;

/// True where the client has declared the extension io.modelcontextprotocol/tasks in this request.
bool takes_tasks(const gateway::ClientSession& client);
/// What a client hears that should have.
RpcError tasks_not_declared();

/// The tasks of modern clients (SEP-2663). Each is kept for `Options::task_ttl`, then it is
/// forgotten, whatever it does by then. One that asks something runs anew with the answers, as
/// calls do (Round). On the worker's thread only.
class Tasks {
 public:
  /// `world` owns it.
  explicit Tasks(World& world);
  ~Tasks();
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  static bool serves(std::string_view method);
  /// The answer to a request that is served here.
  RpcResult answer(const gateway::ClientSession& client, const protocol::Frame& request);

  /// False: `Options::max_tasks` are kept, or the process ends.
  bool has_room() const;
  /// Makes a task of a call and runs it; `answers` are those that its client has given so far.
  /// Returns the raw CreateTaskResult.
  std::string begin(
      gateway::ClientSessionPtr client, protocol::Frame call, ToolHandler run,
      std::map<std::string, std::string> answers
  );

  /// The tasks of which a `subscriptions/listen` with these params will hear; unknown ones are left
  /// out.
  std::expected<std::set<std::string>, RpcError> watched(
      const gateway::ClientSession& client, std::string_view params
  ) const;

  std::size_t size() const { return tasks_.size(); }
  /// Cancels all; none is begun any more.
  void shut_down();
  /// After `shut_down`: waits until nothing runs.
  awaitable<void> join() { return running_.join(); }

 private:
  awaitable<void> run(TaskPtr task);
  void update(const TaskPtr& task, std::string_view responses);
  void cancel(Task& task);
  void forget(const std::string& id);
  void settle(Task& task, TaskStatus status, std::string outcome);
  void tell(Task& task);

  World& world_;
  std::map<std::string, TaskPtr, std::less<>> tasks_;
  io::TaskGroup running_;
  bool ending_ = false;
};

}  // namespace mooring::everything
