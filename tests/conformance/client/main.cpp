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

#include "conformance/client/location.hpp"

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

using Context = json::object;

Context context() {
  const char* text = std::getenv("MCP_CONFORMANCE_CONTEXT");
  boost::system::error_code error;
  auto parsed = json::parse(text == nullptr ? "{}" : text, error);
  return error || !parsed.is_object() ? Context() : parsed.get_object();
}

std::string text(const Context& from, json::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

/// The sign-in that each scenario is about.
mooring::OAuthConfig oauth_for(std::string_view scenario, const Context& from) {
  using Grant = mooring::OAuthConfig::Grant;
  mooring::OAuthConfig oauth;
  oauth.client_metadata_url = "https://conformance-test.local/client-metadata.json";
  oauth.client_id = text(from, "client_id");
  oauth.client_secret = text(from, "client_secret");
  oauth.issuer = text(from, "issuer");
  oauth.private_key = text(from, "private_key_pem");
  oauth.signing_algorithm = text(from, "signing_algorithm");
  if (scenario.starts_with("auth/client-credentials")) oauth.grant = Grant::client_credentials;
  if (scenario.starts_with("auth/wif")) {
    oauth.grant = Grant::jwt_bearer;
    oauth.assertion = text(from, "valid_jwt");
  }
  if (!text(from, "idp_id_token").empty()) {
    oauth.grant = Grant::enterprise;
    oauth.assertion = text(from, "idp_id_token");
    oauth.idp_issuer = text(from, "idp_issuer");
    oauth.idp_client_id = text(from, "idp_client_id");
    oauth.idp_token_endpoint = text(from, "idp_token_endpoint");
  }
  return oauth;
}

Result<mooring::Client> connect(const std::string& url, std::string_view scenario) {
  mooring::UpstreamConfig config;
  config.name = "conformance";
  config.url = url;
  config.transport = mooring::TransportKind::http;
  config.oauth = oauth_for(scenario, context());
  mooring::ClientOptions options;
  options.redirect_uri = "http://localhost:3000/callback";
  options.handlers.authorize = [](std::string_view page) {
    return conformance::location_of(std::string(page));
  };
  options.name = "mooring-conformance-client";
  options.handlers.elicitation = accept_with_defaults;
  return mooring::Client::connect(std::move(config), std::move(options));
}

/// Lists the tools, then calls one of them unless `tool` is empty.
Result<void> list_and_call(
    const std::string& url, std::string_view scenario, std::string_view tool,
    std::string_view arguments
) {
  auto client = connect(url, scenario);
  if (!client) return std::unexpected(client.error());
  auto tools = client->tools();
  if (!tools) return std::unexpected(tools.error());
  if (tool.empty()) return {};
  auto result = client->call(tool, arguments);
  if (!result) return std::unexpected(result.error());
  if (result->is_error) return mooring::fail(mooring::Reason::rejected, result->text);
  return {};
}

/// Sends the schema of one tool back, as it was listed.
Result<void> echo_schema(const std::string& url, std::string_view scenario) {
  auto client = connect(url, scenario);
  if (!client) return std::unexpected(client.error());
  const auto tools = client->tools();
  if (!tools) return std::unexpected(tools.error());
  for (const auto& tool : *tools) {
    if (tool.name != "json_schema_2020_12_tool") continue;
    const auto definition = json::parse(tool.json);
    const json::object arguments = {{"schema", definition.at("inputSchema")}};
    const auto result = client->call("json_schema_echo", json::serialize(arguments));
    if (!result) return std::unexpected(result.error());
    return {};
  }
  return mooring::fail(mooring::Reason::protocol, "there is no tool json_schema_2020_12_tool");
}

struct Scenario {
  std::string_view name;  ///< ending in a slash: all below it
  std::string_view tool;  ///< empty: only list
  std::string_view arguments;
};

constexpr std::string_view echo = "json_schema_echo";

constexpr Scenario scenarios[] = {
    {"initialize", "", "{}"},
    {"tools_call", "add_numbers", R"({"a":5,"b":3})"},
    {"elicitation-sep1034-client-defaults", "test_client_elicitation_defaults", "{}"},
    {"sse-retry", "test_reconnection", "{}"},
    {"auth/", "test-tool", "{}"},
    {"json-schema-2020-12-preservation", echo, "{}"},
};

int run(int argc, char** argv) {
  const char* wanted = std::getenv("MCP_CONFORMANCE_SCENARIO");
  if (wanted == nullptr || argc < 2) {
    fmt::print(stderr, "usage: MCP_CONFORMANCE_SCENARIO=NAME mooring-conformance-client URL\n");
    return 2;
  }
  for (const auto& scenario : scenarios) {
    const bool family =
        scenario.name.ends_with('/') && std::string_view(wanted).starts_with(scenario.name);
    if (scenario.name != wanted && !family) continue;
    auto done = scenario.tool == echo
                    ? echo_schema(argv[argc - 1], wanted)
                    : list_and_call(argv[argc - 1], wanted, scenario.tool, scenario.arguments);
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
