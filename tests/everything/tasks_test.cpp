#include <map>

#include "everything/modern_harness.hpp"

namespace mooring::everything {
namespace {

using boost::json::object;
using boost::json::serialize;
using boost::json::value;
using namespace std::chrono_literals;

/// Clients that take tasks (SEP-2663), unless a test says otherwise.
class EverythingTasks : public ModernEverything {
 protected:
  static constexpr std::string_view takes =
      R"({"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}})";

  value call_as(
      std::string_view capabilities, std::string_view name, std::string_view arguments = "{}",
      std::string_view more = {}
  ) {
    return ask(
        client(std::string(capabilities)), "tools/call",
        fmt::format(R"({{"name":"{}","arguments":{}{}}})", name, arguments, more)
    );
  }
  /// Calls a tool that answers with a task. Returns its id.
  std::string begin(std::string_view name, std::string_view arguments = "{}") {
    const auto result = call_as(takes, name, arguments).at("result");
    EXPECT_EQ(result.at("resultType").as_string(), "task");
    return std::string(result.at("taskId").as_string());
  }
  value tasks(std::string_view what, std::string_view id, std::string_view more = {}) {
    return ask(
        client(std::string(takes)), fmt::format("tasks/{}", what),
        fmt::format(R"({{"taskId":"{}"{}}})", id, more)
    );
  }
  value get(std::string_view id) { return tasks("get", id).at("result"); }
  std::string status(std::string_view id) { return std::string(get(id).at("status").as_string()); }
  value update(std::string_view id, std::string_view responses) {
    return tasks("update", id, fmt::format(R"(,"inputResponses":{})", responses));
  }
  static std::vector<std::string> asked(const value& task) {
    std::vector<std::string> keys;
    for (const auto& each : task.at("inputRequests").as_object()) keys.emplace_back(each.key());
    return keys;
  }
  static std::string text_of(const value& task) {
    return std::string(task.at("result").at("content").at(0).at("text").as_string());
  }
  static void expect_not_declared(const value& response) {
    EXPECT_EQ(code(response), protocol::missing_client_capability) << response;
    const auto& required = response.at("error").at("data").at("requiredCapabilities");
    EXPECT_TRUE(required.at("extensions").as_object().contains(protocol::tasks_extension));
  }
  std::shared_ptr<FakeResponder> listen(std::string_view filter, std::string_view as = takes) {
    return request(
        client(std::string(as)), "subscriptions/listen",
        fmt::format(R"({{"notifications":{}}})", filter)
    );
  }
};

constexpr std::string_view long_work = R"({"seconds":60})";
constexpr std::string_view yes = R"({"action":"accept","content":{"confirm":true}})";

TEST_F(EverythingTasks, are_offered_as_an_extension) {
  start();
  const auto offered = ask(client(), "server/discover").at("result").at("capabilities");
  EXPECT_TRUE(offered.at("extensions").as_object().contains(protocol::tasks_extension));
  EXPECT_FALSE(offered.as_object().contains("tasks"));
}

