#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "auth/grant.hpp"
#include "auth/jose.hpp"
#include "core/random.hpp"
#include "core/url.hpp"
#include "transport/credentials.hpp"

namespace mooring::auth {

/// Proofs of possession (RFC 9449 §4.2), for token endpoints and for resource servers. Remembers
/// the last nonce of each origin (§8, §9). Safe from any thread.
class DpopProver final : public transport::ProofOfPossession {
 public:
  /// `clock`: the time in `iat`.
  using Clock = SystemTime (*)();
  DpopProver(SigningKey key, core::Random& random, Clock clock = &std::chrono::system_clock::now);

  /// The `DPoP` header of one request: fresh `jti`; `htu` is the URL without query and fragment.
  /// `access_token` empty: a token request, else `ath` is its hash.
  std::string proof(std::string_view method, const core::Url& url, std::string_view access_token)
      override;
  /// A server's `DPoP-Nonce`, for its next proofs.
  void nonce(const core::Url& url, std::string_view value) override;
  const SigningKey& key() const { return key_; }

 private:
  SigningKey key_;
  core::Random& random_;
  Clock clock_;
  std::mutex mutex_;
  std::map<std::string, std::string> nonces_;  ///< by origin
};

}  // namespace mooring::auth
