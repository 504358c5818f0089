#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/dpop.hpp"
#include "auth/exchange.hpp"
#include "auth/grant.hpp"
#include "auth/jose.hpp"
#include "core/random.hpp"

namespace mooring::auth {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// What a token endpoint answered with 200 (RFC 6749 §5.1).
struct Tokens {
  std::string access_token;
  std::string refresh_token;
  std::string token_type;
  std::optional<std::chrono::seconds> expires_in;  ///< never negative; empty: not said
  std::optional<std::vector<std::string>> scopes;  ///< empty: as asked for
};

/// Why there are none.
struct TokenError {
  std::string code = {};   ///< RFC 6749 §5.2: "invalid_grant"; empty: it said nothing of the kind
  bool transient = false;  ///< trouble that says nothing about the grant: keep it, try later
  std::optional<core::Duration> retry_after = std::nullopt;
  std::string text;  ///< one sentence, without credentials
};

using TokenAnswer = std::expected<Tokens, TokenError>;

TokenAnswer read_token_answer(const Reply& reply);

/// Who asks.
struct TokenClient {
  Registration registration;
  std::optional<SigningKey> key;       ///< of private_key_jwt
  std::shared_ptr<DpopProver> prover;  ///< empty: bearer tokens
};

/// One request for tokens: authenticates the client, and once more with the nonce where a DPoP
/// server wants one (RFC 9449 §8). A state machine without I/O.
class TokenRequest {
 public:
  /// `fields`: the grant itself. `issuer` is the audience of client assertions.
  TokenRequest(
      core::Url endpoint, std::string issuer, Fields fields, TokenClient client,
      core::Random& random, SystemTime now
  );

  std::optional<Request> next();
  void take(const Reply& reply);
  /// Once `next` has nothing more.
  const TokenAnswer& result() const { return result_; }

 private:
  void authenticate(Fields& fields, Headers& headers);

  core::Url endpoint_;
  std::string issuer_;
  Fields fields_;
  TokenClient client_;
  core::Random& random_;
  SystemTime now_;
  int tries_ = 0;
  bool done_ = false;
  TokenAnswer result_;
};

// The grants. `resource` and `scopes` are left out where empty.
Fields code_grant(
    std::string_view code, std::string_view redirect_uri, std::string_view verifier,
    std::string_view resource
);
Fields refresh_grant(std::string_view refresh_token, std::string_view resource);
Fields client_credentials_grant(std::string_view resource, const std::vector<std::string>& scopes);
Fields jwt_bearer_grant(
    std::string_view assertion, std::string_view resource, const std::vector<std::string>& scopes
);
/// For an identity assertion at the company's provider (RFC 8693; Enterprise-Managed
/// Authorization, step 1).
Fields id_jag_grant(
    std::string_view id_token, std::string_view audience, std::string_view resource,
    const std::vector<std::string>& scopes
);
Fields device_grant(std::string_view device_code, std::string_view resource);

/// The grant that tokens make: `before` is what they replace or an empty one with issuer, resource,
/// client and key. A refresh token that is not renewed stays (RFC 6749 §6).
Grant granted(Grant before, const Tokens& tokens, SystemTime now);

}  // namespace mooring::auth
