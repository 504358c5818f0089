#include "auth/jose.hpp"

#include <gtest/gtest.h>

namespace mooring::auth {
namespace {

/// RFC 8037 appendix A.1, as PKCS #8.
constexpr const char* ed25519 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

TEST(SigningKey, Rfc8037) {
  const auto key = SigningKey::from_pem(ed25519);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->algorithm(), "EdDSA");
  EXPECT_EQ(
      key->public_jwk(),
      R"({"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"
  );
  EXPECT_EQ(key->thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  // Appendix A.4: the same payload under the same header.
  EXPECT_EQ(
      key->sign("{}", "Example of Ed25519 signing"),
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
      "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
  );
}

TEST(SigningKey, MadeAndReadAgain) {
  const auto key = SigningKey::generate();
  EXPECT_EQ(key.algorithm(), "ES256");
  const auto again = SigningKey::from_pem(key.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_jwk(), key.public_jwk());
  const auto jws = key.sign(R"({"typ":"JWT"})", "{}");
  // 64 bytes of signature, whatever their values: 86 characters.
  EXPECT_EQ(jws.size() - jws.rfind('.') - 1, 86U);
  EXPECT_FALSE(key.with_algorithm("RS256"));
}

TEST(SigningKey, NoKey) {
  for (const auto* pem :
       {"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    const auto key = SigningKey::from_pem(pem);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().reason, Reason::config);
    EXPECT_EQ(key.error().detail.find("AAAA"), std::string::npos);
  }
}

}  // namespace
}  // namespace mooring::auth
