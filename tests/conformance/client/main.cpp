// What the official conformance suite's client mode drives: one scenario a process, over the public
// library alone. The scenario is named by MCP_CONFORMANCE_SCENARIO, the server's URL is the last
// argument. Which revision of the protocol it is about is for the library to find out.

#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mooring/client.hpp>
#include <string>
#include <string_view>

#include "conformance/client/context.hpp"
#include "conformance/client/location.hpp"
#include "conformance/client/script.hpp"

namespace {

namespace json = boost::json;
using mooring::Result;

/// Accepts: every field gets the default that the form names (SEP-1034), and whoever wants a yes
/// gets it.
std::string accept(std::string_view params) {
  json::object content;
  boost::system::error_code error;
  auto request = json::parse(json::string_view(params.data(), params.size()), error);
  const json::value* properties = nullptr;
  if (!error) properties = request.find_pointer("/requestedSchema/properties", error);
  if (properties != nullptr && properties->is_object()) {
    for (const auto& [name, schema] : properties->get_object()) {
      const auto* object = schema.if_object();
      if (object == nullptr) continue;
      if (const auto* value = object->if_contains("default")) {
        content[name] = *value;
      } else if (const auto* type = object->if_contains("type"); type && *type == "boolean") {
        content[name] = true;
      }
    }
  }
  return json::serialize(json::object{{"action", "accept"}, {"content", std::move(content)}});
}

Result<void> play(
    const std::string& url, std::string_view scenario, const conformance::Script& script
) {
  const auto context = conformance::Context::from_environment();
  mooring::UpstreamConfig config;
  config.name = "conformance";
  config.url = url;
  config.transport = mooring::TransportKind::http;
  config.oauth = context.oauth(scenario);
  mooring::ClientOptions options;
  options.redirect_uri = "http://localhost:3000/callback";
  options.handlers.authorize = [](std::string_view page) {
    return conformance::location_of(std::string(page));
  };
  options.name = "mooring-conformance-client";
  options.handlers.elicitation = accept;
  // What is declared is looked at, too.
  options.handlers.roots = [] { return R"({"roots":[]})"; };
  options.handlers.sampling = [](std::string_view) {
    return R"({"role":"assistant","content":{"type":"text","text":"none"},"model":"none"})";
  };
  auto client = mooring::Client::connect(std::move(config), std::move(options));
  if (!client) return std::unexpected(client.error());
  return script(*client, context);
}

int run(int argc, char** argv) {
  const char* wanted = std::getenv("MCP_CONFORMANCE_SCENARIO");
  if (wanted == nullptr || argc < 2) {
    fmt::print(stderr, "usage: MCP_CONFORMANCE_SCENARIO=NAME mooring-conformance-client URL\n");
    return 2;
  }
  const auto* script = conformance::script_of(wanted);
  if (script == nullptr) {
    fmt::print(
        stderr, "mooring-conformance-client: scenario {} is not one this client knows\n", wanted
    );
    return 2;
  }
  const auto played = play(argv[argc - 1], wanted, *script);
  if (played) {
    fmt::print("done\n");
    return 0;
  }
  fmt::print(stderr, "mooring-conformance-client: {}: {}\n", wanted, played.error().detail);
  return 1;
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
