#include "everything/toolbox.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "everything/tool_call.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::everything {
namespace {

awaitable<std::string> say_name(ToolCall& call) {
  co_return text_result("This is " + call.tool() + ".");
}

}  // namespace

Tool& Toolbox::add(
    std::string_view name, std::string_view description, std::string_view annotations,
    ToolHandler run, std::string_view input, std::string_view output
) {
  auto definition = fmt::format(
      R"({{"name":{},"description":{},"inputSchema":{})", protocol::quote(name),
      protocol::quote(description), input.empty() ? R"({"type":"object","properties":{}})" : input
  );
  if (!output.empty()) definition += fmt::format(R"(,"outputSchema":{})", output);
  if (!annotations.empty()) definition += fmt::format(R"(,"annotations":{})", annotations);
  definition += '}';
  remove(name);
  return tools_.emplace_back(Tool{std::string(name), std::move(definition), run});
}

void Toolbox::add_dummy(std::string_view name) {
  add(name, "Says its own name; there to be listed",
      R"({"readOnlyHint":true,"idempotentHint":true,"openWorldHint":false})", say_name);
}

bool Toolbox::remove(std::string_view name) {
  return std::erase_if(tools_, [&](const Tool& tool) { return tool.name == name; }) != 0;
}

const Tool* Toolbox::find(std::string_view name) const {
  auto at = std::ranges::find(tools_, name, &Tool::name);
  return at == tools_.end() ? nullptr : &*at;
}

std::vector<std::string_view> Toolbox::definitions(bool with_task_only) const {
  std::vector<std::string_view> all;
  for (const auto& tool : tools_) {
    if (with_task_only || !tool.task_only) all.emplace_back(tool.definition);
  }
  return all;
}

}  // namespace mooring::everything
