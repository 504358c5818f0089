#include "auth/authorization_code.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base64.hpp"
#include "core/constant_time.hpp"
#include "core/hash.hpp"
#include "core/redact.hpp"

namespace mooring::auth {

namespace {

bool challenges_with_s256(const Discovered& where) {
  const auto& methods = where.server.code_challenge_methods;
  // Up to 2025-03-26 servers had to know PKCE and did not have to say so.
  if (!methods) return where.legacy;
  return std::ranges::find(*methods, "S256") != methods->end();
}

std::optional<std::string> field(const Headers& fields, std::string_view name) {
  std::optional<std::string> found;
  for (const auto& [key, value] : fields) {
    if (key != name) continue;
    if (found) return std::nullopt;  // twice: neither (RFC 6749 §3.1)
    found = value;
  }
  return found;
}

std::string_view query_of(std::string_view callback) {
  const auto mark = callback.find('?');
  if (mark != std::string_view::npos) callback.remove_prefix(mark + 1);
  return callback.substr(0, callback.find('#'));
}

std::string short_words(std::string_view words) {
  std::string line;
  for (const char c : words.substr(0, 200))
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return core::redact(line);
}

}  // namespace

Result<AuthorizationRequest> begin_authorization(
    const Discovered& where, const Registration& client, const std::vector<std::string>& scopes,
    std::string redirect_uri, const FetchPolicy& policy, core::Random& random
) {
  const auto& server = where.server;
  if (server.authorization_endpoint.empty()) {
    return fail(Reason::protocol, fmt::format("{} names no authorization endpoint", server.issuer));
  }
  if (!challenges_with_s256(where)) {
    return fail(
        Reason::protocol,
        fmt::format(
            "{} does not offer PKCE with S256, without which codes can be stolen", server.issuer
        )
    );
  }
  const auto endpoint = core::Url::parse(server.authorization_endpoint);
  if (!endpoint)
    return fail(Reason::protocol, "authorization_endpoint: " + endpoint.error().detail);
  if (const auto allowed = policy.check(*endpoint); !allowed)
    return std::unexpected(allowed.error());
  AuthorizationRequest request;
  request.redirect_uri = std::move(redirect_uri);
  request.state = random.token(24);
  request.verifier = random.token(32);
  request.issuer = server.issuer;
  request.expects_iss = server.iss_parameter_supported;
  core::register_secret(request.verifier);
  std::vector<std::pair<std::string, std::string>> query = {
      {"response_type", "code"},
      {"client_id", client.client_id},
      {"redirect_uri", request.redirect_uri},
      {"state", request.state},
      {"code_challenge", core::base64url_encode(core::sha256(request.verifier))},
      {"code_challenge_method", "S256"},
  };
  if (!where.resource.empty()) query.emplace_back("resource", where.resource);
  if (!scopes.empty()) query.emplace_back("scope", join_scopes(scopes));
  // OpenID Connect Core §11: offline access is only given where the person is asked.
  if (std::ranges::find(scopes, "offline_access") != scopes.end())
    query.emplace_back("prompt", "consent");
  request.url = endpoint->text();
  request.url += request.url.find('?') == std::string::npos ? '?' : '&';
  request.url += form_encode(query);
  return request;
}

Result<std::string> read_callback(const AuthorizationRequest& request, std::string_view callback) {
  const auto fields = form_decode(query_of(callback));
  const auto state = field(fields, "state");
  if (!state || !core::constant_time_equal(*state, request.state)) {
    return fail(
        Reason::protocol, "this is not the answer to the sign-in that was begun (wrong state)"
    );
  }
  // RFC 9207 §2.4, before anything else is believed, errors included.
  const auto iss = field(fields, "iss");
  if (iss ? *iss != request.issuer : request.expects_iss) {
    return fail(
        Reason::protocol,
        fmt::format("the answer does not come from {} (wrong iss)", request.issuer)
    );
  }
  if (const auto error = field(fields, "error")) {
    auto text = fmt::format("the authorization server says {}", short_words(*error));
    if (const auto more = field(fields, "error_description")) text += ": " + short_words(*more);
    return fail(Reason::login_needed, std::move(text));
  }
  auto code = field(fields, "code");
  if (!code || code->empty()) return fail(Reason::protocol, "the answer holds no code");
  core::register_secret(*code);
  return std::move(*code);
}

std::vector<std::string> scopes_to_ask(
    const std::vector<std::string>& wanted, const ServerMetadata& server
) {
  const auto& known = server.scopes_supported;
  if (wanted.empty() || std::ranges::find(known, "offline_access") == known.end()) return wanted;
  return united(wanted, {"offline_access"});
}

}  // namespace mooring::auth
