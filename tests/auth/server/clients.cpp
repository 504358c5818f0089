#include <algorithm>
#include <boost/json.hpp>

#include "auth/server/authorization_server.hpp"
#include "auth/server/jwt.hpp"
#include "core/base64.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::string_view assertion_type =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr std::int64_t clock_skew_seconds = 60;

std::int64_t seconds(auth::SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Scopes strings(const json::object& from, std::string_view name) {
  Scopes all;
  const auto* value = from.if_contains(json::string_view(name.data(), name.size()));
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr) return all;
  for (const auto& each : *list) {
    if (const auto* entry = each.if_string()) all.emplace_back(entry->data(), entry->size());
  }
  return all;
}

/// https, or this machine (OAuth 2.1 §8.4.2).
bool may_be_registered(const std::string& redirect_uri) {
  const auto url = core::Url::parse(redirect_uri);
  return url && (url->is_tls() || url->is_loopback()) && !redirect_uri.contains('#');
}

/// The first key of a JWK set; empty: none.
std::string first_key(const json::object& metadata) {
  const auto* set = metadata.if_contains("jwks");
  const auto* keys =
      set != nullptr && set->is_object() ? set->get_object().if_contains("keys") : nullptr;
  if (keys == nullptr || !keys->is_array() || keys->get_array().empty()) return {};
  return json::serialize(keys->get_array().front());
}

auth::Reply unknown_client(std::string_view why, bool by_header = false) {
  auto reply = refusal("invalid_client", why, 401);
  if (by_header) reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"as\"");
  return reply;
}

}  // namespace

auth::Reply AuthorizationServer::register_client(
    const auth::Request& request, auth::SystemTime now
) {
  if (!options_.registration) return answer(404);
  auto metadata = parse_object(request.body);
  const auto invalid = [](std::string_view why) { return refusal("invalid_client_metadata", why); };
  if (!header(request, "Content-Type").starts_with("application/json") || metadata.empty())
    return invalid("a JSON object is wanted");
  Client client;
  client.registered = true;
  client.redirect_uris = strings(metadata, "redirect_uris");
  auto grants = strings(metadata, "grant_types");
  if (grants.empty()) grants = {"authorization_code"};
  const bool redirects = std::ranges::find(grants, "authorization_code") != grants.end();
  if (redirects && client.redirect_uris.empty())
    return refusal("invalid_redirect_uri", "none is given");
  if (!std::ranges::all_of(client.redirect_uris, may_be_registered))
    return refusal("invalid_redirect_uri", "neither https nor loopback");
  auto name = text(metadata, "token_endpoint_auth_method");
  if (name.empty()) name = "client_secret_basic";  // RFC 7591 §2
  const auto method = auth::parse_client_auth(name);
  if (!method || !takes_method(*method)) return invalid("token_endpoint_auth_method");
  client.method = *method;
  client.public_jwk = first_key(metadata);
  if (*method == auth::ClientAuth::private_key_jwt && client.public_jwk.empty())
    return invalid("private_key_jwt without jwks");
  client.id = "client-" + random_.token(9);
  metadata["client_id"] = client.id;
  metadata["client_id_issued_at"] = seconds(now);
  metadata["token_endpoint_auth_method"] = name;
  if (*method == auth::ClientAuth::basic || *method == auth::ClientAuth::post) {
    // Characters that have to be encoded in Basic credentials (RFC 6749 §2.3.1).
    client.secret = "s+/:%" + random_.token(24);
    if (options_.secret_lifetime) client.secret_ends = now + *options_.secret_lifetime;
    metadata["client_secret"] = client.secret;
    metadata["client_secret_expires_at"] = client.secret_ends ? seconds(*client.secret_ends) : 0;
  }
  add_client(client);
  return json_answer(201, metadata);
}

bool AuthorizationServer::takes_method(auth::ClientAuth method) const {
  const auto& all = options_.token_endpoint_auth_methods;
  return !all || std::ranges::find(*all, auth::to_string(method)) != all->end();
}

