#include "cli/read.hpp"

#include <fmt/format.h>

#include "cli/blocks.hpp"
#include "cli/console.hpp"
#include "cli/one_shot.hpp"
#include "cli/text.hpp"
#include "core/base64.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace {

std::string shown(std::string_view content) {
  if (protocol::member(content, "text")) {
    return for_stdout(protocol::string_member(content, "text"));
  }
  const auto blob = protocol::string_member(content, "blob");
  if (!stdout_is_terminal()) {
    if (auto bytes = core::base64_decode(blob)) return std::move(*bytes);
  }
  return fmt::format(
      "[binary: {} {}, {}]", one_line(protocol::string_member(content, "uri")),
      one_line(protocol::string_member(content, "mimeType")), shown_size(decoded_size(blob))
  );
}

}  // namespace

int read(const ReadCommand& command) {
  OneShot shot(command);
  if (const auto connected = shot.connect(); !connected) return complain(connected.error());
  const auto result = shot.run(command.uri, [&](Client& client, const CallOptions& options) {
    return client.read(command.uri, options);
  });
  if (!result) return complain(result.error());
  if (command.json) {
    print(*result + "\n");
    return success;
  }
  const auto contents = protocol::member(*result, "contents").value_or("[]");
  protocol::for_each_element(contents, [](std::string_view content) {
    auto text = shown(content);
    if (stdout_is_terminal() && !text.empty() && !text.ends_with('\n')) text += '\n';
    return print(text);
  });
  return success;
}

}  // namespace mooring::cli
