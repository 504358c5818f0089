#include <fmt/format.h>

#include "everything/forms.hpp"
#include "everything/tool_call.hpp"
#include "everything/toolbox.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

/// The tools with which the official conformance suite looks at the modern era, most of which ask
/// the client something. Names, keys and texts are the suite's; legacy clients can call them, too.
namespace mooring::everything {
namespace {

constexpr std::string_view read_only =
    R"({"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false})";

constexpr std::string_view dynamic_tool = "test_dynamic_tool";

constexpr std::string_view question =
    R"({"messages":[{"role":"user","content":{"type":"text","text":"What is the capital of France?"}}],"maxTokens":100})";

awaitable<Result<std::string>> ask_name(
    ToolCall& call, std::string_view key, std::string_view message
) {
  const auto params = form(message, "name", "string");
  co_return co_await call.ask("elicitation", "elicitation/create", params, key);
}

awaitable<std::string> greet_user(ToolCall& call) {
  const auto answer = co_await ask_name(call, "user_name", "What is your name?");
  if (!answer) co_return error_result(answer.error().detail);
  const auto name = field_of(*answer, "name");
  co_return name.empty() ? error_result("No name was given")
                         : text_result(fmt::format("Hello, {}!", name));
}

awaitable<std::string> ask_model(ToolCall& call) {
  const auto answer =
      co_await call.ask("sampling", "sampling/createMessage", question, "capital_question");
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result(*answer);
}

awaitable<std::string> ask_roots(ToolCall& call) {
  const auto answer = co_await call.ask("roots", "roots/list", "{}", "client_roots");
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result(*answer);
}

awaitable<std::string> confirm(ToolCall& call) {
  const auto params = form("Please confirm", "ok", "boolean");
  const auto answer = co_await call.ask("elicitation", "elicitation/create", params, "confirm");
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result("state-ok");
}

awaitable<std::string> ask_everything(ToolCall& call) {
  const auto name = co_await ask_name(call, "user_name", "What is your name?");
  const auto greeting =
      co_await call.ask("sampling", "sampling/createMessage", question, "greeting");
  const auto roots = co_await call.ask("roots", "roots/list", "{}", "client_roots");
  for (const auto* each : {&name, &greeting, &roots}) {
    if (!*each) co_return error_result(each->error().detail);
  }
  co_return text_result(fmt::format("{} {} {}", *name, *greeting, *roots));
}

awaitable<std::string> two_steps(ToolCall& call) {
  const auto first = co_await ask_name(call, "step1", "Step 1: What is your name?");
  if (!first) co_return error_result(first.error().detail);
  const auto params = form("Step 2: What is your favorite color?", "color", "string");
  const auto second = co_await call.ask("elicitation", "elicitation/create", params, "step2");
  if (!second) co_return error_result(second.error().detail);
  co_return text_result(
      fmt::format("{} likes {}", field_of(*first, "name"), field_of(*second, "color"))
  );
}

awaitable<std::string> ask_what_is_declared(ToolCall& call) {
  if (call.client_has("sampling"))
    co_await call.ask("sampling", "sampling/createMessage", question, "capital_question");
  if (call.client_has("elicitation")) co_await ask_name(call, "user_name", "What is your name?");
  co_return text_result("Asked what the client can answer");
}

awaitable<std::string> needs_sampling(ToolCall& call) {
  const auto answer = co_await call.ask("sampling", "sampling/createMessage", question);
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result(*answer);
}

awaitable<std::string> logs(ToolCall& call) {
  co_await call.log("A message for those who want it");
  co_return text_result("Logged");
}

// Changes that a gateway notices, too, which lists again before it tells anybody.
awaitable<std::string> change_tools(ToolCall& call) {
  if (!call.world().tools.remove(dynamic_tool)) call.world().tools.add_dummy(dynamic_tool);
  call.world().broadcast(protocol::make_notification("notifications/tools/list_changed"));
  co_return text_result("The list of tools has changed");
}

awaitable<std::string> change_prompts(ToolCall& call) {
  call.world().dynamic_prompt = !call.world().dynamic_prompt;
  call.world().broadcast(protocol::make_notification("notifications/prompts/list_changed"));
  co_return text_result("The list of prompts has changed");
}

awaitable<std::string> routed(ToolCall& call) {
  co_return text_result("Region " + call.arguments().text("region").value_or("unknown"));
}

awaitable<std::string> prompt_with_context(ToolCall& call) {
  const auto params = form("What context should the prompt use?", "context", "string");
  const auto answer =
      co_await call.ask("elicitation", "elicitation/create", params, "user_context");
  const auto context = answer ? field_of(*answer, "context") : std::string();
  co_return fmt::format(
      R"({{"messages":[{{"role":"user","content":{{"type":"text","text":{}}}}}]}})",
      protocol::quote("Use this context: " + context)
  );
}

}  // namespace

void add_input_tools(Toolbox& tools) {
  constexpr std::string_view prefix = "test_input_required_result_";
  const auto asks = [&](std::string_view name, std::string_view description, ToolHandler run) {
    tools.add(fmt::format("{}{}", prefix, name), description, read_only, run);
  };
  asks("elicitation", "Asks the user for a name and greets", greet_user);
  asks("sampling", "Asks the client's model for a capital", ask_model);
  asks("list_roots", "Asks the client for its roots", ask_roots);
  asks("request_state", "Asks the user to confirm, with a state", confirm);
  asks("multiple_inputs", "Asks for a name, a greeting and the roots at once", ask_everything);
  asks("multi_round", "Asks two questions, one after the other", two_steps);
  asks("tampered_state", "Asks the user to confirm; refuses an altered state", confirm);
  asks("capabilities", "Asks only what the client has declared", ask_what_is_declared);
  tools.add("test_missing_capability", "Needs a client that samples", read_only, needs_sampling);
  tools.add("test_streaming_elicitation", "Asks the user for a name", read_only, greet_user);
  tools.add("test_logging_tool", "Logs one message", read_only, logs);
  tools.add(
      "test_trigger_tool_change", "Adds a tool, or removes it again", read_only, change_tools
  );
  tools.add(
      "test_trigger_prompt_change", "Adds a prompt, or removes it again", read_only, change_prompts
  );
  tools.add(
      "test_routed_by_header", "Has an argument that travels in a header, too", read_only, routed,
      R"({"type":"object","properties":{"region":{"type":"string","description":"Where it runs","x-mcp-header":"Region"}}})"
  );
}

void add_asking_prompts(Toolbox& prompts) {
  prompts.add(
      "test_input_required_result_prompt", "A prompt that asks for its context", "",
      prompt_with_context
  );
}

}  // namespace mooring::everything
