#include "auth/server/jws.hpp"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "auth/jose.hpp"
#include "auth/server/answer.hpp"
#include "auth/server/jwt.hpp"

namespace mooring::test_auth {
namespace {

std::string pem_of(EVP_PKEY* key) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(out);
  EVP_PKEY_free(key);
  return pem;
}

/// RFC 8037 appendix A.4.
TEST(Jws, takes_the_example_of_the_rfc) {
  constexpr std::string_view jwk =
      R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";
  std::string jws =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
      "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
  EXPECT_TRUE(verify_jws(jws, jwk, "EdDSA"));
  EXPECT_FALSE(verify_jws(jws, jwk, "ES256"));
  jws[30] = jws[30] == 'x' ? 'y' : 'x';
  EXPECT_FALSE(verify_jws(jws, jwk, "EdDSA"));
  EXPECT_EQ(jwk_thumbprint(parse_object(jwk)), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

/// RFC 7515 appendix A.3.
TEST(Jws, takes_the_example_with_p256) {
  constexpr std::string_view jwk =
      R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
  constexpr std::string_view jws =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
      "LmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlS"
      "ApmWQxfKTUJqPP3-Kg6NU1Q";
  EXPECT_TRUE(verify_jws(jws, jwk, "ES256"));
}

TEST(Jws, takes_every_algorithm_and_only_by_its_key) {
  const auto rsa = auth::SigningKey::from_pem(pem_of(EVP_RSA_gen(2048)));
  const auto p384 = auth::SigningKey::from_pem(pem_of(EVP_EC_gen("P-384")));
  ASSERT_TRUE(rsa && p384);
  const auto pss = rsa->with_algorithm("PS256");
  ASSERT_TRUE(pss);
  const auto other = auth::SigningKey::generate();
  for (const auto& key : {*rsa, *pss, *p384, auth::SigningKey::generate()}) {
    const auto jws = key.sign(R"({"typ":"JWT"})", R"({"sub":"x"})");
    EXPECT_TRUE(verify_jws(jws, key.public_jwk(), key.algorithm())) << key.algorithm();
    EXPECT_FALSE(verify_jws(jws, other.public_jwk(), key.algorithm())) << key.algorithm();
    EXPECT_EQ(jwk_thumbprint(parse_object(key.public_jwk())), key.thumbprint());
  }
  EXPECT_FALSE(verify_jws(rsa->sign("{}", "{}"), rsa->public_jwk(), "PS256"));
}

TEST(Jws, none_is_no_signature) {
  const auto key = auth::SigningKey::generate();
  const auto jws = unsigned_jwt({}, {{"sub", "x"}});
  EXPECT_FALSE(verify_jws(jws, key.public_jwk(), "none"));
  EXPECT_FALSE(is_signed_by(jws, key.public_jwk()));
  EXPECT_TRUE(is_signed_by(jws, ""));
  EXPECT_FALSE(verify_jws("", "", "ES256"));
  EXPECT_FALSE(verify_jws("a.b.c", "{}", "ES256"));
}

}  // namespace
}  // namespace mooring::test_auth