TEST_F(EverythingTasks, a_call_is_answered_with_a_task_that_ends_with_its_result) {
  start();
  const auto created = call_as(takes, "slow_compute", R"({"seconds":2})").at("result").as_object();
  EXPECT_EQ(created.at("resultType").as_string(), "task");
  EXPECT_EQ(created.at("status").as_string(), "working");
  EXPECT_EQ(created.at("ttlMs").as_int64(), 600'000);
  EXPECT_GT(created.at("pollIntervalMs").as_int64(), 0);
  EXPECT_TRUE(created.at("createdAt").as_string().ends_with("Z"));
  EXPECT_EQ(created.at("createdAt"), created.at("lastUpdatedAt"));
  for (const auto* key : {"task", "ttl", "pollInterval", "result", "inputRequests", "requestState"})
    EXPECT_FALSE(created.contains(key)) << key;
  const std::string id(created.at("taskId").as_string());
  EXPECT_GE(id.size(), 22U);
  EXPECT_EQ(get(id).at("resultType").as_string(), "complete");
  EXPECT_EQ(status(id), "working");
  advance(2s);
  const auto done = get(id);
  EXPECT_EQ(done.at("status").as_string(), "completed");
  EXPECT_EQ(text_of(done), "Computed for 2 s");
  EXPECT_EQ(done.at("result").at("resultType").as_string(), "complete");
  EXPECT_FALSE(done.as_object().contains("requestState"));
}

TEST_F(EverythingTasks, what_is_done_at_once_needs_none) {
  start();
  EXPECT_EQ(said(call_as(takes, "slow_compute", R"({"seconds":0})")), "Computed for 0 s");
  // A client of 2025-11-25 would have asked for a task like this.
  const auto hint = R"(,"task":{"ttl":60000})";
  EXPECT_EQ(said(call_as(takes, "greet", R"({"name":"World"})", hint)), "Hello, World!");
  EXPECT_EQ(world->tasks.size(), 0U);
}

TEST_F(EverythingTasks, clients_that_take_none_get_results) {
  start();
  const auto result = call_as("{}", "slow_compute", R"({"seconds":1})").at("result");
  EXPECT_EQ(result.at("resultType").as_string(), "complete");
  EXPECT_TRUE(result.as_object().contains("content"));
  EXPECT_EQ(code(call_as("{}", "protocol_error_job")), -32603);
  const auto question = call_as(R"({"elicitation":{}})", "confirm_delete", R"({"filename":"f"})");
  EXPECT_EQ(question.at("result").at("resultType").as_string(), "input_required");
  EXPECT_EQ(world->tasks.size(), 0U);
}

TEST_F(EverythingTasks, are_nothing_for_clients_that_take_none) {
  start();
  expect_not_declared(call_as("{}", "failing_job"));
  expect_not_declared(call_as(R"({"extensions":{}})", "test_tool_with_task"));
  const auto id = begin("slow_compute", long_work);
  for (const auto* method : {"tasks/get", "tasks/update", "tasks/cancel"}) {
    expect_not_declared(
        ask(client(), method, fmt::format(R"({{"taskId":"{}","inputResponses":{{}}}})", id))
    );
  }
  EXPECT_EQ(status(id), "working");
}

TEST_F(EverythingTasks, an_error_of_the_tool_is_a_result) {
  start();
  const auto id = begin("failing_job");
  advance(1s);
  const auto done = get(id);
  EXPECT_EQ(done.at("status").as_string(), "completed");
  EXPECT_TRUE(done.at("result").at("isError").as_bool());
}

TEST_F(EverythingTasks, an_error_of_the_protocol_fails) {
  start();
  const auto id = begin("protocol_error_job");
  advance(1s);
  const auto done = get(id);
  EXPECT_EQ(done.at("status").as_string(), "failed");
  EXPECT_EQ(done.at("error").at("code").as_int64(), -32603);
  EXPECT_EQ(done.at("error").at("message"), done.at("statusMessage"));
  EXPECT_FALSE(done.as_object().contains("result"));
}

TEST_F(EverythingTasks, a_question_waits_for_its_answer) {
  start();
  const auto id = begin("confirm_delete", R"({"filename":"a.txt"})");
  const auto waiting = get(id);
  EXPECT_EQ(waiting.at("status").as_string(), "input_required");
  ASSERT_EQ(asked(waiting), std::vector<std::string>{"confirm"});
  EXPECT_EQ(
      waiting.at("inputRequests").at("confirm").at("method").as_string(), "elicitation/create"
  );
  // Answers to what was not asked do not count.
  EXPECT_EQ(serialize(update(id, R"({"other":{}})").at("result")), R"({"resultType":"complete"})");
  EXPECT_EQ(status(id), "input_required");
  EXPECT_EQ(
      serialize(update(id, fmt::format(R"({{"confirm":{}}})", yes)).at("result")),
      R"({"resultType":"complete"})"
  );
  EXPECT_EQ(text_of(get(id)), "Deleted a.txt");
  update(id, R"({"confirm":{"action":"decline"}})");
  EXPECT_EQ(text_of(get(id)), "Deleted a.txt");
}

TEST_F(EverythingTasks, several_questions_may_be_answered_one_by_one) {
  start();
  const auto id = begin("multi_input");
  EXPECT_EQ(asked(get(id)), (std::vector<std::string>{"first", "last"}));
  update(id, R"({"first":{"action":"accept","content":{"name":"Ada"}}})");
  EXPECT_EQ(asked(get(id)), std::vector<std::string>{"last"});
  update(id, R"({"last":{"action":"accept","content":{"name":"Lovelace"}}})");
  EXPECT_EQ(text_of(get(id)), "Hello, Ada Lovelace!");
}

TEST_F(EverythingTasks, ask_nothing_of_clients_that_cannot_answer) {
  start();
  const auto created = call_as(
      R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})", "confirm_delete",
      R"({"filename":"f"})"
  );
  const auto task = get(created.at("result").at("taskId").as_string());
  EXPECT_EQ(task.at("status").as_string(), "failed");
  EXPECT_EQ(task.at("error").at("code").as_int64(), protocol::missing_client_capability);
}

