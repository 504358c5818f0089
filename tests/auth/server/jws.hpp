#pragma once

#include <string_view>

namespace mooring::test_auth {

/// True where `compact` (RFC 7515 §7.1) was signed with `algorithm` by the key of `public_jwk`
/// (RFC 7517): ES256, ES384, RS256, PS256 or EdDSA, each with keys of its own kind only. Shares
/// nothing with auth/jose.cpp, so that it would notice what that does wrong.
bool verify_jws(std::string_view compact, std::string_view public_jwk, std::string_view algorithm);

}  // namespace mooring::test_auth
