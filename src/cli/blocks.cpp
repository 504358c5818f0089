#include "cli/blocks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/console.hpp"
#include "cli/text.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

using protocol::string_member;

std::string for_stdout(std::string text) {
  return stdout_is_terminal() ? harmless(text) : std::move(text);
}

std::string shown_size(std::size_t bytes) {
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  const auto kilo = static_cast<double>(bytes) / 1024;
  return kilo < 1024 ? fmt::format("{:.1f} KB", kilo) : fmt::format("{:.1f} MB", kilo / 1024);
}

std::size_t decoded_size(std::string_view base64) {
  while (base64.ends_with('=')) base64.remove_suffix(1);
  return base64.size() * 3 / 4;
}

std::string shown_block(std::string_view block) {
  const auto type = string_member(block, "type");
  if (type == "text") return string_member(block, "text");
  if (type == "image" || type == "audio") {
    return fmt::format(
        "[{}: {}, {}]", type, one_line(string_member(block, "mimeType")),
        shown_size(decoded_size(string_member(block, "data")))
    );
  }
  if (type == "resource_link") {
    return fmt::format(
        "[link: {} {}]", one_line(string_member(block, "uri")),
        one_line(string_member(block, "name"))
    );
  }
  if (type == "resource") {
    const auto resource = protocol::member(block, "resource").value_or("{}");
    const auto text = string_member(resource, "text");
    const auto blob = string_member(resource, "blob");
    return fmt::format(
        "[resource: {} {}, {}]", one_line(string_member(resource, "uri")),
        one_line(string_member(resource, "mimeType")),
        shown_size(blob.empty() ? text.size() : decoded_size(blob))
    );
  }
  return fmt::format("[{}]", type.empty() ? "a block without type" : one_line(type));
}

std::string shown_tool_result(std::string_view result) {
  std::string out;
  const auto content = protocol::member(result, "content").value_or("[]");
  protocol::for_each_element(content, [&](std::string_view block) {
    out += shown_block(block);
    if (!out.ends_with('\n')) out += '\n';
    return true;
  });
  if (out.empty()) {
    if (const auto structured = protocol::member(result, "structuredContent")) {
      out = protocol::one_line(*structured) + "\n";
    }
  }
  return out;
}

}  // namespace mooring::cli
