#include "auth/server/proof_check.hpp"

#include <boost/json.hpp>
#include <cstdlib>

#include "auth/server/answer.hpp"
#include "auth/server/jws.hpp"
#include "auth/server/jwt.hpp"
#include "core/base64.hpp"
#include "core/hash.hpp"

namespace mooring::test_auth {

namespace {

constexpr std::int64_t leeway_seconds = 300;

}  // namespace

std::expected<std::string, std::string> ProofCheck::check(
    const auth::Request& request, std::string_view access_token, auth::SystemTime now
) {
  const auto bad = [this](const char* why) {
    why_ = why;
    return std::unexpected(std::string("invalid_dpop_proof"));
  };
  if (headers_named(request, "DPoP") != 1) return bad("not exactly one DPoP header");
  const auto proof = header(request, "DPoP");
  const auto jwt = read_jwt(proof);
  if (!jwt) return bad("not a JWT");
  if (text(jwt->header, "typ") != "dpop+jwt") return bad("typ");
  const auto* jwk = jwt->header.if_contains("jwk");
  if (jwk == nullptr || !jwk->is_object()) return bad("jwk");
  const auto thumbprint = jwk_thumbprint(jwk->get_object());
  if (thumbprint.empty()) return bad("the key is not a public one");
  const auto algorithm = text(jwt->header, "alg");
  if (algorithm == "none" || algorithm.starts_with("HS")) return bad("alg");
  if (!verify_jws(proof, json::serialize(*jwk), algorithm)) return bad("signature");
  if ((*jwt)["htm"] != request.method) return bad("htm");
  if ((*jwt)["htu"] != request.url.origin() + request.url.path()) return bad("htu");
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  if (std::llabs(jwt->number("iat") - seconds) > leeway_seconds) return bad("iat");
  if (!access_token.empty() &&
      (*jwt)["ath"] != core::base64url_encode(core::sha256(access_token))) {
    return bad("ath");
  }
  if (!nonce_.empty() && (*jwt)["nonce"] != nonce_) {
    why_ = "nonce";
    return std::unexpected("use_dpop_nonce");
  }
  const auto id = (*jwt)["jti"];
  if (id.empty() || !spent_.insert(id).second) return bad("jti was used before");
  return thumbprint;
}

}  // namespace mooring::test_auth
