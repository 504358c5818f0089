#include <algorithm>
#include <boost/json.hpp>

#include "auth/server/authorization_server.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::size_t challenge_size = 43;  ///< SHA-256 in base64url

std::string with_query(const std::string& uri, const std::string& query) {
  return uri + (uri.contains('?') ? '&' : '?') + query;
}

/// The same but for the port, on this machine (RFC 8252 §7.3).
bool same_but_port(const std::string& one, const std::string& other) {
  const auto first = core::Url::parse(one);
  auto second = core::Url::parse(other);
  if (!first || !second || !first->is_loopback() || first->is_tls()) return false;
  second->port = first->port;
  return *first == *second;
}

std::string user_code(core::Random& random) {
  constexpr std::string_view letters = "BCDFGHJKLMNPQRSTVWXZ";  // RFC 8628 §6.1
  std::string code;
  for (int i = 0; i < 8; ++i) {
    if (i == 4) code += '-';
    code += letters[random.next() % letters.size()];
  }
  return code;
}

}  // namespace

bool AuthorizationServer::redirects_to(const Client& client, const std::string& uri) const {
  if (uri.empty()) return false;
  if (client.redirect_uris.empty()) return true;
  return std::ranges::any_of(client.redirect_uris, [&](const auto& registered) {
    return registered == uri || (options_.loopback_ports_vary && same_but_port(registered, uri));
  });
}

AuthorizationServer::Or<Scopes> AuthorizationServer::scopes_for(const Form& form) const {
  auto wanted = auth::split_scopes(form["scope"]);
  if (wanted.empty()) wanted = options_.default_scopes;
  if (options_.scopes_supported) {
    for (const auto& scope : wanted) {
      if (std::ranges::find(*options_.scopes_supported, scope) == options_.scopes_supported->end())
        return std::unexpected(refusal("invalid_scope", "there is no scope " + scope));
    }
  }
  if (options_.grants_only) {
    std::erase_if(wanted, [&](const auto& scope) {
      return std::ranges::find(*options_.grants_only, scope) == options_.grants_only->end();
    });
  }
  return wanted;
}

AuthorizationServer::Or<std::string> AuthorizationServer::resource_for(const Form& form) const {
  auto resource = form["resource"];
  if (resource.empty()) {
    if (!options_.resource_required) return resource;
    return std::unexpected(refusal("invalid_target", "no resource"));
  }
  if (!options_.resources.empty() && !options_.resources.contains(resource))
    return std::unexpected(refusal("invalid_target", "no such resource"));
  return resource;
}

auth::Reply AuthorizationServer::authorize(
    const auth::Request&, const Form& form, auth::SystemTime now
) {
  const auto page = [](std::string text) {
    return answer(400, std::move(text), {{"Content-Type", "text/plain"}});
  };
  if (form.repeats()) return page("a parameter came twice");
  const auto* client = find_client(form["client_id"]);
  // Nobody is sent to an address that was not registered (RFC 6749 §4.1.2.1).
  if (client == nullptr) return page("unknown client");
  const auto redirect_uri = form["redirect_uri"];
  if (!redirects_to(*client, redirect_uri)) return page("unknown redirect_uri");

  const auto back = [&](std::vector<std::pair<std::string, std::string>> fields) {
    const auto state = options_.sent_state.value_or(form["state"]);
    if (!state.empty()) fields.emplace_back("state", state);
    const auto iss = options_.sent_iss.value_or(options_.iss_parameter ? options_.issuer : "");
    if (!iss.empty()) fields.emplace_back("iss", iss);
    return answer(302, {}, {{"Location", with_query(redirect_uri, auth::form_encode(fields))}});
  };
  const auto refused = [&](const auth::Reply& reply) {
    return back({{"error", text(parse_object(reply.body), "error")}});
  };
  if (form["response_type"] != "code") return back({{"error", "unsupported_response_type"}});
  const auto challenge = form["code_challenge"];
  if (form["code_challenge_method"] != "S256" || challenge.size() != challenge_size)
    return back({{"error", "invalid_request"}, {"error_description", "PKCE with S256 is needed"}});
  const auto resource = resource_for(form);
  if (!resource) return refused(resource.error());
  const auto scopes = scopes_for(form);
  if (!scopes) return refused(scopes.error());
  if (!denial_.empty()) {
    auto error = std::move(denial_);
    denial_.clear();
    return back({{"error", std::move(error)}});
  }
  const auto code = "code-" + random_.token(18);
  codes_[code] = {client->id, redirect_uri, challenge,
                  *resource,  *scopes,      now + options_.code_lifetime,
                  nullptr};
  return back({{"code", code}});
}

auth::Reply AuthorizationServer::begin_device(
    const auth::Request& request, const Form& form, auth::SystemTime now
) {
  if (!options_.device_flow) return answer(404);
  if (form.repeats()) return refusal("invalid_request", "a parameter came twice");
  const auto asker = authenticate(request, form, now);
  if (!asker) return asker.error();
  const auto resource = resource_for(form);
  if (!resource) return resource.error();
  const auto scopes = scopes_for(form);
  if (!scopes) return scopes.error();
  Device device;
  device.user_code = user_code(random_);
  device.client = asker->client;
  device.resource = *resource;
  device.scopes = *scopes;
  device.ends = now + options_.device_lifetime;
  device.interval = options_.device_interval;
  const auto code = "device-" + random_.token(18);
  const auto page = base() + "/device";
  json::object body = {
      {"device_code", code},
      {"user_code", device.user_code},
      {"verification_uri", page},
      {"verification_uri_complete", page + "?user_code=" + device.user_code},
      {"expires_in", options_.device_lifetime.count()},
  };
  constexpr std::int64_t thousand = 1000;
  const std::int64_t pause = options_.device_interval.count();
  if (pause % thousand == 0) {
    body["interval"] = pause / thousand;
  } else {
    body["interval"] = static_cast<double>(pause) / static_cast<double>(thousand);
  }
  devices_[code] = std::move(device);
  return json_answer(200, body);
}

auth::Reply AuthorizationServer::revoke(
    const auth::Request& request, const Form& form, auth::SystemTime now
) {
  if (form.repeats()) return refusal("invalid_request", "a parameter came twice");
  const auto asker = authenticate(request, form, now);
  if (!asker) return asker.error();
  const auto token = form["token"];
  if (token.empty()) return refusal("invalid_request", "no token");
  if (const auto found = refresh_.find(token); found != refresh_.end()) {
    if (found->second.family->client != asker->client)
      return refusal("invalid_grant", "somebody else's token");
    found->second.family->revoked = true;
  } else if (const auto access = access_.find(token); access != access_.end()) {
    if (access->second.family->client != asker->client)
      return refusal("invalid_grant", "somebody else's token");
    access->second.dead = true;
  }
  return answer(200);  // also where it is not known (RFC 7009 §2.2)
}

}  // namespace mooring::test_auth
