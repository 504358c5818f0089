#include "gateway/resource_tools.hpp"

#include "gateway/rewrites.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::gateway {

namespace {

constexpr std::string_view list_resources =
    R"({"name":"list_resources","title":"List resources",)"
    R"("description":"Lists the resources that this server offers, with their URIs.",)"
    R"("inputSchema":{"type":"object","properties":{"cursor":{"type":"string",)"
    R"("description":"The nextCursor of the page before"}}},)"
    R"("annotations":{"readOnlyHint":true}})";
constexpr std::string_view read_resource =
    R"({"name":"read_resource","title":"Read a resource",)"
    R"("description":"Reads one resource of this server.",)"
    R"("inputSchema":{"type":"object","properties":{"uri":{"type":"string",)"
    R"("description":"The URI of the resource, as list_resources names it"}},"required":["uri"]},)"
    R"("annotations":{"readOnlyHint":true}})";
constexpr std::string_view list_prompts =
    R"({"name":"list_prompts","title":"List prompts",)"
    R"("description":"Lists the prompts that this server offers, with their arguments.",)"
    R"("inputSchema":{"type":"object","properties":{"cursor":{"type":"string",)"
    R"("description":"The nextCursor of the page before"}}},)"
    R"("annotations":{"readOnlyHint":true}})";
constexpr std::string_view get_prompt =
    R"({"name":"get_prompt","title":"Get a prompt",)"
    R"("description":"Gets one prompt of this server, filled in.",)"
    R"("inputSchema":{"type":"object","properties":{"name":{"type":"string",)"
    R"("description":"The name of the prompt, as list_prompts names it"},)"
    R"("arguments":{"type":"object","description":"Values for the arguments of the prompt",)"
    R"("additionalProperties":{"type":"string"}}},"required":["name"]},)"
    R"("annotations":{"readOnlyHint":true}})";

using Parsed = std::expected<UtilityCall, std::string>;

/// A raw member as the only one of a params object; "{}" where it is missing.
std::string only(std::string_view key, std::string_view arguments) {
  const auto value = protocol::member(arguments, key);
  if (!value || protocol::is_null(*value)) return "{}";
  return protocol::with_member("{}", key, *value);
}

Parsed list_call(std::string_view method, std::string_view arguments) {
  const auto cursor = protocol::member(arguments, "cursor");
  if (cursor && !protocol::is_null(*cursor) && !protocol::is_string(*cursor)) {
    return std::unexpected("the argument 'cursor' must be a string");
  }
  return UtilityCall{std::string(method), only("cursor", arguments)};
}

Parsed read_call(std::string_view arguments) {
  if (protocol::string_member(arguments, "uri").empty()) {
    return std::unexpected("read_resource needs the argument 'uri', a string");
  }
  return UtilityCall{"resources/read", only("uri", arguments)};
}

Parsed prompt_call(std::string_view arguments) {
  if (protocol::string_member(arguments, "name").empty()) {
    return std::unexpected("get_prompt needs the argument 'name', a string");
  }
  auto params = only("name", arguments);
  const auto values = protocol::member(arguments, "arguments");
  if (values && !protocol::is_null(*values)) {
    if (!protocol::is_object(*values)) {
      return std::unexpected("the argument 'arguments' of get_prompt must be an object");
    }
    params = protocol::with_member(params, "arguments", stringify_prompt_arguments(*values));
  }
  return UtilityCall{"prompts/get", std::move(params)};
}

void append_text_block(std::string& content, std::string_view text_token) {
  if (content.size() > 1) content += ',';
  content += R"({"type":"text","text":)";
  content += text_token;
  content += '}';
}

}  // namespace

std::vector<std::string> utility_tools(std::string_view server_capabilities) {
  std::vector<std::string> tools;
  const auto has = [&](std::string_view capability) {
    const auto value = protocol::member(server_capabilities, capability);
    return value && protocol::is_object(*value);
  };
  if (has("resources")) {
    tools.emplace_back(list_resources);
    tools.emplace_back(read_resource);
  }
  if (has("prompts")) {
    tools.emplace_back(list_prompts);
    tools.emplace_back(get_prompt);
  }
  return tools;
}

std::optional<std::expected<UtilityCall, std::string>> utility_call(
    std::string_view tool, std::string_view arguments
) {
  if (tool == "list_resources") return list_call("resources/list", arguments);
  if (tool == "read_resource") return read_call(arguments);
  if (tool == "list_prompts") return list_call("prompts/list", arguments);
  if (tool == "get_prompt") return prompt_call(arguments);
  return std::nullopt;
}

std::string as_tool_result(std::string_view method, std::string_view result) {
  std::string content = "[";
  const auto contents = protocol::member(result, "contents");
  if (method == "resources/read" && contents && protocol::is_array(*contents)) {
    protocol::for_each_element(*contents, [&](std::string_view resource) {
      const auto text = protocol::member(resource, "text");
      if (text && protocol::is_string(*text)) {
        append_text_block(content, *text);
      } else {
        append_text_block(content, protocol::quote(protocol::one_line(resource)));
      }
      return true;
    });
  } else {
    append_text_block(content, protocol::quote(protocol::one_line(result)));
  }
  return R"({"content":)" + content + "]}";
}

}  // namespace mooring::gateway
