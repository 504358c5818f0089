#include "auth/jose.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "core/base64.hpp"
#include "core/hash.hpp"

namespace mooring::auth {

namespace {

template <auto F>
struct Free {
  template <class T>
  void operator()(T* what) const {
    F(what);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;
using Decoder = std::unique_ptr<OSSL_DECODER_CTX, Free<OSSL_DECODER_CTX_free>>;
using Encoder = std::unique_ptr<OSSL_ENCODER_CTX, Free<OSSL_ENCODER_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string number_bytes(const BIGNUM* number, int size) {
  std::string out(static_cast<std::size_t>(size), '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), size);
  return out;
}

std::string number_of(const EVP_PKEY* key, const char* name, int size = 0) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const Number number(raw);
  return number_bytes(raw, size == 0 ? BN_num_bytes(raw) : size);
}

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return {};
  return {name.data(), size};
}

std::string natural_algorithm(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return "RS256";
    case EVP_PKEY_ED25519:
      return "EdDSA";
    case EVP_PKEY_EC: {
      const auto curve = curve_of(key);
      if (curve == "prime256v1") return "ES256";
      if (curve == "secp384r1") return "ES384";
      return {};
    }
    default:
      return {};
  }
}

/// From the first private key on: `openssl ecparam -genkey` puts the curve's parameters before it,
/// others their certificate, and OpenSSL's decoder gives up at the first block that is no key.
std::string_view from_private_key(std::string_view pem) {
  constexpr std::string_view begin = "-----BEGIN ";
  for (auto at = pem.find(begin); at != std::string_view::npos; at = pem.find(begin, at + 1)) {
    const auto line = pem.substr(at, pem.find('\n', at) - at);
    if (line.find("PRIVATE KEY-----") != std::string_view::npos) return pem.substr(at);
  }
  return {};
}

/// r and s, each of a fixed size (RFC 7518 §3.4), of OpenSSL's DER.
std::string raw_signature(const std::string& der, int size) {
  const auto* at = bytes_of(der);
  const Signature signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return {};
  return number_bytes(ECDSA_SIG_get0_r(signature.get()), size) +
         number_bytes(ECDSA_SIG_get0_s(signature.get()), size);
}

std::string sign_bytes(EVP_PKEY* key, std::string_view algorithm, std::string_view input) {
  const Digest context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  const EVP_MD* hash = algorithm == "EdDSA"   ? nullptr
                       : algorithm == "ES384" ? EVP_sha384()
                                              : EVP_sha256();
  if (EVP_DigestSignInit(context.get(), &options, hash, nullptr, key) != 1) return {};
  if (algorithm == "PS256") {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  std::size_t size = 0;
  if (EVP_DigestSign(context.get(), nullptr, &size, bytes_of(input), input.size()) != 1) return {};
  std::string out(size, '\0');
  if (EVP_DigestSign(
          context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes_of(input),
          input.size()
      ) != 1) {
    return {};
  }
  out.resize(size);
  if (algorithm == "ES256") return raw_signature(out, 32);
  if (algorithm == "ES384") return raw_signature(out, 48);
  return out;
}

}  // namespace

struct SigningKey::Key {
  Pkey pkey;
};

SigningKey::SigningKey(std::shared_ptr<const Key> key, std::string algorithm)
    : key_(std::move(key)), algorithm_(std::move(algorithm)) {}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  pem = from_private_key(pem);
  EVP_PKEY* raw = nullptr;
  const Decoder decoder(OSSL_DECODER_CTX_new_for_pkey(
      &raw, "PEM", nullptr, nullptr, EVP_PKEY_KEYPAIR, nullptr, nullptr
  ));
  // Without one OpenSSL would ask the terminal for the pass phrase of an encrypted key.
  constexpr unsigned char none = 0;
  if (decoder) OSSL_DECODER_CTX_set_passphrase(decoder.get(), &none, 0);
  const auto* at = bytes_of(pem);
  auto left = pem.size();
  if (!decoder || OSSL_DECODER_from_data(decoder.get(), &at, &left) != 1 || raw == nullptr) {
    return fail(Reason::config, "the private key is no unencrypted PEM file");
  }
  auto key = std::make_shared<Key>();
  key->pkey.reset(raw);
  auto algorithm = natural_algorithm(raw);
  if (algorithm.empty())
    return fail(Reason::config, "the private key is neither P-256, P-384, RSA nor Ed25519");
  // RFC 7518 §3.3; PS256 does not even fit into the smallest.
  if (algorithm == "RS256" && EVP_PKEY_get_bits(raw) < 2048)
    return fail(Reason::config, "the private RSA key is shorter than 2048 bits");
  return SigningKey(std::move(key), std::move(algorithm));
}

SigningKey SigningKey::generate() {
  auto key = std::make_shared<Key>();
  key->pkey.reset(EVP_EC_gen("P-256"));
  if (!key->pkey) std::abort();  // no randomness: nothing can be kept secret
  return {std::move(key), "ES256"};
}

std::string SigningKey::to_pem() const {
  const Encoder encoder(OSSL_ENCODER_CTX_new_for_pkey(
      key_->pkey.get(), EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo", nullptr
  ));
  unsigned char* data = nullptr;
  std::size_t size = 0;
  if (!encoder || OSSL_ENCODER_to_data(encoder.get(), &data, &size) != 1) return {};
  std::string pem(reinterpret_cast<char*>(data), size);
  OPENSSL_clear_free(data, size);
  return pem;
}

Result<SigningKey> SigningKey::with_algorithm(std::string_view algorithm) const {
  const bool rsa = algorithm_ == "RS256" || algorithm_ == "PS256";
  const bool fits =
      algorithm == algorithm_ || (rsa && (algorithm == "RS256" || algorithm == "PS256"));
  if (!fits) {
    return fail(Reason::config, fmt::format("the private key cannot sign with {}", algorithm));
  }
  return SigningKey(key_, std::string(algorithm));
}

std::string SigningKey::public_jwk() const {
  const auto* key = key_->pkey.get();
  const auto encode = [](const std::string& bytes) { return core::base64url_encode(bytes); };
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return fmt::format(
          R"({{"e":"{}","kty":"RSA","n":"{}"}})", encode(number_of(key, OSSL_PKEY_PARAM_RSA_E)),
          encode(number_of(key, OSSL_PKEY_PARAM_RSA_N))
      );
    case EVP_PKEY_ED25519: {
      std::string raw(32, '\0');
      std::size_t size = raw.size();
      EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size);
      return fmt::format(R"({{"crv":"Ed25519","kty":"OKP","x":"{}"}})", encode(raw));
    }
    default: {
      const bool small = curve_of(key) == "prime256v1";
      const int size = small ? 32 : 48;
      return fmt::format(
          R"({{"crv":"{}","kty":"EC","x":"{}","y":"{}"}})", small ? "P-256" : "P-384",
          encode(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size)),
          encode(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size))
      );
    }
  }
}

std::string SigningKey::thumbprint() const {
  return core::base64url_encode(core::sha256(public_jwk()));
}

std::string SigningKey::sign(std::string_view header, std::string_view claims) const {
  const auto rest = header.substr(header.find('{') + 1);
  const auto full = fmt::format(R"({{"alg":"{}"{}{})", algorithm_, rest == "}" ? "" : ",", rest);
  const auto input = core::base64url_encode(full) + "." + core::base64url_encode(claims);
  return input + "." + core::base64url_encode(sign_bytes(key_->pkey.get(), algorithm_, input));
}

}  // namespace mooring::auth
