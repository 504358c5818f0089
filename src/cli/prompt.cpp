#include "cli/prompt.hpp"

#include "cli/blocks.hpp"
#include "cli/console.hpp"
#include "cli/one_shot.hpp"
#include "cli/text.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace {

/// "user:" and what the user says, for each message; the content is one block or, in later
/// revisions, several.
std::string shown(std::string_view result) {
  std::string out;
  const auto messages = protocol::member(result, "messages").value_or("[]");
  protocol::for_each_element(messages, [&out](std::string_view message) {
    if (!out.empty()) out += '\n';
    out += bold(one_line(protocol::string_member(message, "role")) + ":") + "\n";
    const auto content = protocol::member(message, "content").value_or("{}");
    const auto add = [&out](std::string_view block) {
      out += for_stdout(shown_block(block));
      if (!out.ends_with('\n')) out += '\n';
      return true;
    };
    if (protocol::is_array(content)) {
      protocol::for_each_element(content, add);
    } else {
      add(content);
    }
    return true;
  });
  return out;
}

}  // namespace

int prompt(const PromptCommand& command) {
  const auto arguments = read_arguments(command.arguments);
  if (!arguments) return complain(arguments.error());
  OneShot shot(command);
  if (const auto connected = shot.connect(); !connected) return complain(connected.error());
  const auto result = shot.run(command.name, [&](Client& client, const CallOptions& options) {
    return client.prompt(command.name, *arguments, options);
  });
  if (!result) return complain(result.error());
  print(command.json ? *result + "\n" : shown(*result));
  return success;
}

}  // namespace mooring::cli
