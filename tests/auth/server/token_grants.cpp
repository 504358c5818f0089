#include <algorithm>
#include <boost/json.hpp>

#include "auth/server/authorization_server.hpp"
#include "core/base64.hpp"
#include "core/hash.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::chrono::seconds slower{5};  ///< RFC 8628 §3.5

bool includes(const Scopes& all, const Scopes& some) {
  return std::ranges::all_of(some, [&](const auto& scope) {
    return std::ranges::find(all, scope) != all.end();
  });
}

}  // namespace

auth::Reply AuthorizationServer::token(
    const auth::Request& request, const Form& form, auth::SystemTime now
) {
  if (!header(request, "Content-Type").starts_with("application/x-www-form-urlencoded"))
    return refusal("invalid_request", "a form is wanted");
  if (form.repeats()) return refusal("invalid_request", "a parameter came twice");
  const auto whole = form["grant_type"];
  const auto type = std::string_view(whole).substr(whole.rfind(':') + 1);
  if (options_.grants_off.contains(std::string(type)))
    return refusal("unsupported_grant_type", type);

  // Before a code or a refresh token is used up.
  std::string thumbprint;
  if (options_.dpop_nonce && proofs_.nonce().empty()) renew_nonce();
  if (!options_.dpop_nonce) proofs_.set_nonce({});
  const bool proves = options_.dpop == Dpop::required ||
                      (options_.dpop == Dpop::allowed && headers_named(request, "DPoP") != 0);
  const auto with_nonce = [&](auth::Reply reply) {
    if (proves && !proofs_.nonce().empty())
      reply.headers.emplace_back("DPoP-Nonce", proofs_.nonce());
    return reply;
  };
  if (proves) {
    auto checked = proofs_.check(request, {}, now);
    if (!checked) return with_nonce(refusal(checked.error(), proofs_.why()));
    thumbprint = std::move(*checked);
  }

  const bool workload = options_.workload_identity && type == "jwt-bearer" &&
                        !form.has("client_id") && header(request, "Authorization").empty() &&
                        !form.has("client_assertion");
  Asker asker;
  if (!workload) {
    auto known = authenticate(request, form, now);
    if (!known) return with_nonce(known.error());
    asker = std::move(*known);
  }
  asker.thumbprint = std::move(thumbprint);
  return with_nonce(granted(whole, asker, form, now));
}

auth::Reply AuthorizationServer::granted(
    std::string_view type, const Asker& asker, const Form& form, auth::SystemTime now
) {
  if (type == "authorization_code") return code_grant(asker, form, now);
  if (type == "refresh_token") return refresh_grant(asker, form, now);
  if (type == "client_credentials") return client_credentials_grant(asker, form, now);
  if (type == "urn:ietf:params:oauth:grant-type:device_code") return device_grant(asker, form, now);
  if (type == "urn:ietf:params:oauth:grant-type:jwt-bearer")
    return jwt_bearer_grant(asker, form, now);
  if (type == "urn:ietf:params:oauth:grant-type:token-exchange")
    return exchange_grant(asker, form, now);
  return refusal("unsupported_grant_type", type);
}

auth::Reply AuthorizationServer::code_grant(
    const Asker& asker, const Form& form, auth::SystemTime now
) {
  const auto no = [](std::string_view why) { return refusal("invalid_grant", why); };
  const auto found = codes_.find(form["code"]);
  if (found == codes_.end()) return no("no such code");
  auto& code = found->second;
  if (code.client != asker.client) return no("somebody else's code");
  if (code.spent_for) {
    // RFC 6749 §4.1.2: whoever came first may have stolen it.
    code.spent_for->revoked = true;
    return no("the code was used before");
  }
  if (code.ends <= now) return no("the code has expired");
  if (code.redirect_uri != form["redirect_uri"]) return no("another redirect_uri");
  const auto verifier = form["code_verifier"];
  if (core::base64url_encode(core::sha256(verifier)) != code.challenge)
    return no("code_verifier does not fit");
  const auto resource = resource_for(form);
  if (!resource) return resource.error();
  if (!resource->empty() && *resource != code.resource)
    return refusal("invalid_target", "another resource than was agreed to");
  const auto of = family(asker, "alice", code.resource, code.scopes);
  code.spent_for = of;
  const auto refresh = refreshable(code.scopes) ? new_refresh_token(of, now) : std::string();
  return json_answer(200, token_body(of, code.resource, code.scopes, refresh, now));
}

