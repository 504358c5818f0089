#pragma once

#include <memory>
#include <mooring/result.hpp>
#include <string>
#include <string_view>

namespace mooring::auth {

/// A private key that signs JWTs (RFC 7515, RFC 7518, RFC 8037): P-256 as ES256, P-384 as ES384,
/// RSA as RS256 (or PS256 where asked), Ed25519 as EdDSA. Immutable; safe from any thread.
class SigningKey {
 public:
  /// From PEM (PKCS #8, SEC 1 or PKCS #1), unencrypted. Reason::config, without a byte of the key
  /// in the sentence.
  static Result<SigningKey> from_pem(std::string_view pem);
  /// A new P-256 key.
  static SigningKey generate();

  std::string to_pem() const;  ///< PKCS #8
  /// The JWS name of what it signs with: "ES256", …
  const std::string& algorithm() const { return algorithm_; }
  /// The same key under another algorithm that fits it ("PS256" with an RSA key). Reason::config
  /// where it does not fit.
  Result<SigningKey> with_algorithm(std::string_view algorithm) const;
  /// The public half as a JWK object (RFC 7517), members in the order of RFC 7638.
  std::string public_jwk() const;
  /// RFC 7638, base64url of SHA-256.
  std::string thumbprint() const;
  /// A compact JWS (RFC 7515 §7.1): `header` and `claims` are JSON objects; `alg` is added to the
  /// header.
  std::string sign(std::string_view header, std::string_view claims) const;

 private:
  struct Key;
  SigningKey(std::shared_ptr<const Key> key, std::string algorithm);
  std::shared_ptr<const Key> key_;
  std::string algorithm_;
};

}  // namespace mooring::auth
