#pragma once

#include <mooring/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "auth/discovery.hpp"
#include "auth/fetch_policy.hpp"
#include "auth/grant.hpp"
#include "core/random.hpp"

namespace mooring::auth {

/// One attempt of a person to sign in (RFC 6749 §4.1 with PKCE, RFC 7636, and `resource`, RFC
/// 8707). State and verifier are good for one callback.
struct AuthorizationRequest {
  std::string url;  ///< for the browser
  std::string redirect_uri;
  std::string state;
  std::string verifier;
  std::string issuer;
  bool expects_iss = false;  ///< the server promised the `iss` parameter (RFC 9207)
};

/// Reason::protocol where the server cannot be used as the specification wants it: no S256, an
/// endpoint that is not https.
Result<AuthorizationRequest> begin_authorization(
    const Discovered& where, const Registration& client, const std::vector<std::string>& scopes,
    std::string redirect_uri, const FetchPolicy& policy, core::Random& random
);

/// The authorization code in the callback: a whole URL, or its query. Reason::login_needed where
/// the server says no; Reason::protocol where it is not the answer to this request.
Result<std::string> read_callback(const AuthorizationRequest& request, std::string_view callback);

/// What to ask for: the scopes of the server or the configuration, and `offline_access` where the
/// authorization server knows it, without which some give no refresh token.
std::vector<std::string> scopes_to_ask(
    const std::vector<std::string>& wanted, const ServerMetadata& server
);

}  // namespace mooring::auth