auth::Reply AuthorizationServer::refresh_grant(
    const Asker& asker, const Form& form, auth::SystemTime now
) {
  const auto no = [](std::string_view why) { return refusal("invalid_grant", why); };
  const auto found = refresh_.find(form["refresh_token"]);
  if (found == refresh_.end()) return no("no such refresh token");
  auto& token = found->second;
  const auto of = token.family;
  if (of->client != asker.client) return no("somebody else's refresh token");
  if (token.used && now >= *token.used + options_.reuse_grace) {
    ++reuses_;
    if (options_.reuse_revokes && !of->revoked) {
      of->revoked = true;
      ++families_revoked_;
    }
    return no("the refresh token was used before");
  }
  if (of->revoked || token.dead) return no("revoked");
  if (token.ends && *token.ends <= now) return no("expired");
  if (!asker.confidential && of->thumbprint != asker.thumbprint) return no("another key");
  const auto resource = resource_for(form);
  if (!resource) return resource.error();
  if (!resource->empty() && *resource != of->resource)
    return refusal("invalid_target", "another resource than was agreed to");
  auto scopes = auth::split_scopes(form["scope"]);
  if (!includes(of->scopes, scopes)) return refusal("invalid_scope", "more than was agreed to");
  if (scopes.empty()) scopes = of->scopes;
  if (!asker.thumbprint.empty()) of->thumbprint = asker.thumbprint;
  std::string next;
  if (options_.rotation) {
    if (!token.used) token.used = now;
    next = new_refresh_token(of, now);
  }
  return json_answer(200, token_body(of, of->resource, scopes, next, now));
}

auth::Reply AuthorizationServer::client_credentials_grant(
    const Asker& asker, const Form& form, auth::SystemTime now
) {
  if (!asker.confidential) return refusal("unauthorized_client", "it has no credentials");
  const auto resource = resource_for(form);
  if (!resource) return resource.error();
  const auto scopes = scopes_for(form);
  if (!scopes) return scopes.error();
  const auto of = family(asker, asker.client, *resource, *scopes);
  return json_answer(200, token_body(of, *resource, *scopes, {}, now));
}

auth::Reply AuthorizationServer::device_grant(
    const Asker& asker, const Form& form, auth::SystemTime now
) {
  const auto found = devices_.find(form["device_code"]);
  if (found == devices_.end() || found->second.client != asker.client || found->second.spent)
    return refusal("invalid_grant", "no such device code");
  auto& device = found->second;
  if (device.ends <= now) return refusal("expired_token", "start again");
  ++device.polls;
  const bool early = options_.device_enforces_interval && device.last_poll &&
                     now < *device.last_poll + device.interval;
  device.last_poll = now;
  if (early || device.polls <= options_.device_slow_downs) {
    device.interval += slower;
    return refusal("slow_down", "wait longer");
  }
  using Person = Device::Person;
  if (options_.device_pending && device.person == Person::silent &&
      device.polls > options_.device_slow_downs + *options_.device_pending) {
    device.person = Person::agreed;
  }
  if (device.person == Person::refused) return refusal("access_denied", "the person said no");
  if (device.person == Person::silent) return refusal("authorization_pending", "nobody came yet");
  if (form.has("resource") && form["resource"] != device.resource)
    return refusal("invalid_target", "another resource than was agreed to");
  device.spent = true;
  const auto of = family(asker, "alice", device.resource, device.scopes);
  const auto refresh = refreshable(device.scopes) ? new_refresh_token(of, now) : std::string();
  return json_answer(200, token_body(of, device.resource, device.scopes, refresh, now));
}

std::shared_ptr<Family> AuthorizationServer::family(
    const Asker& asker, std::string subject, std::string resource, Scopes scopes
) {
  auto made = std::make_shared<Family>();
  made->client = asker.client;
  made->subject = std::move(subject);
  made->resource = std::move(resource);
  made->scopes = std::move(scopes);
  made->thumbprint = asker.thumbprint;
  families_.push_back(made);
  return made;
}

std::string AuthorizationServer::new_access_token(
    const std::shared_ptr<Family>& of, std::string resource, Scopes scopes, auth::SystemTime now
) {
  auto name = "at-" + random_.token(24);
  access_[name] = {
      of, std::move(resource), std::move(scopes), now + options_.access_lifetime, false
  };
  return name;
}

std::string AuthorizationServer::new_refresh_token(
    const std::shared_ptr<Family>& of, auth::SystemTime now
) {
  auto name = "rt-" + random_.token(24);
  RefreshToken made;
  made.family = of;
  if (options_.refresh_lifetime) made.ends = now + *options_.refresh_lifetime;
  refresh_[name] = std::move(made);
  return name;
}

bool AuthorizationServer::refreshable(const Scopes& scopes) const {
  return options_.refresh_tokens &&
         (!options_.refresh_needs_offline_access || includes(scopes, {"offline_access"}));
}

json::object AuthorizationServer::token_body(
    const std::shared_ptr<Family>& of, const std::string& resource, const Scopes& scopes,
    const std::string& refresh_token, auth::SystemTime now
) {
  json::object body = {
      {"access_token", new_access_token(of, resource, scopes, now)},
      {"token_type", of->thumbprint.empty() ? options_.bearer : "DPoP"},
  };
  if (!options_.expires_in) {
    body["expires_in"] = options_.access_lifetime.count();
  } else if (!options_.expires_in->empty()) {
    body["expires_in"] = json::parse(*options_.expires_in);
  }
  if (!refresh_token.empty()) body["refresh_token"] = refresh_token;
  if (options_.scope_in_answer) body["scope"] = auth::join_scopes(scopes);
  return body;
}

}  // namespace mooring::test_auth
