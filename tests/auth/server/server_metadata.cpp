#include <boost/json.hpp>

#include "auth/server/authorization_server.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::string_view oauth_place = "/.well-known/oauth-authorization-server";
constexpr std::string_view openid_place = "/.well-known/openid-configuration";

/// A path without the slash at its end.
std::string bare(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::string path_of(const std::string& url) {
  const auto parsed = core::Url::parse(url);
  return parsed ? bare(parsed->path()) : std::string();
}

std::string place(MetadataPlace kind, const std::string& path) {
  switch (kind) {
    case MetadataPlace::oauth:
      return std::string(oauth_place) + path;
    case MetadataPlace::openid_inserted:
      return std::string(openid_place) + path;
    case MetadataPlace::openid_appended:
      break;
  }
  return path + std::string(openid_place);
}

std::string_view name_of(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::registration:
      return "/register";
    case Endpoint::authorization:
      return "/authorize";
    case Endpoint::token:
      return "/token";
    case Endpoint::device_authorization:
      return "/device_authorization";
    case Endpoint::revocation:
      return "/revoke";
    default:
      return {};
  }
}

constexpr Endpoint named_endpoints[] = {
    Endpoint::registration, Endpoint::authorization, Endpoint::token,
    Endpoint::device_authorization, Endpoint::revocation
};

}  // namespace

std::string AuthorizationServer::base() const { return bare(options_.issuer); }

std::string AuthorizationServer::url(Endpoint endpoint) const {
  if (endpoint != Endpoint::metadata) {
    return base() + options_.endpoint_path + std::string(name_of(endpoint));
  }
  const auto parsed = core::Url::parse(options_.issuer);
  if (!parsed || options_.metadata.empty()) return {};
  return parsed->origin() + place(*options_.metadata.begin(), path_of(options_.issuer));
}

Endpoint AuthorizationServer::endpoint_of(const core::Url& address) const {
  const auto path = address.path();
  const auto above = path_of(options_.issuer);
  for (const auto kind : options_.metadata) {
    if (path == place(kind, above)) return Endpoint::metadata;
  }
  for (const auto endpoint : named_endpoints) {
    if (path == above + options_.endpoint_path + std::string(name_of(endpoint))) return endpoint;
  }
  return Endpoint::other;
}

auth::Reply AuthorizationServer::metadata() const {
  const auto& o = options_;
  json::object body = {
      {"issuer", o.metadata_issuer.empty() ? o.issuer : o.metadata_issuer},
      {"authorization_endpoint", url(Endpoint::authorization)},
      {"token_endpoint", url(Endpoint::token)},
      {"revocation_endpoint", url(Endpoint::revocation)},
      {"response_types_supported", json::array{"code"}},
  };
  json::array grants;
  for (const auto* type :
       {"authorization_code", "refresh_token", "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange"}) {
    const std::string_view whole = type;
    const auto word = whole.substr(whole.rfind(':') + 1);
    if (!o.grants_off.contains(std::string(word))) grants.emplace_back(type);
  }
  body["grant_types_supported"] = std::move(grants);
  if (o.registration) body["registration_endpoint"] = url(Endpoint::registration);
  if (o.device_flow) body["device_authorization_endpoint"] = url(Endpoint::device_authorization);
  if (o.scopes_supported) body["scopes_supported"] = texts(*o.scopes_supported);
  if (o.code_challenge_methods)
    body["code_challenge_methods_supported"] = texts(*o.code_challenge_methods);
  if (o.token_endpoint_auth_methods)
    body["token_endpoint_auth_methods_supported"] = texts(*o.token_endpoint_auth_methods);
  if (o.metadata_documents) body["client_id_metadata_document_supported"] = true;
  if (o.iss_parameter) body["authorization_response_iss_parameter_supported"] = true;
  if (o.dpop != Dpop::off)
    body["dpop_signing_alg_values_supported"] = json::array{"ES256", "EdDSA", "RS256"};
  for (const auto& [name, raw] : o.metadata_members) {
    if (raw.empty()) {
      body.erase(name);
    } else {
      body[name] = json::parse(raw);
    }
  }
  return json_answer(200, body);
}

}  // namespace mooring::test_auth
