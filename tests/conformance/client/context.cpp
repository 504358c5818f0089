#include "conformance/client/context.hpp"

#include <boost/json.hpp>
#include <cstdlib>

namespace conformance {

namespace json = boost::json;

Context Context::from_environment() {
  const char* text = std::getenv("MCP_CONFORMANCE_CONTEXT");
  boost::system::error_code error;
  auto parsed = json::parse(text == nullptr ? "{}" : text, error);
  Context context;
  if (!error && parsed.is_object()) context.told_ = std::move(parsed.get_object());
  return context;
}

std::string Context::text(std::string_view name) const {
  const auto* value = told_.if_contains(json::string_view(name.data(), name.size()));
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

mooring::OAuthConfig Context::oauth(std::string_view scenario) const {
  using Grant = mooring::OAuthConfig::Grant;
  mooring::OAuthConfig oauth;
  oauth.client_metadata_url = "https://conformance-test.local/client-metadata.json";
  oauth.client_id = text("client_id");
  oauth.client_secret = text("client_secret");
  oauth.issuer = text("issuer");
  oauth.private_key = text("private_key_pem");
  oauth.signing_algorithm = text("signing_algorithm");
  if (scenario.starts_with("auth/client-credentials")) oauth.grant = Grant::client_credentials;
  if (scenario.starts_with("auth/wif")) {
    oauth.grant = Grant::jwt_bearer;
    oauth.assertion = text("valid_jwt");
  }
  if (!text("idp_id_token").empty()) {
    oauth.grant = Grant::enterprise;
    oauth.assertion = text("idp_id_token");
    oauth.idp_issuer = text("idp_issuer");
    oauth.idp_client_id = text("idp_client_id");
    oauth.idp_token_endpoint = text("idp_token_endpoint");
  }
  return oauth;
}

std::vector<Context::ToolCall> Context::tool_calls() const {
  std::vector<ToolCall> calls;
  const auto* all = told_.if_contains("toolCalls");
  if (all == nullptr) return calls;
  for (const auto& call : all->as_array()) {
    calls.push_back(
        {json::value_to<std::string>(call.at("name")), json::serialize(call.at("arguments"))}
    );
  }
  return calls;
}

}  // namespace conformance
