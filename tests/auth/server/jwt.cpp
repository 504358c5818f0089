#include "auth/server/jwt.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "auth/server/answer.hpp"
#include "auth/server/jws.hpp"
#include "core/base64.hpp"
#include "core/hash.hpp"

namespace mooring::test_auth {

std::string Jwt::operator[](std::string_view claim) const { return text(claims, claim); }

std::int64_t Jwt::number(std::string_view claim) const {
  const auto* value = claims.if_contains(json::string_view(claim.data(), claim.size()));
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  return error ? 0 : number;
}

bool Jwt::is_for(std::string_view audience) const {
  const auto* aud = claims.if_contains("aud");
  if (aud == nullptr) return false;
  const json::value wanted = json::string_view(audience.data(), audience.size());
  if (const auto* list = aud->if_array()) return std::ranges::find(*list, wanted) != list->end();
  return *aud == wanted;
}

std::optional<Jwt> read_jwt(std::string_view compact) {
  const auto first = compact.find('.');
  const auto second = first == std::string_view::npos ? first : compact.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto head = core::base64url_decode(compact.substr(0, first));
  const auto body = core::base64url_decode(compact.substr(first + 1, second - first - 1));
  if (!head || !body) return std::nullopt;
  Jwt jwt = {parse_object(*head), parse_object(*body)};
  if (jwt.header.empty() || jwt.claims.empty()) return std::nullopt;
  return jwt;
}

std::string unsigned_jwt(json::object head, const json::object& claims) {
  head["alg"] = "none";
  return core::base64url_encode(std::string_view(json::serialize(head))) + "." +
         core::base64url_encode(std::string_view(json::serialize(claims))) + ".";
}

bool is_signed_by(std::string_view compact, std::string_view public_jwk) {
  const auto jwt = read_jwt(compact);
  if (!jwt) return false;
  const auto algorithm = text(jwt->header, "alg");
  if (public_jwk.empty()) return algorithm == "none";
  return algorithm != "none" && verify_jws(compact, public_jwk, algorithm);
}

std::string jwk_thumbprint(const json::object& jwk) {
  const auto kind = text(jwk, "kty");
  std::vector<std::string_view> members;
  if (kind == "EC") members = {"crv", "kty", "x", "y"};
  if (kind == "OKP") members = {"crv", "kty", "x"};
  if (kind == "RSA") members = {"e", "kty", "n"};
  if (members.empty() || jwk.contains("d")) return {};
  json::object canonical;
  for (const auto name : members) canonical[name] = text(jwk, name);
  return core::base64url_encode(core::sha256(json::serialize(canonical)));
}

}  // namespace mooring::test_auth
