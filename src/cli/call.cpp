#include "cli/call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/blocks.hpp"
#include "cli/console.hpp"
#include "cli/one_shot.hpp"
#include "config/nearest.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/names.hpp"

namespace mooring::cli {

namespace {

bool is_hidden(const Destination& to, std::string_view tool) {
  const auto& filter = to.config.tools;
  const auto matches = [tool](const std::string& pattern) {
    return protocol::matches_pattern(pattern, tool);
  };
  if (filter.include) return std::ranges::none_of(*filter.include, matches);
  return std::ranges::any_of(filter.exclude, matches);
}

/// A refusal because there is no such tool, said so that the next try works.
Error explain(Error error, Client& client, const CallCommand& command) {
  if (error.reason != Reason::rejected) return error;
  const auto tools = client.tools();
  if (!tools || std::ranges::find(*tools, command.tool, &Item::name) != tools->end()) return error;
  std::vector<std::string> known;
  for (const auto& tool : *tools) known.push_back(tool.name);
  const auto near = config::nearest_key(command.tool, known);
  error.detail = fmt::format(
      "{} has no tool {}{} (mooring tools {} lists what it has)", command.server, command.tool,
      near ? fmt::format("; did you mean {}?", *near) : "", command.server
  );
  return error;
}

int report(const Error& error) {
  // The server may have done the work all the same: a script must not read that as "failed".
  if (error.reason == Reason::timeout) return complain(outcome_unknown, error.detail);
  return complain(error);
}

}  // namespace

int call(const CallCommand& command) {
  const auto arguments = read_arguments(command.arguments);
  if (!arguments) return complain(arguments.error());
  OneShot shot(command);
  if (const auto connected = shot.connect(); !connected) return complain(connected.error());
  if (is_hidden(shot.destination(), command.tool)) {
    return complain(
        failed,
        fmt::format("the configuration of {} hides the tool {}", command.server, command.tool)
    );
  }
  bool is_error = false;
  const auto result = shot.run(
      command.tool,
      [&](Client& client, const CallOptions& options) -> Result<std::string> {
        auto answer = client.call(command.tool, *arguments, options);
        if (!answer) return std::unexpected(std::move(answer.error()));
        is_error = answer->is_error;
        return std::move(answer->json);
      }
  );
  if (!result) return report(explain(result.error(), shot.client(), command));
  print(command.json ? *result + "\n" : for_stdout(shown_tool_result(*result)));
  if (!is_error) return success;
  return complain(tool_error, fmt::format("the tool {} returned an error", command.tool));
}

}  // namespace mooring::cli
