#include "conformance/client/script.hpp"

#include <boost/json.hpp>
#include <string>

namespace conformance {

namespace {

namespace json = boost::json;
using mooring::Client;
using mooring::fail;
using mooring::Reason;
using mooring::Result;

template <typename T>
Result<void> done(const Result<T>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

Result<void> list(Client& client, const Context&) { return done(client.tools()); }

Result<void> call(Client& client, std::string_view tool, std::string_view arguments = "{}") {
  const auto result = client.call(tool, arguments);
  if (result && result->is_error) return fail(Reason::rejected, result->text);
  return done(result);
}

/// Lists the tools, then calls these one after the other.
Script calls_of(std::vector<Context::ToolCall> calls) {
  return [calls = std::move(calls)](Client& client, const Context& context) {
    auto well = list(client, context);
    for (const auto& each : calls) {
      if (well) well = call(client, each.name, each.arguments);
    }
    return well;
  };
}

Result<void> wanted_calls(Client& client, const Context& context) {
  return calls_of(context.tool_calls())(client, context);
}

/// Whatever is listed is good to be called.
Result<void> call_every_tool(Client& client, const Context&) {
  const auto tools = client.tools();
  auto well = done(tools);
  if (!well) return well;
  for (const auto& tool : *tools) {
    if (well) well = call(client, tool.name, R"({"region":"us-west1"})");
  }
  return well;
}

/// A request of each kind, about everything that the server lists.
Result<void> use_everything(Client& client, const Context& context) {
  auto well = call_every_tool(client, context);
  const auto resources = client.resources();
  if (well) well = done(resources);
  const auto prompts = client.prompts();
  if (well) well = done(prompts);
  if (!well) return well;
  for (const auto& resource : *resources) {
    if (well) well = done(client.read(resource.uri));
  }
  for (const auto& prompt : *prompts) {
    if (well) well = done(client.prompt(prompt.name));
  }
  return well;
}

/// The server offers nothing; how requests look is seen all the same.
Result<void> ask_without_offer(Client& client, const Context&) {
  return done(client.request("tools/list"));
}

/// Sends the schema of one tool back, as it was listed.
Result<void> echo_schema(Client& client, const Context&) {
  const auto tools = client.tools();
  if (!tools) return std::unexpected(tools.error());
  for (const auto& tool : *tools) {
    if (tool.name != "json_schema_2020_12_tool") continue;
    const auto definition = json::parse(tool.json);
    const json::object arguments = {{"schema", definition.at("inputSchema")}};
    return done(client.call("json_schema_echo", json::serialize(arguments)));
  }
  return fail(Reason::protocol, "there is no tool json_schema_2020_12_tool");
}

struct Entry {
  std::string_view name;  ///< ending in a slash: all below it
  Script script;
};

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"initialize", list},
      {"tools_call", calls_of({{"add_numbers", R"({"a":5,"b":3})"}})},
      {"elicitation-sep1034-client-defaults", calls_of({{"test_client_elicitation_defaults", "{}"}})
      },
      {"sse-retry", calls_of({{"test_reconnection", "{}"}})},
      {"auth/", calls_of({{"test-tool", "{}"}})},
      {"json-schema-2020-12-preservation", echo_schema},
      {"json-schema-ref-no-deref", list},
      {"request-metadata", ask_without_offer},
      {"sep-2322-client-request-state", calls_of(
                                            {{"test_mrtr_echo_state", "{}"},
                                             {"test_mrtr_no_state", "{}"},
                                             {"test_mrtr_unrelated", "{}"},
                                             {"test_mrtr_no_result_type", "{}"}}
                                        )},
      {"http-standard-headers", use_everything},
      {"http-custom-headers", wanted_calls},
      {"http-invalid-tool-headers", call_every_tool},
  };
  return all;
}

}  // namespace

const Script* script_of(std::string_view scenario) {
  for (const auto& entry : entries()) {
    const bool family = entry.name.ends_with('/') && scenario.starts_with(entry.name);
    if (entry.name == scenario || family) return &entry.script;
  }
  return nullptr;
}

}  // namespace conformance