const Client* AuthorizationServer::find_client(std::string_view id) {
  const auto found = clients_.find(id);
  if (found != clients_.end()) return &found->second;
  const auto url = core::Url::parse(id);
  if (!options_.metadata_documents || !url || !url->is_tls() || url->path() == "/") return nullptr;
  // Its document would be fetched now; there is no network here, so it says what is needed.
  Client client;
  client.id = id;
  add_client(client);
  return &clients_.find(id)->second;
}

AuthorizationServer::Or<AuthorizationServer::Asker> AuthorizationServer::authenticate(
    const auth::Request& request, const Form& form, auth::SystemTime now
) {
  const auto authorization = header(request, "Authorization");
  const bool basic = !authorization.empty();
  const bool assertion = form.has("client_assertion") || form.has("client_assertion_type");
  const bool post = form.has("client_secret");
  if (int{basic} + int{assertion} + int{post} > 1) {
    return std::unexpected(refusal("invalid_request", "more than one way to authenticate"));
  }
  auto method = auth::ClientAuth::none;
  auto id = form["client_id"];
  auto secret = form["client_secret"];
  if (post) method = auth::ClientAuth::post;
  if (basic) {
    method = auth::ClientAuth::basic;
    const auto pair = authorization.starts_with("Basic ")
                          ? core::base64_decode(std::string_view(authorization).substr(6))
                          : std::nullopt;
    const auto colon = pair ? pair->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::unexpected(unknown_client("no Basic pair", true));
    // Each half is form-encoded by itself (RFC 6749 §2.3.1).
    const Form halves("id=" + pair->substr(0, colon) + "&secret=" + pair->substr(colon + 1));
    if (!id.empty() && id != halves["id"])
      return std::unexpected(refusal("invalid_request", "two client_ids"));
    id = halves["id"];
    secret = halves["secret"];
  }
  if (assertion) {
    const auto client = asserted(form, now);
    if (!client) return std::unexpected(client.error());
    return Asker{client->id, true, {}};
  }
  const auto* client = find_client(id);
  if (client == nullptr) return std::unexpected(unknown_client("nobody of this name", basic));
  if (client->method != method || !takes_method(method))
    return std::unexpected(unknown_client("not the way it was registered for", basic));
  if (method != auth::ClientAuth::none && client->secret != secret)
    return std::unexpected(unknown_client("wrong secret", basic));
  if (client->secret_ends && *client->secret_ends <= now)
    return std::unexpected(unknown_client("the secret has expired", basic));
  return Asker{client->id, method != auth::ClientAuth::none, {}};
}

AuthorizationServer::Or<Client> AuthorizationServer::asserted(
    const Form& form, auth::SystemTime now
) {
  const auto no = [](std::string_view why) { return std::unexpected(unknown_client(why)); };
  if (form["client_assertion_type"] != assertion_type) return no("client_assertion_type");
  const auto jwt = read_jwt(form["client_assertion"]);
  if (!jwt) return no("client_assertion is not a JWT");
  const auto id = (*jwt)["sub"];
  if (id.empty() || (*jwt)["iss"] != id) return no("iss and sub have to be the client");
  if (form.has("client_id") && form["client_id"] != id) return no("client_id is somebody else");
  const auto* client = find_client(id);
  if (client == nullptr || client->method != auth::ClientAuth::private_key_jwt ||
      !takes_method(client->method)) {
    return no("not the way it was registered for");
  }
  if (client->public_jwk.empty() || !is_signed_by(form["client_assertion"], client->public_jwk))
    return no("signature");
  // MCP wants the issuer there; the address of the token endpoint is the older custom.
  if (!jwt->is_for(options_.issuer)) return no("aud is not this issuer");
  if (jwt->number("exp") <= seconds(now)) return no("exp");
  if (jwt->number("iat") > seconds(now) + clock_skew_seconds) return no("iat");
  const auto once = (*jwt)["jti"];
  if (once.empty() || !spent_assertions_.insert(id + " " + once).second) return no("jti");
  return *client;
}

}  // namespace mooring::test_auth
