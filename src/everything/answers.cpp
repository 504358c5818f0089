#include "everything/answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "everything/prompts.hpp"
#include "everything/resources.hpp"
#include "everything/tool_call.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::everything {
namespace {

constexpr std::string_view cursor_prefix = "from-";
constexpr std::string_view dynamic_prompt_definition =
    R"({"name":"test_dynamic_prompt","description":"Comes and goes with test_trigger_prompt_change"})";

std::unexpected<RpcError> rpc_error(int code, std::string message, std::string data = {}) {
  return std::unexpected(RpcError{code, std::move(message), std::move(data)});
}

/// One page of a list, from the cursor in `params` on.
RpcResult page(
    std::string_view key, const std::vector<std::string_view>& items, std::string_view params,
    std::size_t page_size
) {
  std::size_t from = 0;
  if (auto raw = protocol::member(params, "cursor")) {
    auto cursor = protocol::unescape(*raw);
    const char* end = cursor.data() + cursor.size();
    if (!cursor.starts_with(cursor_prefix))
      return rpc_error(protocol::invalid_params, "Invalid cursor");
    auto read = std::from_chars(cursor.data() + cursor_prefix.size(), end, from);
    if (read.ec != std::errc{} || read.ptr != end || from == 0) {
      return rpc_error(protocol::invalid_params, "Invalid cursor");
    }
  }
  std::string text;
  std::size_t to = page_size == 0 ? items.size() : std::min(items.size(), from + page_size);
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) text += ',';
    text += items[i];
  }
  auto result = fmt::format(R"({{"{}":[{}])", key, text);
  if (to < items.size()) result += fmt::format(R"(,"nextCursor":"{}{}")", cursor_prefix, to);
  return result + '}';
}

RpcResult list(const World& world, const Session& session, const protocol::Frame& request) {
  const auto& method = request.method();
  auto size = world.options.page_size;
  if (method == "tools/list") {
    return page("tools", world.tools.definitions(session.client->modern()), request.params(), size);
  }
  if (method == "resources/list") {
    return page("resources", resource_definitions(), request.params(), size);
  }
  if (method == "resources/templates/list") {
    return page("resourceTemplates", resource_template_definitions(), request.params(), size);
  }
  if (method == "prompts/list") {
    auto prompts = prompt_definitions();
    if (world.dynamic_prompt) prompts.push_back(dynamic_prompt_definition);
    return page("prompts", prompts, request.params(), size);
  }
  return rpc_error(protocol::method_not_found, "Method not found: " + method);
}

RpcResult subscribe(const World& world, Session& session, const protocol::Frame& request, bool on) {
  const auto& uri = request.uri();
  if (!on) {
    session.subscriptions.erase(uri);
    return "{}";
  }
  if (auto known = read_resource(world, uri); !known) return known;
  session.subscriptions.insert(uri);
  return "{}";
}

}  // namespace

RpcResult answer(World& world, Session& session, const protocol::Frame& request) {
  const auto& method = request.method();
  if (method == "ping") return "{}";
  if (method.ends_with("/list")) return list(world, session, request);
  if (method == "tools/call") {
    return rpc_error(protocol::invalid_params, "Unknown tool: " + request.name());
  }
  if (method == "resources/read") return read_resource(world, request.uri());
  if (method == "resources/subscribe") return subscribe(world, session, request, true);
  if (method == "resources/unsubscribe") return subscribe(world, session, request, false);
  if (method == "prompts/get") {
    Arguments arguments(protocol::member(request.params(), "arguments").value_or("{}"));
    return get_prompt(request.name(), arguments);
  }
  if (method == "completion/complete") return complete(request.params());
  if (method == "logging/setLevel") {
    auto level = protocol::string_member(request.params(), "level");
    if (log_level(level) < 0) return rpc_error(protocol::invalid_params, "Unknown level: " + level);
    session.log_level = log_level(level);
    return "{}";
  }
  return rpc_error(protocol::method_not_found, "Method not found: " + method);
}

}  // namespace mooring::everything