TEST_F(EverythingTasks, what_is_asked_before_the_task_is_asked_in_results) {
  start();
  const auto first = call_as(takes, "test_tool_with_task");
  EXPECT_EQ(first.at("result").at("resultType").as_string(), "input_required");
  EXPECT_FALSE(first.at("result").as_object().contains("taskId"));
  EXPECT_EQ(world->tasks.size(), 0U);
  const auto second = call_as(
      takes, "test_tool_with_task", "{}",
      retry(first, R"({"user_name":{"action":"accept","content":{"name":"Alice"}}})")
  );
  EXPECT_EQ(second.at("result").at("resultType").as_string(), "task");
  EXPECT_FALSE(second.at("result").as_object().contains("requestState"));
  advance(1s);
  EXPECT_EQ(text_of(get(second.at("result").at("taskId").as_string())), "Hello, Alice!");
}

TEST_F(EverythingTasks, can_be_cancelled_at_any_time) {
  start();
  const auto working = begin("slow_compute", long_work);
  const auto waiting = begin("confirm_delete", R"({"filename":"f"})");
  const auto done = begin("failing_job");
  advance(1s);
  for (const auto& id : {working, waiting, done, working}) {
    EXPECT_EQ(serialize(tasks("cancel", id).at("result")), R"({"resultType":"complete"})");
  }
  EXPECT_EQ(status(working), "cancelled");
  EXPECT_EQ(status(waiting), "cancelled");
  EXPECT_EQ(status(done), "completed");
  update(waiting, fmt::format(R"({{"confirm":{}}})", yes));
  advance(60s);
  EXPECT_EQ(status(waiting), "cancelled");
  EXPECT_FALSE(get(working).as_object().contains("result"));
}

TEST_F(EverythingTasks, are_not_cancelled_with_their_call) {
  start();
  const auto caller = client(std::string(takes));
  const auto responder =
      request(caller, "tools/call", R"({"name":"slow_compute","arguments":{"seconds":60}})");
  service->notice(
      caller,
      frame(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})")
  );
  settle();
  EXPECT_EQ(status(responder->json().at("result").at("taskId").as_string()), "working");
}

TEST_F(EverythingTasks, unknown_ones_and_removed_methods_are_refused) {
  start();
  for (const auto* what : {"get", "update", "cancel"})
    EXPECT_EQ(code(tasks(what, "no-such", R"(,"inputResponses":{})")), -32602) << what;
  EXPECT_EQ(code(ask(client(std::string(takes)), "tasks/get")), -32602);
  const auto id = begin("confirm_delete", R"({"filename":"f"})");
  EXPECT_EQ(code(tasks("update", id)), -32602);
  EXPECT_EQ(code(update(id, "[]")), -32602);
  EXPECT_EQ(code(tasks("result", id)), -32601);
  EXPECT_EQ(code(tasks("list", id)), -32601);
}

TEST_F(EverythingTasks, a_listen_hears_of_those_it_names) {
  start();
  const auto mine = begin("confirm_delete", R"({"filename":"f"})");
  const auto other = begin("confirm_delete", R"({"filename":"g"})");
  const auto heard =
      listen(fmt::format(R"({{"toolsListChanged":true,"taskIds":["{}","no-such"]}})", mine));
  EXPECT_EQ(
      serialize(heard->sent_json(0).at("params").at("notifications")),
      fmt::format(R"({{"toolsListChanged":true,"taskIds":["{}"]}})", mine)
  );
  for (const auto& id : {other, mine}) update(id, fmt::format(R"({{"confirm":{}}})", yes));
  ASSERT_EQ(heard->sent.size(), 3U);
  const auto statuses = [&](std::size_t at) {
    return heard->sent_json(at).at("params").at("status").as_string();
  };
  EXPECT_EQ(statuses(1), "working");
  EXPECT_EQ(statuses(2), "completed");
  const auto last = heard->sent_json(2);
  EXPECT_EQ(last.at("method").as_string(), "notifications/tasks");
  EXPECT_EQ(last.at("params").at("_meta").at(protocol::meta_subscription_id).as_int64(), 1);
  auto shown = last.at("params").as_object();
  shown.erase("_meta");
  shown["resultType"] = "complete";
  EXPECT_EQ(value(shown), get(mine));
}

