#include <fmt/format.h>

#include "everything/tool_call.hpp"
#include "everything/toolbox.hpp"
#include "protocol/json_scan.hpp"

/// The tools that ask the client for sampling, elicitation or its roots.
namespace mooring::everything {
namespace {

constexpr std::string_view asks = R"({"readOnlyHint":true,"openWorldHint":true})";

constexpr std::string_view user_schema =
    R"({"type":"object","properties":{"username":{"type":"string","description":"User's response"},)"
    R"("email":{"type":"string","description":"User's email address"}},"required":["username","email"]})";

constexpr std::string_view defaults_schema =
    R"({"type":"object","properties":{)"
    R"("name":{"type":"string","description":"User name","default":"John Doe"},)"
    R"("age":{"type":"integer","description":"User age","default":30},)"
    R"("score":{"type":"number","description":"User score","default":95.5},)"
    R"("status":{"type":"string","description":"User status","enum":["active","inactive","pending"],"default":"active"},)"
    R"("verified":{"type":"boolean","description":"Verification status","default":true}},"required":[]})";

constexpr std::string_view enums_schema =
    R"({"type":"object","properties":{)"
    R"("untitledSingle":{"type":"string","description":"Select one option","enum":["option1","option2","option3"]},)"
    R"("titledSingle":{"type":"string","description":"Select one option with titles","oneOf":[)"
    R"({"const":"value1","title":"First Option"},{"const":"value2","title":"Second Option"},)"
    R"({"const":"value3","title":"Third Option"}]},)"
    R"("legacyEnum":{"type":"string","description":"Select one option, legacy form","enum":["opt1","opt2","opt3"],)"
    R"("enumNames":["Option One","Option Two","Option Three"]},)"
    R"("untitledMulti":{"type":"array","description":"Select multiple options","minItems":1,"maxItems":3,)"
    R"("items":{"type":"string","enum":["option1","option2","option3"]}},)"
    R"("titledMulti":{"type":"array","description":"Select multiple options with titles","minItems":1,"maxItems":3,)"
    R"("items":{"anyOf":[{"const":"value1","title":"First Choice"},{"const":"value2","title":"Second Choice"},)"
    R"({"const":"value3","title":"Third Choice"}]}}},"required":[]})";

std::string sampling_params(std::string_view prompt) {
  return fmt::format(
      R"({{"messages":[{{"role":"user","content":{{"type":"text","text":{}}}}}],"maxTokens":100}})",
      protocol::quote(prompt)
  );
}

/// The text of a CreateMessageResult, whose content is a block or, since 2025-11-25, an array of
/// them.
std::string sampled_text(std::string_view result) {
  auto content = protocol::member(result, "content").value_or("{}");
  std::string text = protocol::string_member(content, "text");
  protocol::for_each_element(content, [&](std::string_view block) {
    text += protocol::string_member(block, "text");
    return true;
  });
  return text.empty() ? "No response" : text;
}

/// "action=accept, content={…}", in the form that `pattern` gives it.
std::string describe_answer(
    fmt::format_string<std::string, std::string_view&> pattern, std::string_view result
) {
  auto content = protocol::member(result, "content").value_or("{}");
  return fmt::format(pattern, protocol::string_member(result, "action"), content);
}

std::string elicitation_params(std::string_view message, std::string_view schema) {
  return fmt::format(R"({{"message":{},"requestedSchema":{}}})", protocol::quote(message), schema);
}

awaitable<std::string> sampling(ToolCall& call) {
  auto prompt = call.arguments().text("prompt");
  if (!prompt) co_return error_result("prompt must be a string");
  auto params = sampling_params(*prompt);
  auto answer = co_await call.ask("sampling", "sampling/createMessage", params);
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result("LLM response: " + sampled_text(*answer));
}

awaitable<std::string> sampling_twice(ToolCall& call) {
  auto prompt = call.arguments().text("prompt").value_or("Say something");
  auto params = sampling_params(prompt);
  auto first = co_await call.ask("sampling", "sampling/createMessage", params);
  if (!first) co_return error_result(first.error().detail);
  auto again = sampling_params(sampled_text(*first));
  auto second = co_await call.ask("sampling", "sampling/createMessage", again);
  if (!second) co_return error_result(second.error().detail);
  co_return text_result(
      fmt::format("First: {}\nSecond: {}", sampled_text(*first), sampled_text(*second))
  );
}

awaitable<std::string> elicitation(ToolCall& call) {
  auto message = call.arguments().text("message");
  if (!message) co_return error_result("message must be a string");
  auto params = elicitation_params(*message, user_schema);
  auto answer = co_await call.ask("elicitation", "elicitation/create", params);
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result(describe_answer("User response: action: {}, content: {}", *answer));
}

awaitable<std::string> elicit_with(
    ToolCall& call, std::string_view message, std::string_view schema
) {
  auto params = elicitation_params(message, schema);
  auto answer = co_await call.ask("elicitation", "elicitation/create", params);
  if (!answer) co_return error_result(answer.error().detail);
  co_return text_result(describe_answer("Elicitation completed: action={}, content={}", *answer));
}

awaitable<std::string> elicitation_defaults(ToolCall& call) {
  return elicit_with(
      call, "Please review and update the form fields with defaults", defaults_schema
  );
}

awaitable<std::string> elicitation_enums(ToolCall& call) {
  return elicit_with(call, "Please select options from the enum fields", enums_schema);
}

awaitable<std::string> list_roots(ToolCall& call) {
  auto answer = co_await call.ask("roots", "roots/list", "{}");
  if (!answer) co_return error_result(answer.error().detail);
  std::string text;
  protocol::for_each_element(
      protocol::member(*answer, "roots").value_or("[]"),
      [&](std::string_view root) {
        if (!text.empty()) text += '\n';
        text += protocol::string_member(root, "uri");
        return true;
      }
  );
  co_return text_result(text.empty() ? "The client has no roots" : text);
}

}  // namespace

void add_client_tools(Toolbox& tools) {
  constexpr std::string_view prompt_input =
      R"({"type":"object","properties":{"prompt":{"type":"string","description":"What the model is asked"}},)"
      R"("required":["prompt"]})";
  tools.add("test_sampling", "Asks the client's model", asks, sampling, prompt_input);
  tools.add(
      "test_elicitation", "Asks the user for a name and an address", asks, elicitation,
      R"({"type":"object","properties":{"message":{"type":"string","description":"What the user reads"}},)"
      R"("required":["message"]})"
  );
  tools.add(
      "test_elicitation_sep1034_defaults", "Asks the user with a form whose fields have defaults",
      asks, elicitation_defaults
  );
  tools.add(
      "test_elicitation_sep1330_enums", "Asks the user with every form of a selection", asks,
      elicitation_enums
  );
  tools.add(
      "test_client_elicitation_defaults", "The same form as test_elicitation_sep1034_defaults",
      asks, elicitation_defaults
  );
  tools.add(
      "sampling_twice", "Asks the client's model, then asks it about its own answer", asks,
      sampling_twice,
      R"({"type":"object","properties":{"prompt":{"type":"string","description":"The first question"}}})"
  );
  tools.add("list_roots", "Asks the client for its roots and lists their URIs", asks, list_roots);
}

}  // namespace mooring::everything
