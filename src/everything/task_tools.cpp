#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "everything/forms.hpp"
#include "everything/tool_call.hpp"
#include "everything/toolbox.hpp"
#include "protocol/messages.hpp"

/// The tools with which the official conformance suite looks at tasks (SEP-2663). Names and what
/// they do are the suite's. Whoever takes no tasks is answered once the work is done, except by
/// those that need one.
namespace mooring::everything {
namespace {

constexpr std::string_view read_only =
    R"({"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false})";
constexpr std::string_view destructive =
    R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":false})";
constexpr core::Duration short_work = std::chrono::milliseconds(250);
constexpr double longest_work = 24 * 3600.0;

awaitable<std::string> greet(ToolCall& call) {
  const auto name = call.arguments().text("name");
  if (!name) co_return error_result("name must be a string");
  co_return text_result(fmt::format("Hello, {}!", *name));
}

/// What takes no time needs no task.
awaitable<std::string> slow_compute(ToolCall& call) {
  const auto seconds = call.arguments().number("seconds");
  if (!seconds) co_return error_result("seconds must be a number");
  const core::Duration time(std::llround(std::clamp(*seconds, 0.0, longest_work) * 1000));
  if (time.count() > 0 && call.becomes_task()) co_return std::string();
  co_await call.pause(time);
  co_return text_result(fmt::format("Computed for {} s", *seconds));
}

awaitable<std::string> fail_at_work(ToolCall& call) {
  if (call.becomes_task()) co_return std::string();
  co_await call.pause(short_work);
  co_return error_result("The job failed");
}

awaitable<std::string> break_at_work(ToolCall& call) {
  if (call.becomes_task()) co_return std::string();
  co_await call.pause(short_work);
  call.refuse(RpcError{protocol::internal_error, "The job broke"});
  co_return std::string();
}

awaitable<std::string> confirm_delete(ToolCall& call) {
  const auto file = call.arguments().text("filename");
  if (!file) co_return error_result("filename must be a string");
  if (call.becomes_task()) co_return std::string();
  const auto params = form("Delete the file?", "confirm", "boolean");
  const auto answer = co_await call.ask("elicitation", "elicitation/create", params, "confirm");
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result(fmt::format("{} {}", agreed(*answer, "confirm") ? "Deleted" : "Kept", *file)
  );
}

awaitable<std::string> ask_twice(ToolCall& call) {
  if (call.becomes_task()) co_return std::string();
  const auto first_form = form("What is your first name?", "name", "string");
  const auto last_form = form("What is your last name?", "name", "string");
  const auto first = co_await call.ask("elicitation", "elicitation/create", first_form, "first");
  const auto last = co_await call.ask("elicitation", "elicitation/create", last_form, "last");
  for (const auto* each : {&first, &last}) {
    if (!*each) co_return error_result(each->error().detail);
  }
  co_return text_result(
      fmt::format("Hello, {} {}!", field_of(*first, "name"), field_of(*last, "name"))
  );
}

/// Asks in its result as long as it is a call, and goes on as a task when it knows enough.
awaitable<std::string> ask_then_work(ToolCall& call) {
  const auto params = form("What is your name?", "name", "string");
  const auto answer = co_await call.ask("elicitation", "elicitation/create", params, "user_name");
  if (!answer) co_return error_result(answer.error().detail);
  if (call.becomes_task()) co_return std::string();
  co_await call.pause(short_work);
  co_return text_result(fmt::format("Hello, {}!", field_of(*answer, "name")));
}

}  // namespace

void add_task_tools(Toolbox& tools) {
  tools.add(
      "greet", "Greets at once", read_only, greet,
      R"({"type":"object","properties":{"name":{"type":"string","description":"Whom"}},"required":["name"]})"
  );
  tools.add(
      "slow_compute", "Takes its time, as a task where it can", read_only, slow_compute,
      R"({"type":"object","properties":{"seconds":{"type":"number","minimum":0,"description":"How long"},)"
      R"("label":{"type":"string","description":"What for"}},"required":["seconds"]})"
  );
  tools.add("failing_job", "A task that ends with an error of the tool", read_only, fail_at_work)
      .task_only = true;
  tools.add(
      "protocol_error_job", "Ends with an error of the protocol, as a task where it can", read_only,
      break_at_work
  );
  tools.add(
      "confirm_delete", "Asks before it pretends to delete a file, as a task where it can",
      destructive, confirm_delete,
      R"({"type":"object","properties":{"filename":{"type":"string","description":"Which file"}},"required":["filename"]})"
  );
  tools.add(
      "multi_input", "Asks two questions at once, as a task where it can", read_only, ask_twice
  );
  tools
      .add(
          "test_tool_with_task", "Asks for a name, then greets as a task", read_only, ask_then_work
      )
      .task_only = true;
}

}  // namespace mooring::everything
