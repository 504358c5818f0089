#include <gtest/gtest.h>

#include <string>

#include "auth/jose.hpp"

namespace mooring::auth {
namespace {

/// The RSA key of RFC 7517 appendix A.2, whose public half is the example of RFC 7638 §3.1; PKCS
/// #1.
constexpr const char* rsa =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIEowIBAAKCAQEA0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78L\n"
    "hWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc/BJECPebWKRXjBZCiFV4n3oknj\n"
    "hMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt7/RN5w6Cf0h4QyQ5v+65YGjQR0/F\n"
    "DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbO\n"
    "pbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ+G/xBni\n"
    "Iqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDKgwIDAQABAoIBAF+HE7XiWP4J+BWD\n"
    "7FwfK3V4seb8LINRSzeRNxGhukSaFR/hyyyg/TO3ceaKOxlEZJ3IZ60cHlJAu4U+\n"
    "XySzNFmxQCjS1mNr7+wejal0s1L8U9P2En6oo8Kd0U85QWgsVqeHaBZOTdqPBsv5\n"
    "xzSq6AAyJCeOqUVKIbF8sG0XgHWGjMBbPbb/Hf3D1WN4tO2t7fDDekzcJtHUmsJv\n"
    "b+O1Igpd0pOWYhu8aIzy7uLG4NVNo8eCAUzQc52yUsxRyuuo0/G4JLqrJNBo7JAy\n"
    "ZNfWeKsI8G7J5+I9lgYot0S/lLNpRlZGPH5Bc5ntc9B2yJH89GOpqpzmLanNF+I3\n"
    "3CqAAvECgYEA83i+7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxt\n"
    "PVnwD20R+60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7XOuVIYQy\n"
    "qVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfsCgYEA3dfO\n"
    "R9cuYq+0S+mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgT\n"
    "nCdpYzBcOfW5r370AFXjiWft/NGEiovonizhKpo9VVS78TzFgxkIdrecRezsZ+1k\n"
    "Yd/s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxkCgYAbiw9eRzphr3Lyglb38guP\n"
    "jG6mm7SXOL8ftVORLzGPlJ1fdygTSiKZjDEiLZ6ZMC57RQ5rl2mAUbIEnhzy1DZU\n"
    "XjTZdG6AoNM/xqRiEWjm0ADvtB782a25hlzcLebcjbgbYa9HmxIPFTIA3bOrwt+f\n"
    "0RSazqtjc5vxh6IqROIGPQKBgQCz2UAf1+CAGygVHw5pzZH8TaDDbzatPaQY4CG8\n"
    "iWURMTV5+sDqG5RS8x8FwymfyWp5bq/POdhjlJJAXukx0L9qAjecbwhunUFRvQlS\n"
    "KtpE2pR8uFxBv930YXgOHt7vhZtGyhtGie6NNg3XEJo/pM7rWO9atf4vXy3FfDj3\n"
    "hD9yCQKBgBsjP6eia18kos9baBYCm1lfiXSN40OMqbva2zFsd60CQX5rdBaGM4FC\n"
    "GRFRRHDqsHpkTfNc6AwGmvgZNCljRg4yR2Q3Q5hYVtwDe5SPqbsZP5h2Ridda8ck\n"
    "fDueVy0nt0j5kXysGSOslNuGcb0ChWCLXZXVChszuiGus0yoQFUV\n"
    "-----END RSA PRIVATE KEY-----\n";

/// Made by `openssl ecparam -name prime256v1 -genkey -noout`; SEC 1.
constexpr const char* sec1 =
    "-----BEGIN EC PRIVATE KEY-----\n"
    "MHcCAQEEIKfOYx1TJHIm1txrwUDCRbgCHhoQZp1mt2xAS2uS9xI9oAoGCCqGSM49\n"
    "AwEHoUQDQgAEiOwPy5PYCDny1wB+6v7Bvx5Ark109T3BIdaB5+3PsZpRGNhFseSa\n"
    "z5pxBhABe1jIM5QJKQjQyZxcoi+LYgoQqg==\n"
    "-----END EC PRIVATE KEY-----\n";

/// By `openssl pkcs8 -topk8` with the pass phrase "secret".
constexpr const char* encrypted =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIIFLTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIEimP7yh1N5MCAggA\n"
    "MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBBmKmLKi4/2uMCZAHJjdAl6BIIE\n"
    "0PUj+O1HGPNIWwS6SU3Z4x8GOoIY1oKkTD+w6S5ogRpHNbWhd+gcYBSIWSohbQ6d\n"
    "u1xH62vwOQ2m4WHOVhjovpIldYLGqk9u/Knxkbk7j4qOTAs86Ikf/7WzuDdEBRoz\n"
    "kTHQA3bcEbPM/eFvrIt/U0MieheJNCnn+hPbJWmxuHM2Dt/MsIegn4HyYUAZDhQs\n"
    "2ZmzXDmreMb0oEilffBP1Eae6gQ5wQY3jr/HHnHvyMKXPz19LEtD3WoMr2yZ+sf6\n"
    "r24jW2SL3Spo8icAopgtY3mFs8FfJzbFgdLHXngu7wqhPZySN1GIj0d6p7d0Rsug\n"
    "Dp503/vFXIlkLI0cIrMiK2Epi1K55YusVRxu/F3MyF0hFy9iA0QNtizZfxvlVNoL\n"
    "KmWQZoQwfjSofmiAGjrlTma3mQ9sohoE3ZAPgsyoJ2s61NRlM4N5veuWufyjo0yK\n"
    "aiy+5vKR8oxbkRA+GL1qhze8R6PmOEWnhObAkud2Xngtw776IToAuZrZwVeR6PL4\n"
    "QfBHkWQyc/K6gSRoH022pwuQkGNMVBpcFxFA4ku3n5mTosK/m3ANfV8QrTNAa4Sk\n"
    "86ZfRLtPS2Royjux1U1IKU6zThfmVvp/An9sEsXJZgPOX87P++tp94jh0mDL9FaV\n"
    "MWhPcNpdnuknfo7EgcG5DTPRDppYA1hb41wzXtNaXgfgdBrnnFwlaPsssVTKWSir\n"
    "QnaIbUdyVIjIDqoUMyGI6GH2Iqxt/fGlWBWHoGJxeBzABDgSaG2bWqC5ByIr45WT\n"
    "SMtmYrt/gZsNxlfiTzEY4A9dUyf3iPEX7O4LuXWMnUw8luOHjcLkTl1Zw8WuvYUa\n"
    "fb59OPkFx5cSvibRF4GzErRTH696r5jviQ157rTU2QfI1B4TcKGPAlWyHXUUBxdD\n"
    "fYXuG+5ogrXxfq98HyOmthlrlEg8Q0rZe2mjterJEt7fg8GIAxyzI+t8UB+oPn5k\n"
    "LJF364kj+iWpRBsHECWPkDdueR0P6dTyi4BeRKWMjQlRMldsd9z2NbhfJGThYtQ0\n"
    "Ml60uwzpZkXUcBAWVCfFN+JBOAa6vbrI+kt9xb9wn0YZ4cL1GcRsyFcCeK2PVqM7\n"
    "H6jFWKyywgZb0JPJPXnUsRZya0+hLbVTvT1tVrzD7+gTZTVSOZYIJCpUlHMbrczc\n"
    "VL472uM8B7Q5uKtNO5AA3xSkiMTlG7K1TshLd5GHDHuo3WrKkvUIn1Y7H+Lj1l+h\n"
    "ph3zp3+PtGFfPHzXhpNOi8ypqsiPvICMv53fDmtaR57e1u5VFNJaeKILiMVQj6JQ\n"
    "A4BNNrpkptYxeGXEgmLQI4ID3S5Suz1GKvIdLOJKCMb0K9DNfEBAPoB4Tpk7wYdU\n"
    "Y5vUUAQNAK3HOEJ7+rAJtdTGnlthplgjFPkI5RONIAOz2AfcCA9CUFk6X4vV9Tez\n"
    "nP3trlGNOX1eLB9s/h4aWtU7t05xXmakS+2L4WeNgeJxEITC2UwkDcWOKe6b19kz\n"
    "+ZW8xS3xCFfVuvM/0zoLeqF1m84ye2KgKfMCPOIowRNQu5rTAIn3jRBF9CmKFLrn\n"
    "4P/Msscm6rIQCefenhMHooU9OhZN0QWOKAjN5r2763p96qcwV5JSWynRvpHHyc7v\n"
    "CP7usGhNRmwOER3ABXQQHc6qYvWiMp95Omki5lvqbXSg\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

constexpr const char* public_half =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArOs2qh26sa0xSbqRkuHP\n"
    "+lVtMkII25gDW2mF/fKB60XHUblM7wOCvl4Gd1k7D561HLwFLDVZH49/YaD7xvdx\n"
    "4E2IKbTcIQHVCfRrb8swGESDEJoMWGtnnVmf8tNFXDNwmZ4BV3GMrqsfuQkbrqu2\n"
    "/8X+46slgvmkEu1CCv3JYTgi1r394zSKAGzbeyLpDgfPDci6Vo76inw68TFQVJrs\n"
    "LtU07m+zq1/Zrt7FxC7ueD9MynNX4vJLGY3mcS13uuPj9pu0byrla9VdjJwBgzzW\n"
    "kXbiROLq9J3dAcHuoU7ZYYcY++Hm1wZsI6PlcgV3bZ9uNGfHv5GzN+6ifPwGBfQc\n"
    "AQIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

/// Made by `openssl genpkey`: a curve that no JWS algorithm of ours is for.
constexpr const char* secp256k1 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgrQCnfTlCVF9njwSQ79qs\n"
    "aMhbBAsKvBZxTOdMejJ+x52hRANCAATCZ0snYR8F9dHFKJuh8WjfiiizZyGydnK/\n"
    "c8VptGdWl2lE2ov9x78HH4tF97hVQEXRbgvG5zWWS6jiyNPnjy97\n"
    "-----END PRIVATE KEY-----\n";

/// RFC 7638 §3.1.
TEST(SigningKeyPem, rsa_thumbprint_is_that_of_the_rfc) {
  const auto key = SigningKey::from_pem(rsa);
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(key->public_jwk().find(R"({"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuP)"), 0U);
}

/// The signature is what `openssl dgst -sha256 -sign` makes of the same input.
TEST(SigningKeyPem, rs256_is_what_the_command_line_makes) {
  EXPECT_EQ(
      SigningKey::from_pem(rsa)->sign("{}", R"({"sub":"x"})"),
      "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0."
      "ac6fm_chE7SLzyDyO1l8SuTO7ZmQ-QBydS2XyOov4mG46-i7WvD_U5uH9mhGKIGcPRjqlptDZBk77cL0yhiYFk"
      "w9bLN-kVrJocXNtKt0W1XrTVWGJWAuEuIswgH16K-YQNa33Zh2hUWVSR6EoiLqDCPzG_hLRArO-KFRN17X64NV"
      "HfidvIhn3N1I6f8kh51pdcwiboJ5pgr87VZSA6vFYR8LTNRJf9hXqj2NEd10otVDSJWwYWPI6hFHhPlojQwA_n"
      "jHtQcdm2ma_zwUZ8sym9MD8-ICZNasTmLyXwyShc-s-oTm39YniidHCfT83XV8NMYndEksaGFUAmAnA_1ZYA"
  );
}

TEST(SigningKeyPem, algorithm_follows_the_key) {
  const auto key = SigningKey::from_pem(rsa);
  EXPECT_EQ(key->algorithm(), "RS256");
  EXPECT_EQ(key->with_algorithm("PS256")->algorithm(), "PS256");
  EXPECT_EQ(key->with_algorithm("PS256")->with_algorithm("RS256")->algorithm(), "RS256");
  for (const auto* other : {"ES256", "EdDSA", "RS512", "HS256", "none", ""}) {
    const auto misfit = key->with_algorithm(other);
    ASSERT_FALSE(misfit) << other;
    EXPECT_EQ(misfit.error().reason, Reason::config);
  }
  EXPECT_EQ(SigningKey::from_pem(sec1)->algorithm(), "ES256");
}

TEST(SigningKeyPem, every_form_comes_back_as_pkcs8_of_the_same_key) {
  for (const auto* pem : {rsa, sec1}) {
    const auto key = SigningKey::from_pem(pem);
    ASSERT_TRUE(key);
    const auto kept = key->to_pem();
    EXPECT_EQ(kept.find("-----BEGIN PRIVATE KEY-----\n"), 0U);
    EXPECT_EQ(SigningKey::from_pem(kept)->thumbprint(), key->thumbprint());
  }
}

TEST(SigningKeyPem, line_ends_and_words_around_it_do_not_matter) {
  std::string crlf;
  for (const char c : std::string_view(sec1)) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const auto whole = SigningKey::from_pem(sec1)->thumbprint();
  EXPECT_EQ(SigningKey::from_pem(crlf)->thumbprint(), whole);
  EXPECT_EQ(SigningKey::from_pem("Bag Attributes: x\n" + std::string(sec1))->thumbprint(), whole);
  std::string_view cut = sec1;
  cut.remove_suffix(1);
  EXPECT_EQ(SigningKey::from_pem(cut)->thumbprint(), whole);
}

TEST(SigningKeyPem, refuses_what_cannot_sign_for_us_and_quotes_none_of_it) {
  for (const std::string pem : {encrypted, public_half, secp256k1}) {
    const auto key = SigningKey::from_pem(pem);
    ASSERT_FALSE(key) << pem.substr(0, 40);
    EXPECT_EQ(key.error().reason, Reason::config);
    const auto body = pem.substr(pem.find('\n') + 1);
    for (std::size_t i = 0; i + 8 < body.size(); ++i) {
      EXPECT_EQ(key.error().detail.find(body.substr(i, 8)), std::string::npos) << i;
    }
  }
}

TEST(SigningKeyPem, no_two_made_keys_are_alike) {
  EXPECT_NE(SigningKey::generate().thumbprint(), SigningKey::generate().thumbprint());
}

}  // namespace
}  // namespace mooring::auth
