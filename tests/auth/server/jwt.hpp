#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::test_auth {

/// A compact JWS taken apart, not verified.
struct Jwt {
  boost::json::object header, claims;

  std::string operator[](std::string_view claim) const;  ///< text; empty where it is not
  std::int64_t number(std::string_view claim) const;     ///< 0 where it is none
  /// `aud` is this, or a list with it.
  bool is_for(std::string_view audience) const;
};
std::optional<Jwt> read_jwt(std::string_view compact);

/// `"alg":"none"`, for runs that must not depend on the bytes of a signature.
std::string unsigned_jwt(boost::json::object header, const boost::json::object& claims);
/// By the key of `public_jwk`; empty: it has to be an unsigned one.
bool is_signed_by(std::string_view compact, std::string_view public_jwk);

/// RFC 7638; empty: not a public key that we know.
std::string jwk_thumbprint(const boost::json::object& jwk);

}  // namespace mooring::test_auth
