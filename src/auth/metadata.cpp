#include "auth/metadata.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace mooring::auth {

namespace json = boost::json;

namespace {

constexpr std::size_t most_entries = 1000;

Result<json::object> parse(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 32;
  auto value = json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  if (error || !value.is_object()) {
    return fail(Reason::protocol, std::string(what) + " is not a JSON object");
  }
  return std::move(value.get_object());
}

std::string text(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(json::string_view(name.data(), name.size()));
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

bool flag(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(json::string_view(name.data(), name.size()));
  const auto* found = value == nullptr ? nullptr : value->if_bool();
  return found != nullptr && *found;
}

std::optional<std::vector<std::string>> list(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(json::string_view(name.data(), name.size()));
  const auto* found = value == nullptr ? nullptr : value->if_array();
  if (found == nullptr) return std::nullopt;
  std::vector<std::string> all;
  for (const auto& each : *found) {
    if (all.size() == most_entries) break;
    if (const auto* entry = each.if_string()) all.emplace_back(entry->data(), entry->size());
  }
  return all;
}

/// The path without a slash at its end; empty for "/".
std::string bare_path(const core::Url& url) {
  auto path = url.path();
  while (path.ends_with('/')) path.pop_back();
  return path;
}

core::Url at(const core::Url& origin, std::string target) {
  auto url = origin;
  url.target = std::move(target);
  url.userinfo.clear();
  return url;
}

}  // namespace

Result<ResourceMetadata> parse_resource_metadata(std::string_view text_in) {
  const auto object = parse(text_in, "the protected resource metadata");
  if (!object) return std::unexpected(object.error());
  ResourceMetadata metadata;
  metadata.resource = text(*object, "resource");
  metadata.authorization_servers =
      list(*object, "authorization_servers").value_or(std::vector<std::string>{});
  metadata.scopes_supported =
      list(*object, "scopes_supported").value_or(std::vector<std::string>{});
  metadata.dpop_required = flag(*object, "dpop_bound_access_tokens_required");
  if (metadata.resource.empty())
    return fail(Reason::protocol, "the protected resource metadata name no resource");
  return metadata;
}

Result<ServerMetadata> parse_server_metadata(std::string_view text_in) {
  const auto object = parse(text_in, "the authorization server metadata");
  if (!object) return std::unexpected(object.error());
  ServerMetadata metadata;
  metadata.issuer = text(*object, "issuer");
  metadata.authorization_endpoint = text(*object, "authorization_endpoint");
  metadata.token_endpoint = text(*object, "token_endpoint");
  metadata.registration_endpoint = text(*object, "registration_endpoint");
  metadata.device_authorization_endpoint = text(*object, "device_authorization_endpoint");
  metadata.revocation_endpoint = text(*object, "revocation_endpoint");
  const std::vector<std::string> none;
  metadata.scopes_supported = list(*object, "scopes_supported").value_or(none);
  metadata.token_endpoint_auth_methods = list(*object, "token_endpoint_auth_methods_supported");
  metadata.code_challenge_methods = list(*object, "code_challenge_methods_supported");
  metadata.grant_types = list(*object, "grant_types_supported").value_or(none);
  metadata.dpop_algorithms = list(*object, "dpop_signing_alg_values_supported").value_or(none);
  metadata.client_id_metadata_document_supported =
      flag(*object, "client_id_metadata_document_supported");
  metadata.iss_parameter_supported =
      flag(*object, "authorization_response_iss_parameter_supported");
  if (metadata.issuer.empty())
    return fail(Reason::protocol, "the authorization server metadata name no issuer");
  return metadata;
}

std::vector<core::Url> resource_metadata_places(const core::Url& server) {
  constexpr std::string_view well_known = "/.well-known/oauth-protected-resource";
  std::vector<core::Url> places;
  const auto path = bare_path(server);
  if (!path.empty()) places.push_back(at(server, std::string(well_known) + path));
  places.push_back(at(server, std::string(well_known)));
  return places;
}

std::vector<core::Url> server_metadata_places(const core::Url& issuer) {
  const std::string oauth = "/.well-known/oauth-authorization-server";
  const std::string openid = "/.well-known/openid-configuration";
  const auto path = bare_path(issuer);
  if (path.empty()) return {at(issuer, oauth), at(issuer, openid)};
  return {at(issuer, oauth + path), at(issuer, openid + path), at(issuer, path + openid)};
}

bool covers(std::string_view resource, const core::Url& server) {
  const auto named = core::Url::parse(resource);
  if (!named || !named->same_origin(server)) return false;
  const auto above = bare_path(*named);
  const auto path = server.path();
  return path.starts_with(above) && (path.size() == above.size() || path[above.size()] == '/');
}

std::string canonical_resource(const core::Url& server) {
  auto path = server.path();
  if (path == "/") path.clear();
  return server.origin() + path;
}

}  // namespace mooring::auth
