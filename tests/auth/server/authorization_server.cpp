#include "auth/server/authorization_server.hpp"

#include <algorithm>

namespace mooring::test_auth {

namespace {

/// "urn:ietf:params:oauth:grant-type:device_code" is "device_code".
std::string_view last_word(std::string_view type) { return type.substr(type.rfind(':') + 1); }

bool is_grant(const std::string& one, std::string_view other) {
  return last_word(one) == last_word(other);
}

}  // namespace

AuthorizationServer::AuthorizationServer(core::Random& random, ServerOptions options)
    : random_(random), options_(std::move(options)) {
  if (options_.dpop_nonce) renew_nonce();
}

auth::Reply AuthorizationServer::handle(const auth::Request& request, auth::SystemTime now) {
  Seen seen;
  seen.endpoint = endpoint_of(request.url);
  seen.request = request;
  seen.form = Form(request.method == "POST" ? request.body : query_of(request.url.target));
  seen.at = now;
  seen_.push_back(seen);
  if (seen.endpoint == Endpoint::token && seen.form["grant_type"] == "refresh_token") {
    presented_.push_back(seen.form["refresh_token"]);
  }
  if (auto fault = faults_.failure(seen.endpoint)) return std::move(*fault);
  auto reply = respond(seen, now);
  return faults_.loses(seen.endpoint) ? no_answer() : reply;
}

auth::Reply AuthorizationServer::respond(const Seen& seen, auth::SystemTime now) {
  const auto& request = seen.request;
  const bool posted = request.method == "POST";
  switch (seen.endpoint) {
    case Endpoint::metadata:
      return request.method == "GET" ? metadata() : answer(405);
    case Endpoint::authorization:
      return request.method == "GET" ? authorize(request, seen.form, now) : answer(405);
    case Endpoint::registration:
      return posted ? register_client(request, now) : answer(405);
    case Endpoint::token:
      return posted ? token(request, seen.form, now) : answer(405);
    case Endpoint::device_authorization:
      return posted ? begin_device(request, seen.form, now) : answer(405);
    case Endpoint::revocation:
      return posted ? revoke(request, seen.form, now) : answer(405);
    default:
      return answer(404);
  }
}

std::string AuthorizationServer::visit(std::string_view address, auth::SystemTime now) {
  const auto parsed = core::Url::parse(address);
  if (!parsed) return {};
  auth::Request request;
  request.url = *parsed;
  return std::string(handle(request, now).header("Location"));
}

void AuthorizationServer::fail_next(
    Endpoint endpoint, int times, int status, std::string body, auth::Headers headers
) {
  fail_next(endpoint, times, Fault{status, std::move(body), std::move(headers)});
}

void AuthorizationServer::fail_next(Endpoint endpoint, int times, Fault fault) {
  faults_.fail_next(endpoint, times, std::move(fault));
}

void AuthorizationServer::lose_next(Endpoint endpoint, int times) {
  faults_.lose_next(endpoint, times);
}

void AuthorizationServer::add_client(Client client) {
  auto id = client.id;
  clients_.insert_or_assign(std::move(id), std::move(client));
}

void AuthorizationServer::forget_clients() { clients_.clear(); }

void AuthorizationServer::revoke_grants() {
  for (const auto& each : families_) each->revoked = true;
}

void AuthorizationServer::revoke_refresh_tokens() {
  for (auto& [name, token] : refresh_) token.dead = true;
}

void AuthorizationServer::expire_access_tokens() {
  for (auto& [name, token] : access_) token.dead = true;
}

void AuthorizationServer::approve_device(std::string_view user_code) {
  for (auto& [name, device] : devices_) {
    if (user_code.empty() || device.user_code == user_code) device.person = Device::Person::agreed;
  }
}

void AuthorizationServer::deny_device(std::string_view user_code) {
  for (auto& [name, device] : devices_) {
    if (user_code.empty() || device.user_code == user_code) device.person = Device::Person::refused;
  }
}

void AuthorizationServer::renew_nonce() { proofs_.set_nonce("nonce-" + random_.token(9)); }

auth::Grant AuthorizationServer::issue(
    const std::string& client_id, const std::string& resource, const Scopes& scopes,
    auth::SystemTime now
) {
  if (!clients_.contains(client_id)) {
    Client made;
    made.id = client_id;
    add_client(std::move(made));
  }
  const auto& client = clients_.at(client_id);
  const auto of = family({client_id, false, {}}, "alice", resource, scopes);
  auth::Grant grant;
  grant.issuer = issuer();
  grant.resource = resource;
  grant.access_token = new_access_token(of, resource, scopes, now);
  if (refreshable(scopes)) grant.refresh_token = new_refresh_token(of, now);
  grant.token_type = options_.bearer;
  grant.scopes = scopes;
  grant.requested = scopes;
  grant.issued = now;
  if (!options_.expires_in) grant.expires = now + options_.access_lifetime;
  grant.client.issuer = issuer();
  grant.client.client_id = client_id;
  grant.client.client_secret = client.secret;
  grant.client.method = client.method;
  if (client.registered) grant.client.kind = auth::Registration::Kind::dynamic;
  if (!client.redirect_uris.empty()) grant.client.redirect_uri = client.redirect_uris.front();
  return grant;
}

bool AuthorizationServer::accepts(
    std::string_view access_token, std::string_view resource, auth::SystemTime now
) const {
  const auto found = access_.find(access_token);
  if (found == access_.end()) return false;
  const auto& token = found->second;
  return !token.dead && !token.family->revoked && now < token.ends &&
         (resource.empty() || token.resource.empty() || token.resource == resource);
}

Scopes AuthorizationServer::scopes_of(std::string_view access_token) const {
  const auto found = access_.find(access_token);
  return found == access_.end() ? Scopes() : found->second.scopes;
}

std::string AuthorizationServer::thumbprint_of(std::string_view access_token) const {
  const auto found = access_.find(access_token);
  return found == access_.end() ? std::string() : found->second.family->thumbprint;
}

std::vector<AuthorizationServer::Seen> AuthorizationServer::seen(Endpoint endpoint) const {
  std::vector<Seen> found;
  std::ranges::copy_if(seen_, std::back_inserter(found), [&](const Seen& each) {
    return each.endpoint == endpoint;
  });
  return found;
}

int AuthorizationServer::requests(Endpoint endpoint) const {
  return static_cast<int>(std::ranges::count(seen_, endpoint, &Seen::endpoint));
}

int AuthorizationServer::grants(std::string_view type) const {
  return static_cast<int>(std::ranges::count_if(seen_, [&](const Seen& each) {
    return each.endpoint == Endpoint::token && is_grant(each.form["grant_type"], type);
  }));
}

}  // namespace mooring::test_auth
