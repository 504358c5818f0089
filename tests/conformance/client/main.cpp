// What the official conformance suite's client mode drives: one scenario a process, over the public
// library alone. The scenario is named by MCP_CONFORMANCE_SCENARIO, the server's URL is the last
// argument.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mooring/client.hpp>
#include <string>
#include <string_view>

namespace {

namespace json = boost::json;
using mooring::Result;

/// Accepts and gives every field the default that the form names (SEP-1034).
std::string accept_with_defaults(std::string_view params) {
  json::object content;
  boost::system::error_code error;
  auto request = json::parse(json::string_view(params.data(), params.size()), error);
  const json::value* properties = nullptr;
  if (!error) properties = request.find_pointer("/requestedSchema/properties", error);
  if (properties != nullptr && properties->is_object()) {
    for (const auto& [name, schema] : properties->get_object()) {
      const auto* object = schema.if_object();
      const auto* value = object == nullptr ? nullptr : object->if_contains("default");
      if (value != nullptr) content[name] = *value;
    }
  }
  return json::serialize(json::object{{"action", "accept"}, {"content", std::move(content)}});
}

Result<mooring::Client> connect(const std::string& url) {
  mooring::UpstreamConfig config;
  config.name = "conformance";
  config.url = url;
  config.transport = mooring::TransportKind::http;
  mooring::ClientOptions options;
  options.name = "mooring-conformance-client";
  options.handlers.elicitation = accept_with_defaults;
  return mooring::Client::connect(std::move(config), std::move(options));
}

/// Lists the tools, then calls one of them unless `tool` is empty.
Result<void> list_and_call(
    const std::string& url, std::string_view tool, std::string_view arguments
) {
  auto client = connect(url);
  if (!client) return std::unexpected(client.error());
  auto tools = client->tools();
  if (!tools) return std::unexpected(tools.error());
  if (tool.empty()) return {};
  auto result = client->call(tool, arguments);
  if (!result) return std::unexpected(result.error());
  if (result->is_error) return mooring::fail(mooring::Reason::rejected, result->text);
  return {};
}

struct Scenario {
  std::string_view name;
  std::string_view tool;  ///< empty: only list
  std::string_view arguments;
};

constexpr Scenario scenarios[] = {
    {"initialize", "", "{}"},
    {"tools_call", "add_numbers", R"({"a":5,"b":3})"},
    {"elicitation-sep1034-client-defaults", "test_client_elicitation_defaults", "{}"},
    {"sse-retry", "test_reconnection", "{}"},
};

int run(int argc, char** argv) {
  const char* wanted = std::getenv("MCP_CONFORMANCE_SCENARIO");
  if (wanted == nullptr || argc < 2) {
    fmt::print(stderr, "usage: MCP_CONFORMANCE_SCENARIO=NAME mooring-conformance-client URL\n");
    return 2;
  }
  for (const auto& scenario : scenarios) {
    if (scenario.name != wanted) continue;
    auto done = list_and_call(argv[argc - 1], scenario.tool, scenario.arguments);
    if (done) return 0;
    fmt::print(stderr, "mooring-conformance-client: {}: {}\n", wanted, done.error().detail);
    return 1;
  }
  fmt::print(
      stderr, "mooring-conformance-client: scenario {} is not one this client knows\n", wanted
  );
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mooring-conformance-client: {}\n", error.what());
    return 1;
  }
}
