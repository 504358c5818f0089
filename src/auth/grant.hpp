#pragma once

#include <chrono>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::auth {

using SystemTime = std::chrono::system_clock::time_point;

/// How we authenticate at a token endpoint (RFC 8414 names, RFC 7523).
enum class ClientAuth { none, basic, post, private_key_jwt };
std::string_view to_string(ClientAuth method);
std::optional<ClientAuth> parse_client_auth(std::string_view name);

/// Who we are at one authorization server. Kept by issuer: credentials of one are never shown to
/// another.
struct Registration {
  enum class Kind { configured, metadata_document, dynamic };
  Kind kind = Kind::configured;
  std::string issuer;
  std::string client_id;
  std::string client_secret;  ///< empty: a public client
  ClientAuth method = ClientAuth::none;
  std::string redirect_uri;               ///< it was registered with; empty: any
  std::optional<SystemTime> secret_ends;  ///< client_secret_expires_at

  bool operator==(const Registration&) const = default;
};

/// What an authorization server gave us for one resource. A plain value, and a secret.
struct Grant {
  std::string issuer;
  std::string resource;   ///< as sent in `resource` (RFC 8707)
  std::string principal;  ///< on whose behalf; "" is the operator of this gateway
  std::string access_token;
  std::string refresh_token;           ///< empty: none was issued
  std::string token_type = "Bearer";   ///< or "DPoP"
  std::vector<std::string> scopes;     ///< granted
  std::vector<std::string> requested;  ///< asked for so far; step-up adds to them
  std::optional<SystemTime> expires;   ///< empty: the server did not say
  SystemTime issued{};
  Registration client;
  std::string dpop_key;  ///< PEM (PKCS #8); empty: not bound to a key

  bool expired(SystemTime now) const { return expires && *expires <= now; }
  bool operator==(const Grant&) const = default;
};

/// As it is kept (JSON; to be sealed). Unknown members are ignored when it is read.
std::string to_json(const Grant& grant);
Result<Grant> grant_from_json(std::string_view json);
std::string to_json(const Registration& registration);
Result<Registration> registration_from_json(std::string_view json);

/// "a b" ↔ {"a", "b"}; order kept, doubles left out (RFC 6749 §3.3).
std::vector<std::string> split_scopes(std::string_view text);
std::string join_scopes(const std::vector<std::string>& scopes);
/// `first`, then what only `second` has.
std::vector<std::string> united(
    std::vector<std::string> first, const std::vector<std::string>& second
);

}  // namespace mooring::auth
