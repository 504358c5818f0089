#include "config/support.hpp"
#include "core/redact.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Grant = OAuthConfig::Grant;

ServerEntry with_auth(std::string_view auth, Variables variables = {}) {
  return server_of(
      "{url: \"https://mcp.example.com/mcp\", auth: " + std::string(auth) + "}",
      std::move(variables)
  );
}

TEST(AuthKeys, a_person_by_default) {
  const auto entry = server_of("{url: \"https://mcp.example.com/mcp\"}");
  EXPECT_EQ(entry.config.oauth, OAuthConfig{});
  EXPECT_EQ(entry.config.oauth.grant, Grant::authorization_code);
}

TEST(AuthKeys, everything_of_a_registered_client) {
  const auto entry = with_auth(
      R"({client_id: me, client_secret: "${SECRET}", scopes: "a b", issuer: "https://as.example.com",
          dpop: true, redirect_uri: "http://127.0.0.1:9000/callback"})",
      {{"SECRET", "planted-client-secret"}}
  );
  EXPECT_EQ(error_of(entry), "");
  const auto& oauth = entry.config.oauth;
  EXPECT_EQ(oauth.client_id, "me");
  EXPECT_EQ(oauth.client_secret, "planted-client-secret");
  EXPECT_THAT(oauth.scopes, ElementsAre("a", "b"));
  EXPECT_EQ(oauth.issuer, "https://as.example.com");
  EXPECT_TRUE(oauth.dpop);
  EXPECT_THAT(core::redact("it is planted-client-secret"), HasSubstr("[REDACTED]"));
}

TEST(AuthKeys, a_variable_that_is_not_set_fails_the_server) {
  EXPECT_THAT(error_of(with_auth("{client_secret: \"${NOWHERE}\"}")), HasSubstr("${NOWHERE}"));
}

TEST(AuthKeys, a_grant_without_what_it_needs) {
  EXPECT_THAT(
      error_of(with_auth("{grant: client_credentials, client_secret: planted-secret}")),
      HasSubstr("auth.client_id")
  );
  EXPECT_THAT(
      error_of(with_auth("{grant: client_credentials, client_id: me}")),
      HasSubstr("auth.private_key_file")
  );
  EXPECT_THAT(error_of(with_auth("{grant: jwt_bearer}")), HasSubstr("auth.assertion"));
  EXPECT_THAT(
      error_of(with_auth("{grant: enterprise, assertion: planted-jwt}")),
      HasSubstr("auth.idp_token_endpoint")
  );
  EXPECT_THAT(error_of(with_auth("{grant: magic}")), HasSubstr("authorization_code"));
  EXPECT_EQ(error_of(with_auth("{grant: none}")), "");
}

TEST(AuthKeys, addresses_are_https) {
  EXPECT_THAT(error_of(with_auth("{issuer: \"http://as.example.com\"}")), HasSubstr("https"));
  EXPECT_THAT(
      error_of(with_auth("{client_metadata_url: \"https://me.example.com\"}")), HasSubstr("path")
  );
  EXPECT_EQ(error_of(with_auth("{issuer: \"http://127.0.0.1:9000\"}")), "");
}

TEST(AuthKeys, a_configured_authorization_header_is_used_instead) {
  const auto entry = server_of(
      "{url: \"https://x/mcp\", headers: {authorization: \"Bearer planted-token\"}, auth: "
      "{client_id: me}}"
  );
  EXPECT_EQ(error_of(entry), "");
  EXPECT_EQ(entry.config.oauth.grant, Grant::none);
  EXPECT_THAT(entry.notes, ElementsAre(HasSubstr("auth is ignored")));
}

TEST(AuthKeys, a_command_needs_none) {
  const auto entry = server_of("{command: x, auth: {client_id: me}}");
  EXPECT_EQ(error_of(entry), "");
  EXPECT_THAT(entry.notes, ElementsAre(HasSubstr("auth is ignored")));
}

using AuthFiles = ConfigFiles;

TEST_F(AuthFiles, a_key_and_an_assertion_from_files) {
  write("key.pem", "-----BEGIN PRIVATE KEY-----\nplanted-key-bytes\n-----END PRIVATE KEY-----\n");
  write("jwt", "planted.jwt.bytes\n");
  const auto path = write(
      "mooring.yaml",
      "mcpServers:\n"
      "  a: {url: \"https://x/mcp\", auth: {grant: client_credentials, client_id: me, "
      "private_key_file: key.pem}}\n"
      "  b: {url: \"https://x/mcp\", auth: {grant: jwt_bearer, assertion_file: jwt}}\n"
      "  c: {url: \"https://x/mcp\", auth: {private_key_file: nowhere.pem}}\n"
  );
  const auto config = load({path}, env_of({}));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_EQ(error_of(config->servers[0]), "");
  EXPECT_THAT(config->servers[0].config.oauth.private_key, HasSubstr("planted-key-bytes"));
  // It is rotated by others: only where it stands is kept.
  EXPECT_EQ(config->servers[1].config.oauth.assertion, "");
  EXPECT_EQ(config->servers[1].config.oauth.assertion_file, (directory_ / "jwt").string());
  EXPECT_THAT(error_of(config->servers[2]), HasSubstr("nowhere.pem"));
}

}  // namespace
}  // namespace mooring::config
