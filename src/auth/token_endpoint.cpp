#include "auth/token_endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "core/base64.hpp"
#include "core/json_quote.hpp"
#include "core/redact.hpp"

namespace mooring::auth {

namespace json = boost::json;

namespace {

constexpr auto assertion_life = std::chrono::minutes(5);
constexpr std::size_t longest_told = 200;
constexpr std::chrono::seconds longest_life = std::chrono::hours(24 * 365 * 10);

std::string text(const json::object& from, json::string_view name) {
  const auto* value = from.if_contains(name);
  const auto* found = value == nullptr ? nullptr : value->if_string();
  return found == nullptr ? std::string() : std::string(found->data(), found->size());
}

/// Whole seconds; servers also send them as text, and as a fraction.
std::optional<std::chrono::seconds> lifetime(const json::object& from) {
  const auto* value = from.if_contains("expires_in");
  if (value == nullptr) return std::nullopt;
  double seconds = 0;
  if (const auto* words = value->if_string()) {
    const auto [end, wrong] =
        std::from_chars(words->data(), words->data() + words->size(), seconds);
    if (wrong != std::errc{} || end != words->data() + words->size()) return std::nullopt;
  } else if (value->is_number()) {
    seconds = value->to_number<double>();
  } else {
    return std::nullopt;
  }
  if (!(seconds > 0)) return std::chrono::seconds(0);
  const auto most = static_cast<double>(longest_life.count());
  return std::chrono::seconds(static_cast<long long>(std::min(seconds, most)));
}

/// A server's own words on one line, short and without what looks like a credential.
std::string told(std::string_view words) {
  std::string line;
  for (const char c : words.substr(0, longest_told))
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  return core::redact(line);
}

std::optional<core::Duration> pause_of(const Reply& reply) {
  const auto value = reply.header("retry-after");
  unsigned seconds = 0;
  const auto [end, wrong] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (wrong != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return std::chrono::seconds(seconds);
}

bool passing(std::string_view code) {
  constexpr std::array<std::string_view, 4> codes = {
      "temporarily_unavailable", "server_error", "slow_down", "authorization_pending"
  };
  return std::ranges::find(codes, code) != codes.end();
}

TokenError refusal(const Reply& reply, const std::optional<json::object>& body) {
  TokenError error;
  error.retry_after = pause_of(reply);
  if (reply.status == 0) {
    error.transient = true;
    error.text = "the token endpoint could not be asked: " + told(reply.error);
    return error;
  }
  if (body) error.code = told(text(*body, "error"));
  const bool in_trouble = reply.status == 429 || reply.status >= 500;
  error.transient = in_trouble || error.code.empty() || passing(error.code);
  if (error.code.empty()) {
    error.text = reply.ok() ? "the token endpoint answered without a token"
                            : fmt::format("the token endpoint answered HTTP {}", reply.status);
    return error;
  }
  const auto described = told(text(*body, "error_description"));
  error.text = fmt::format(
      "the authorization server says {}{}{}", error.code, described.empty() ? "" : ": ", described
  );
  return error;
}

Fields with_target(
    Fields fields, std::string_view resource, const std::vector<std::string>& scopes
) {
  if (!resource.empty()) fields.emplace_back("resource", resource);
  if (!scopes.empty()) fields.emplace_back("scope", join_scopes(scopes));
  return fields;
}

}  // namespace

TokenAnswer read_token_answer(const Reply& reply) {
  std::optional<json::object> body;
  if (reply.status != 0) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 32;
    auto parsed = json::parse(reply.body, error, {}, options);
    if (!error && parsed.is_object()) body = std::move(parsed.get_object());
  }
  if (!reply.ok() || !body) return std::unexpected(refusal(reply, body));
  Tokens tokens;
  tokens.access_token = text(*body, "access_token");
  if (tokens.access_token.empty()) return std::unexpected(refusal(reply, body));
  tokens.refresh_token = text(*body, "refresh_token");
  tokens.token_type = text(*body, "token_type");
  tokens.expires_in = lifetime(*body);
  if (body->contains("scope")) tokens.scopes = split_scopes(text(*body, "scope"));
  core::register_secret(tokens.access_token);
  core::register_secret(tokens.refresh_token);
  return tokens;
}

TokenRequest::TokenRequest(
    core::Url endpoint, std::string issuer, Fields fields, TokenClient client, core::Random& random,
    SystemTime now
)
    : endpoint_(std::move(endpoint)),
      issuer_(std::move(issuer)),
      fields_(std::move(fields)),
      client_(std::move(client)),
      random_(random),
      now_(now),
      result_(std::unexpected(TokenError{.transient = true, .text = "not finished"})) {}

void TokenRequest::authenticate(Fields& fields, Headers& headers) {
  const auto& who = client_.registration;
  switch (who.method) {
    case ClientAuth::basic:
      headers.emplace_back(
          "Authorization",
          "Basic " +
              core::base64_encode(form_encode(who.client_id) + ":" + form_encode(who.client_secret))
      );
      return;
    case ClientAuth::post:
      fields.emplace_back("client_id", who.client_id);
      fields.emplace_back("client_secret", who.client_secret);
      return;
    case ClientAuth::private_key_jwt: {
      if (!client_.key) break;
      const auto seconds =
          std::chrono::duration_cast<std::chrono::seconds>(now_.time_since_epoch()).count();
      const auto id = core::json_quote(who.client_id);
      const auto claims = fmt::format(
          R"({{"iss":{},"sub":{},"aud":{},"jti":"{}","iat":{},"exp":{}}})", id, id,
          core::json_quote(issuer_), random_.token(16), seconds,
          seconds + std::chrono::duration_cast<std::chrono::seconds>(assertion_life).count()
      );
      fields.emplace_back("client_id", who.client_id);
      fields.emplace_back(
          "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
      );
      fields.emplace_back("client_assertion", client_.key->sign(R"({"typ":"JWT"})", claims));
      return;
    }
    case ClientAuth::none:
      break;
  }
  if (!who.client_id.empty()) fields.emplace_back("client_id", who.client_id);
}

std::optional<Request> TokenRequest::next() {
  if (done_) return std::nullopt;
  auto fields = fields_;
  Headers headers;
  authenticate(fields, headers);
  auto request = form_post(endpoint_, fields);
  request.headers.insert(request.headers.end(), headers.begin(), headers.end());
  if (client_.prover) {
    request.headers.emplace_back("DPoP", client_.prover->proof("POST", endpoint_, {}));
  }
  return request;
}

void TokenRequest::take(const Reply& reply) {
  ++tries_;
  result_ = read_token_answer(reply);
  done_ = true;
  if (!client_.prover) return;
  const auto nonce = reply.header("dpop-nonce");
  if (!nonce.empty()) client_.prover->nonce(endpoint_, nonce);
  const bool wants_nonce = !result_ && result_.error().code == "use_dpop_nonce";
  if (wants_nonce && !nonce.empty() && tries_ == 1) done_ = false;
}

Fields code_grant(
    std::string_view code, std::string_view redirect_uri, std::string_view verifier,
    std::string_view resource
) {
  Fields fields = {
      {"grant_type", "authorization_code"},
      {"code", std::string(code)},
      {"redirect_uri", std::string(redirect_uri)},
      {"code_verifier", std::string(verifier)}
  };
  return with_target(std::move(fields), resource, {});
}

Fields refresh_grant(std::string_view refresh_token, std::string_view resource) {
  Fields fields = {{"grant_type", "refresh_token"}, {"refresh_token", std::string(refresh_token)}};
  return with_target(std::move(fields), resource, {});
}

Fields client_credentials_grant(std::string_view resource, const std::vector<std::string>& scopes) {
  return with_target({{"grant_type", "client_credentials"}}, resource, scopes);
}

Fields jwt_bearer_grant(
    std::string_view assertion, std::string_view resource, const std::vector<std::string>& scopes
) {
  Fields fields = {
      {"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
      {"assertion", std::string(assertion)}
  };
  return with_target(std::move(fields), resource, scopes);
}

Fields id_jag_grant(
    std::string_view id_token, std::string_view audience, std::string_view resource,
    const std::vector<std::string>& scopes
) {
  Fields fields = {
      {"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
      {"requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"},
      {"audience", std::string(audience)},
      {"subject_token", std::string(id_token)},
      {"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"},
  };
  return with_target(std::move(fields), resource, scopes);
}

Fields device_grant(std::string_view device_code, std::string_view resource) {
  Fields fields = {
      {"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
      {"device_code", std::string(device_code)}
  };
  return with_target(std::move(fields), resource, {});
}

Grant granted(Grant before, const Tokens& tokens, SystemTime now) {
  before.access_token = tokens.access_token;
  if (!tokens.refresh_token.empty()) before.refresh_token = tokens.refresh_token;
  if (!tokens.token_type.empty()) before.token_type = tokens.token_type;
  if (tokens.scopes) before.scopes = *tokens.scopes;
  if (before.scopes.empty()) before.scopes = before.requested;
  before.issued = now;
  before.expires.reset();
  if (tokens.expires_in) before.expires = now + *tokens.expires_in;
  return before;
}

}  // namespace mooring::auth
