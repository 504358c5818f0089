#pragma once

#include <expected>
#include <set>
#include <string>
#include <string_view>

#include "auth/exchange.hpp"
#include "auth/grant.hpp"

namespace mooring::test_auth {

enum class Dpop {
  off,       ///< proofs are not looked at
  allowed,   ///< a proof binds the token to its key
  required,  ///< nothing without one
};

/// The server's half of DPoP (RFC 9449 §4.3), strict: a proof is good once.
class ProofCheck {
 public:
  /// The nonce that proofs have to carry from now on; empty: none is asked for.
  void set_nonce(std::string nonce) { nonce_ = std::move(nonce); }
  const std::string& nonce() const { return nonce_; }

  /// The thumbprint of its key, or the code of the refusal: "invalid_dpop_proof" or
  /// "use_dpop_nonce". `access_token` empty: none goes with it.
  std::expected<std::string, std::string> check(
      const auth::Request& request, std::string_view access_token, auth::SystemTime now
  );
  /// Why the last one was refused, for people.
  const std::string& why() const { return why_; }

 private:
  std::string nonce_;
  std::string why_;
  std::set<std::string> spent_;  ///< every `jti`
};

}  // namespace mooring::test_auth
