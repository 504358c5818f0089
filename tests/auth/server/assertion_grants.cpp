#include <boost/json.hpp>

#include "auth/server/authorization_server.hpp"
#include "auth/server/jwt.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::string_view id_jag_type = "urn:ietf:params:oauth:token-type:id-jag";
constexpr std::string_view id_token_type = "urn:ietf:params:oauth:token-type:id_token";
constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::int64_t assertion_seconds = 300;

std::int64_t seconds(auth::SystemTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

void AuthorizationServer::trust(std::string assertion_issuer, std::string public_jwk) {
  trusted_.insert_or_assign(std::move(assertion_issuer), std::move(public_jwk));
}

std::string AuthorizationServer::public_jwk() {
  if (!options_.sign) return {};
  if (!key_) key_ = auth::SigningKey::generate();
  return key_->public_jwk();
}

std::string AuthorizationServer::signed_jwt(json::object head, const json::object& claims) {
  if (!options_.sign) return unsigned_jwt(std::move(head), claims);
  if (!key_) key_ = auth::SigningKey::generate();
  return key_->sign(json::serialize(head), json::serialize(claims));
}

std::string AuthorizationServer::id_token(
    const std::string& subject, const std::string& client_id, auth::SystemTime now
) {
  return signed_jwt(
      {{"typ", "JWT"}}, {{"iss", options_.issuer},
                         {"sub", subject},
                         {"aud", client_id},
                         {"iat", seconds(now)},
                         {"exp", seconds(now) + options_.access_lifetime.count()}}
  );
}

/// RFC 7523, for identity assertions (Enterprise-Managed Authorization, step 2) and for workloads.
auth::Reply AuthorizationServer::jwt_bearer_grant(
    const Asker& asker, const Form& form, auth::SystemTime now
) {
  const auto no = [](std::string_view why) { return refusal("invalid_grant", why); };
  const auto assertion = form["assertion"];
  const auto jwt = read_jwt(assertion);
  if (!jwt) return no("the assertion is not a JWT");
  const auto trusted = trusted_.find((*jwt)["iss"]);
  if (trusted == trusted_.end()) return no("nobody trusts its issuer");
  if (!is_signed_by(assertion, trusted->second)) return no("signature");
  if (!jwt->is_for(options_.issuer)) return no("aud is not this issuer");
  if (jwt->number("exp") <= seconds(now)) return no("expired");
  auto resource = form["resource"];
  auto scopes = scopes_for(form);
  if (!scopes) return scopes.error();
  if (text(jwt->header, "typ") == "oauth-id-jag+jwt") {
    if ((*jwt)["client_id"] != asker.client) return no("it was made for another client");
    const auto once = (*jwt)["jti"];
    if (once.empty()) return no("no jti");
    const auto agreed = (*jwt)["resource"];
    if (!agreed.empty()) {
      if (!resource.empty() && resource != agreed)
        return refusal("invalid_target", "another resource than it was made for");
      resource = agreed;
    }
    if (!form.has("scope") && !(*jwt)["scope"].empty())
      scopes = auth::split_scopes((*jwt)["scope"]);
    if (!spent_assertions_.insert((*jwt)["iss"] + " " + once).second)
      return no("the assertion was used before");
  } else if (!options_.workload_identity) {
    return no("only identity assertions are taken");
  }
  if (resource.empty() && options_.resource_required)
    return refusal("invalid_target", "no resource");
  if (!options_.resources.empty() && !options_.resources.contains(resource))
    return refusal("invalid_target", "no such resource");
  const auto of = family(asker, (*jwt)["sub"], resource, *scopes);
  return json_answer(200, token_body(of, resource, *scopes, {}, now));
}

/// RFC 8693: an identity assertion for another server, or a token of ours for another resource.
auth::Reply AuthorizationServer::exchange_grant(
    const Asker& asker, const Form& form, auth::SystemTime now
) {
  const auto subject_token = form["subject_token"];
  const auto type = form["subject_token_type"];
  const auto no = [](std::string_view why) { return refusal("invalid_grant", why); };
  if (type == id_token_type) {
    const auto jwt = read_jwt(subject_token);
    if (!jwt || (*jwt)["iss"] != options_.issuer || !is_signed_by(subject_token, public_jwk()))
      return no("not an ID token of this server");
    if (!jwt->is_for(asker.client)) return no("the ID token is for another client");
    if (jwt->number("exp") <= seconds(now)) return no("the ID token has expired");
    if (form["requested_token_type"] != id_jag_type)
      return refusal("invalid_request", "requested_token_type");
    return id_jag(asker, form, (*jwt)["sub"], now);
  }
  if (type != access_token_type) return refusal("invalid_request", "subject_token_type");
  if (!accepts(subject_token, {}, now)) return no("not a good token of this server");
  const auto resource = resource_for(form);
  if (!resource) return resource.error();
  auto scopes = scopes_for(form);
  if (!scopes) return scopes.error();
  if (!form.has("scope")) scopes = scopes_of(subject_token);
  const auto subject = access_.find(subject_token)->second.family->subject;
  const auto of = family(asker, subject, *resource, *scopes);
  auto body = token_body(of, *resource, *scopes, {}, now);
  body["issued_token_type"] = std::string(access_token_type);
  return json_answer(200, body);
}

auth::Reply AuthorizationServer::id_jag(
    const Asker& asker, const Form& form, const std::string& subject, auth::SystemTime now
) {
  if (form["audience"].empty()) return refusal("invalid_request", "no audience");
  const auto resource = resource_for(form);
  if (!resource) return resource.error();
  json::object claims = {
      {"iss", options_.issuer},
      {"sub", subject},
      {"aud", form["audience"]},
      {"resource", *resource},
      {"client_id", options_.id_jag_client.empty() ? asker.client : options_.id_jag_client},
      {"jti", random_.token(12)},
      {"iat", seconds(now)},
      {"exp", seconds(now) + assertion_seconds},
  };
  if (form.has("scope")) claims["scope"] = form["scope"];
  return json_answer(
      200, {{"access_token", signed_jwt({{"typ", "oauth-id-jag+jwt"}}, claims)},
            {"issued_token_type", std::string(id_jag_type)},
            {"token_type", "N_A"},
            {"expires_in", assertion_seconds}}
  );
}

}  // namespace mooring::test_auth
