#include "auth/dpop.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <string>
#include <thread>

#include "core/base64.hpp"

namespace mooring::auth {
namespace {

namespace json = boost::json;

/// RFC 8037 appendix A.1, as PKCS #8: Ed25519 signs the same bytes in the same way every time.
constexpr const char* ed25519 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

SystemTime at_1562262616() { return SystemTime(std::chrono::milliseconds(1'562'262'616'999)); }

json::object part(const std::string& proof, int which) {
  const auto first = proof.find('.');
  const auto second = proof.find('.', first + 1);
  const auto text =
      which == 0 ? proof.substr(0, first) : proof.substr(first + 1, second - first - 1);
  return json::parse(*core::base64url_decode(text)).as_object();
}
json::object header_of(const std::string& proof) { return part(proof, 0); }
json::object claims_of(const std::string& proof) { return part(proof, 1); }

core::Url url(std::string_view text) { return *core::Url::parse(text); }

class Dpop : public ::testing::Test {
 protected:
  core::SeededRandom random{1};
  DpopProver prover{*SigningKey::from_pem(ed25519), random, &at_1562262616};
};

TEST_F(Dpop, header_names_the_type_and_the_public_key_only) {
  const auto header = header_of(prover.proof("POST", url("https://as.example.com/token"), ""));
  EXPECT_EQ(header.at("typ"), "dpop+jwt");
  EXPECT_EQ(header.at("alg"), "EdDSA");
  EXPECT_EQ(header.at("jwk"), json::parse(prover.key().public_jwk()));
  EXPECT_FALSE(header.at("jwk").as_object().contains("d"));
}

TEST_F(Dpop, token_request_carries_no_hash_and_no_nonce) {
  const auto claims = claims_of(prover.proof("POST", url("https://as.example.com/token"), ""));
  EXPECT_EQ(claims.at("htm"), "POST");
  EXPECT_EQ(claims.at("htu"), "https://as.example.com/token");
  EXPECT_EQ(claims.at("iat"), 1'562'262'616) << "whole seconds, never ahead of the clock";
  EXPECT_FALSE(claims.contains("ath"));
  EXPECT_FALSE(claims.contains("nonce"));
  EXPECT_EQ(claims.size(), 4U);
}

/// RFC 9449 §7.1: the token and the `ath` of the example.
TEST_F(Dpop, hash_of_the_access_token_is_that_of_the_rfc) {
  const auto claims = claims_of(prover.proof(
      "GET", url("https://resource.example.org/protectedresource"),
      "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
  ));
  EXPECT_EQ(claims.at("ath"), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

TEST_F(Dpop, address_is_without_query_and_default_port) {
  const auto htu = [&](std::string_view text) {
    return json::value_to<std::string>(claims_of(prover.proof("GET", url(text), "")).at("htu"));
  };
  EXPECT_EQ(htu("https://a.example/mcp?x=1"), "https://a.example/mcp");
  EXPECT_EQ(htu("https://a.example/mcp#f"), "https://a.example/mcp");
  EXPECT_EQ(htu("https://A.example:443/mcp?x#f"), "https://a.example/mcp");
  EXPECT_EQ(htu("https://a.example:8443/m%20p"), "https://a.example:8443/m%20p");
  EXPECT_EQ(htu("https://a.example"), "https://a.example/");
  EXPECT_EQ(htu("http://[::1]:9000/t"), "http://[::1]:9000/t");
  EXPECT_EQ(htu("https://user:pw@a.example/t"), "https://a.example/t");
}

TEST_F(Dpop, no_two_proofs_share_an_id) {
  const auto where = url("https://a.example/");
  const auto first = claims_of(prover.proof("GET", where, "")).at("jti");
  EXPECT_NE(claims_of(prover.proof("GET", where, "")).at("jti"), first);
  EXPECT_GE(first.as_string().size(), 16U) << "96 bits at least (RFC 9449 §4.2)";
}

TEST_F(Dpop, nonce_goes_to_its_own_origin_and_the_last_one_counts) {
  prover.nonce(url("https://as.example.com/token"), "n1");
  prover.nonce(url("https://as.example.com/elsewhere"), "n\"2");
  EXPECT_EQ(
      claims_of(prover.proof("POST", url("https://as.example.com/token"), "")).at("nonce"), "n\"2"
  );
  for (const auto* other :
       {"https://as.example.com:8443/token", "http://as.example.com/token", "https://b.example/"}) {
    EXPECT_FALSE(claims_of(prover.proof("POST", url(other), "")).contains("nonce")) << other;
  }
}

TEST_F(Dpop, enormous_nonce_is_not_remembered) {
  const auto where = url("https://a.example/");
  prover.nonce(where, "small");
  prover.nonce(where, std::string(1025, 'n'));
  EXPECT_EQ(claims_of(prover.proof("GET", where, "")).at("nonce"), "small");
}

TEST_F(Dpop, repeats_itself_with_the_same_randomness_and_time) {
  core::SeededRandom same(1);
  DpopProver other(*SigningKey::from_pem(ed25519), same, &at_1562262616);
  const auto where = url("https://a.example/");
  EXPECT_EQ(other.proof("GET", where, "t"), prover.proof("GET", where, "t"));
}

TEST_F(Dpop, is_safe_from_any_thread) {
  std::array<std::thread, 4> threads;
  for (auto& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < 50; ++i) {
        prover.nonce(url("https://a.example/"), "n");
        EXPECT_EQ(claims_of(prover.proof("GET", url("https://a.example/"), "t")).at("nonce"), "n");
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace mooring::auth