TEST_F(EverythingTasks, a_listen_that_does_not_name_them_hears_of_none) {
  start();
  const auto legacy = connect();
  std::vector<std::string> pushed;
  service->listen(legacy, [&](std::string message) { pushed.push_back(std::move(message)); });
  const auto heard = listen(R"({"toolsListChanged":true})");
  begin("failing_job");
  advance(1s);
  EXPECT_EQ(heard->sent.size(), 1U);
  EXPECT_TRUE(pushed.empty());
}

TEST_F(EverythingTasks, a_listen_for_them_takes_the_extension_and_ids) {
  start();
  const auto undeclared = listen(R"({"taskIds":["x"]})", "{}");
  expect_not_declared(undeclared->json());
  EXPECT_TRUE(undeclared->sent.empty());
  for (const auto* nonsense : {R"({"taskIds":"x"})", R"({"taskIds":[1]})"})
    EXPECT_EQ(code(listen(nonsense)->json()), -32602) << nonsense;
  EXPECT_TRUE(world->listens.empty());
}

TEST_F(EverythingTasks, are_forgotten_when_their_time_is_over) {
  start({.task_ttl = 10s});
  const auto done = begin("failing_job");
  const auto working = begin("slow_compute", long_work);
  const auto heard = listen(fmt::format(R"({{"taskIds":["{}"]}})", working));
  advance(9s);
  EXPECT_EQ(status(done), "completed");
  EXPECT_EQ(status(working), "working");
  advance(1s);
  EXPECT_EQ(code(tasks("get", done)), -32602);
  EXPECT_EQ(code(tasks("get", working)), -32602);
  EXPECT_EQ(heard->sent_json(1).at("params").at("status").as_string(), "cancelled");
  EXPECT_EQ(world->tasks.size(), 0U);
  EXPECT_EQ(timers.armed(), 0U);
}

TEST_F(EverythingTasks, there_are_only_so_many) {
  start({.task_ttl = 10s, .max_tasks = 2});
  begin("slow_compute", long_work);
  begin("slow_compute", long_work);
  const auto third = request(
      client(std::string(takes)), "tools/call",
      R"({"name":"slow_compute","arguments":{"seconds":1}})"
  );
  advance(1s);
  EXPECT_EQ(third->json().at("result").at("resultType").as_string(), "complete");
  EXPECT_EQ(world->tasks.size(), 2U);
  advance(9s);
  begin("slow_compute", long_work);
}

TEST_F(EverythingTasks, end_with_the_server) {
  start();
  const auto id = begin("slow_compute", long_work);
  const auto waiting = begin("confirm_delete", R"({"filename":"f"})");
  service->shut_down();
  settle();
  EXPECT_EQ(status(id), "cancelled");
  EXPECT_EQ(status(waiting), "cancelled");
  bool ended = false;
  auto task = [](Tasks& of, bool& done) -> awaitable<void> {
    co_await of.join();
    done = true;
  };
  asio::co_spawn(context, task(world->tasks, ended), rethrow);
  settle();
  EXPECT_TRUE(ended);
  EXPECT_EQ(
      call_as(takes, "slow_compute", R"({"seconds":1})").at("result").at("resultType").as_string(),
      "complete"
  );
}

TEST_F(EverythingTasks, legacy_clients_see_what_works_without_them) {
  start();
  const auto session = connect();
  std::map<std::string, value> listed;
  for (const auto& tool :
       request(session, "tools/list")->json().at("result").at("tools").as_array())
    listed.emplace(tool.at("name").as_string(), tool);
  for (const auto* name : {"greet", "slow_compute", "protocol_error_job", "confirm_delete"})
    EXPECT_TRUE(listed.contains(name)) << name;
  for (const auto* name : {"failing_job", "test_tool_with_task"}) {
    EXPECT_FALSE(listed.contains(name)) << name;
    EXPECT_EQ(code(call(session, name)->json()), -32602) << name;
  }
  EXPECT_EQ(
      ask(client(), "tools/list").at("result").at("tools").as_array().size(), listed.size() + 2
  );
  EXPECT_EQ(text(*call(session, "greet", R"({"name":"World"})")), "Hello, World!");
  const auto slow = call(session, "slow_compute", R"({"seconds":1})");
  finish(*slow);
  EXPECT_EQ(text(*slow), "Computed for 1 s");
  const auto broken = call(session, "protocol_error_job");
  finish(*broken);
  EXPECT_EQ(code(broken->json()), -32603);
  const auto question = call(session, "confirm_delete", R"({"filename":"f"})");
  reply(session, *question, yes);
  EXPECT_EQ(text(*question), "Deleted f");
  EXPECT_EQ(code(request(session, "tasks/get", R"({"taskId":"x"})")->json()), -32601);
}

}  // namespace
}  // namespace mooring::everything
