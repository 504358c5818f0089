#include "auth/server/jws.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <memory>
#include <optional>
#include <string>

#include "auth/server/answer.hpp"
#include "core/base64.hpp"

namespace mooring::test_auth {

namespace {

template <auto F>
struct Free {
  template <class T>
  void operator()(T* what) const {
    F(what);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Making = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Building = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

constexpr unsigned char uncompressed_point = 4;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string member(const json::object& jwk, std::string_view name) {
  return core::base64url_decode(text(jwk, name)).value_or("");
}

Number number(std::string_view bytes) {
  return Number(BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
}

Pkey made(const char* kind, OSSL_PARAM_BLD* of) {
  const Parameters parameters(OSSL_PARAM_BLD_to_param(of));
  const Making making(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || !making || EVP_PKEY_fromdata_init(making.get()) != 1 ||
      EVP_PKEY_fromdata(making.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return Pkey(key);
}

/// `size`: of a coordinate, which is never shortened (RFC 7518 §6.2.1.2).
Pkey curve_key(const json::object& jwk, const char* group, std::size_t size) {
  const auto x = member(jwk, "x");
  const auto y = member(jwk, "y");
  if (x.size() != size || y.size() != size) return nullptr;
  const auto point = std::string(1, static_cast<char>(uncompressed_point)) + x + y;
  const Building building(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(building.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
  OSSL_PARAM_BLD_push_octet_string(
      building.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()
  );
  return made("EC", building.get());
}

Pkey rsa_key(const json::object& jwk) {
  const auto n = number(member(jwk, "n"));
  const auto e = number(member(jwk, "e"));
  const Building building(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(building.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(building.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  return made("RSA", building.get());
}

/// The key, where it is of the kind that the algorithm takes.
Pkey key_for(const json::object& jwk, std::string_view algorithm) {
  const auto kind = text(jwk, "kty");
  const auto curve = text(jwk, "crv");
  if (algorithm == "ES256" && kind == "EC" && curve == "P-256")
    return curve_key(jwk, "prime256v1", 32);
  if (algorithm == "ES384" && kind == "EC" && curve == "P-384")
    return curve_key(jwk, "secp384r1", 48);
  if ((algorithm == "RS256" || algorithm == "PS256") && kind == "RSA") return rsa_key(jwk);
  if (algorithm == "EdDSA" && kind == "OKP" && curve == "Ed25519") {
    const auto x = member(jwk, "x");
    return Pkey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size()));
  }
  return nullptr;
}

/// r and s of a fixed size (RFC 7518 §3.4) as the DER that OpenSSL wants; empty: not of that size.
std::string der_of(std::string_view raw, std::size_t size) {
  if (raw.size() != 2 * size) return {};
  const Signature signature(ECDSA_SIG_new());
  auto r = number(raw.substr(0, size));
  auto s = number(raw.substr(size));
  if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());  // the signature owns them now
  static_cast<void>(s.release());
  std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(signature.get(), &at);
  return der;
}

bool fits(
    EVP_PKEY* key, std::string_view algorithm, std::string_view signature, std::string_view input
) {
  const EVP_MD* hash = EVP_sha256();
  if (algorithm == "ES384") hash = EVP_sha384();
  if (algorithm == "EdDSA") hash = nullptr;
  const Digest digest(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  if (EVP_DigestVerifyInit(digest.get(), &options, hash, nullptr, key) != 1) return false;
  if (algorithm == "PS256" &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(
             digest.get(), bytes_of(signature), signature.size(), bytes_of(input), input.size()
         ) == 1;
}

}  // namespace

bool verify_jws(std::string_view compact, std::string_view public_jwk, std::string_view algorithm) {
  const auto first = compact.find('.');
  const auto last = compact.rfind('.');
  if (first == std::string_view::npos || first == last) return false;
  const auto head = core::base64url_decode(compact.substr(0, first));
  const auto signature = core::base64url_decode(compact.substr(last + 1));
  if (!head || !signature || text(parse_object(*head), "alg") != algorithm) return false;
  const auto key = key_for(parse_object(public_jwk), algorithm);
  if (!key) return false;
  auto bytes = *signature;
  if (algorithm == "ES256") bytes = der_of(bytes, 32);
  if (algorithm == "ES384") bytes = der_of(bytes, 48);
  return !bytes.empty() && fits(key.get(), algorithm, bytes, compact.substr(0, last));
}

}  // namespace mooring::test_auth
