#include "auth/server/authorization_server.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "auth/server/jwt.hpp"
#include "auth/server/protected_resource.hpp"
#include "core/base64.hpp"
#include "core/hash.hpp"

namespace mooring::test_auth {
namespace {

using namespace testing;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view redirect_uri = "http://127.0.0.1:7000/callback";
constexpr std::string_view resource_url = "https://mcp.test/mcp";
constexpr std::string_view verifier = "a-verifier-of-at-least-forty-three-characters-";

struct AuthServerT : Test {
  AuthServerT() {
    Client client;
    client.id = "app";
    client.redirect_uris = {std::string(redirect_uri)};
    server.add_client(client);
    client = {};
    client.id = "robot";
    client.secret = "s3cret";
    client.method = auth::ClientAuth::basic;
    server.add_client(client);
  }

  auth::Request request(Endpoint endpoint, const Fields& fields) {
    auth::Request made;
    made.method = "POST";
    made.url = *core::Url::parse(server.url(endpoint));
    made.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    made.body = auth::form_encode(fields);
    return made;
  }
  json::object post(Endpoint endpoint, const Fields& fields) {
    reply = server.handle(request(endpoint, fields), now);
    return parse_object(reply.body);
  }
  json::object get(std::string_view url) {
    auth::Request made;
    made.url = *core::Url::parse(url);
    reply = server.handle(made, now);
    return parse_object(reply.body);
  }
  std::string authorize_url(Fields more = {}) {
    Fields fields = {
        {"response_type", "code"},
        {"client_id", "app"},
        {"redirect_uri", std::string(redirect_uri)},
        {"state", "state-1"},
        {"code_challenge", core::base64url_encode(core::sha256(verifier))},
        {"code_challenge_method", "S256"},
        {"resource", std::string(resource_url)},
        {"scope", "read"}
    };
    for (auto& [name, value] : more) {
      std::erase_if(fields, [&](const auto& each) { return each.first == name; });
      if (!value.empty()) fields.emplace_back(name, value);
    }
    return server.url(Endpoint::authorization) + "?" + auth::form_encode(fields);
  }
  Form callback(Fields more = {}) {
    return Form(query_of(server.visit(authorize_url(std::move(more)), now)));
  }
  json::object redeem(const std::string& code, std::string_view with = verifier) {
    return post(
        Endpoint::token, {{"grant_type", "authorization_code"},
                          {"code", code},
                          {"redirect_uri", std::string(redirect_uri)},
                          {"code_verifier", std::string(with)},
                          {"client_id", "app"},
                          {"resource", std::string(resource_url)}}
    );
  }
  json::object refresh(const std::string& token) {
    return post(
        Endpoint::token, {{"grant_type", "refresh_token"},
                          {"refresh_token", token},
                          {"client_id", "app"},
                          {"resource", std::string(resource_url)}}
    );
  }
  json::object poll(const std::string& code) {
    return post(
        Endpoint::token, {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                          {"device_code", code},
                          {"client_id", "app"}}
    );
  }
  bool good(const std::string& token) { return server.accepts(token, resource_url, now); }

  core::SeededRandom random{1};
  AuthorizationServer server{random};
  auth::SystemTime now{std::chrono::seconds(1'800'000'000)};
  auth::Reply reply;
};

TEST_F(AuthServerT, metadata_are_where_they_were_asked_for_and_nowhere_else) {
  auto& options = server.options();
  options.issuer = "https://as.test/tenant";
  options.metadata = {MetadataPlace::openid_inserted};
  const auto body = get("https://as.test/.well-known/openid-configuration/tenant");
  EXPECT_EQ(text(body, "issuer"), "https://as.test/tenant");
  EXPECT_EQ(text(body, "token_endpoint"), "https://as.test/tenant/token");
  EXPECT_FALSE(body.contains("client_id_metadata_document_supported"));
  for (const auto* other :
       {"/.well-known/oauth-authorization-server/tenant", "/.well-known/openid-configuration",
        "/tenant/.well-known/openid-configuration"}) {
    get(std::string("https://as.test") + other);
    EXPECT_EQ(reply.status, 404) << other;
  }
  options.metadata = {MetadataPlace::openid_appended};
  options.metadata_issuer = "https://evil.test";
  options.code_challenge_methods.reset();
  options.endpoint_path = "/v2";
  options.registration = false;
  const auto other = get("https://as.test/tenant/.well-known/openid-configuration");
  EXPECT_EQ(text(other, "issuer"), "https://evil.test");
  EXPECT_EQ(text(other, "token_endpoint"), "https://as.test/tenant/v2/token");
  EXPECT_FALSE(other.contains("code_challenge_methods_supported"));
  EXPECT_FALSE(other.contains("registration_endpoint"));
}

TEST_F(AuthServerT, code_is_good_once_and_its_tokens_die_with_a_second_use) {
  const auto fields = callback();
  EXPECT_EQ(fields["state"], "state-1");
  EXPECT_FALSE(fields.has("iss"));
  const auto tokens = redeem(fields["code"]);
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(text(tokens, "token_type"), "Bearer");
  EXPECT_EQ(tokens.at("expires_in"), 3600);
  EXPECT_TRUE(good(text(tokens, "access_token")));
  EXPECT_FALSE(server.accepts(text(tokens, "access_token"), "https://other.test", now));
  EXPECT_THAT(server.scopes_of(text(tokens, "access_token")), ElementsAre("read"));
  EXPECT_EQ(text(redeem(fields["code"]), "error"), "invalid_grant");
  EXPECT_FALSE(good(text(tokens, "access_token")));
}

TEST_F(AuthServerT, code_needs_its_verifier) {
  const auto code = callback()["code"];
  EXPECT_EQ(
      text(redeem(code, "another-verifier-of-at-least-forty-three-chars"), "error"), "invalid_grant"
  );
  EXPECT_FALSE(text(redeem(code), "access_token").empty());
  now += std::chrono::seconds(1);
  EXPECT_EQ(callback({{"code_challenge", ""}})["error"], "invalid_request");
  EXPECT_EQ(callback({{"code_challenge_method", "plain"}})["error"], "invalid_request");
}

TEST_F(AuthServerT, nobody_is_sent_to_an_address_that_was_not_registered) {
  const Fields other_port = {{"redirect_uri", "http://127.0.0.1:7001/callback"}};
  EXPECT_EQ(server.visit(authorize_url(other_port), now), "");
  server.options().loopback_ports_vary = true;
  EXPECT_THAT(server.visit(authorize_url(other_port), now), StartsWith("http://127.0.0.1:7001/"));
  EXPECT_EQ(server.visit(authorize_url({{"redirect_uri", "http://127.0.0.1:7001/else"}}), now), "");
  EXPECT_EQ(server.visit(authorize_url({{"client_id", "nobody"}}), now), "");
  EXPECT_EQ(callback({{"resource", ""}})["error"], "invalid_target");
}

TEST_F(AuthServerT, iss_and_state_can_be_faulty) {
  server.options().iss_parameter = true;
  EXPECT_EQ(callback()["iss"], "https://as.test");
  server.options().sent_iss = "https://evil.test";
  server.options().sent_state = "other";
  EXPECT_EQ(callback()["iss"], "https://evil.test");
  EXPECT_EQ(callback()["state"], "other");
  server.options().sent_iss = "";
  EXPECT_FALSE(callback().has("iss"));
  server.deny_next();
  EXPECT_EQ(callback()["error"], "access_denied");
  EXPECT_TRUE(callback().has("code"));
}

TEST_F(AuthServerT, refresh_tokens_rotate_and_reuse_revokes_the_family) {
  const auto first = server.issue("app", std::string(resource_url), {"read"}, now);
  const auto second = refresh(first.refresh_token);
  const auto next = text(second, "refresh_token");
  ASSERT_FALSE(next.empty()) << reply.body;
  EXPECT_NE(next, first.refresh_token);
  EXPECT_TRUE(good(first.access_token));
  EXPECT_EQ(text(refresh(first.refresh_token), "error"), "invalid_grant");
  EXPECT_EQ(server.reuses(), 1);
  EXPECT_EQ(server.families_revoked(), 1);
  EXPECT_EQ(text(refresh(next), "error"), "invalid_grant");
  EXPECT_FALSE(good(text(second, "access_token")));
  EXPECT_THAT(server.presented(), ElementsAre(first.refresh_token, first.refresh_token, next));
  EXPECT_EQ(server.grants("refresh_token"), 3);
}

TEST_F(AuthServerT, grace_forgives_a_client_whose_answer_was_lost) {
  server.options().reuse_grace = std::chrono::seconds(10);
  const auto grant = server.issue("app", std::string(resource_url), {}, now);
  server.lose_next(Endpoint::token);
  refresh(grant.refresh_token);
  EXPECT_EQ(reply.status, 0);
  EXPECT_EQ(server.issued(), 2U);
  now += std::chrono::seconds(9);
  EXPECT_FALSE(text(refresh(grant.refresh_token), "refresh_token").empty());
  now += std::chrono::seconds(1);
  EXPECT_EQ(text(refresh(grant.refresh_token), "error"), "invalid_grant");
}

TEST_F(AuthServerT, without_rotation_the_old_refresh_token_stays) {
  server.options().rotation = false;
  server.options().expires_in = "\"3600\"";
  const auto grant = server.issue("app", std::string(resource_url), {}, now);
  for (int i = 0; i < 2; ++i) {
    const auto body = refresh(grant.refresh_token);
    EXPECT_FALSE(body.contains("refresh_token"));
    EXPECT_EQ(body.at("expires_in"), "3600");
  }
  server.options().expires_in = "";
  EXPECT_FALSE(refresh(grant.refresh_token).contains("expires_in"));
  EXPECT_EQ(server.reuses(), 0);
}

TEST_F(AuthServerT, grants_can_be_ended_from_outside) {
  const auto grant = server.issue("app", std::string(resource_url), {}, now);
  EXPECT_TRUE(good(grant.access_token));
  server.expire_access_tokens();
  EXPECT_FALSE(good(grant.access_token));
  const auto next = text(refresh(grant.refresh_token), "refresh_token");
  server.forget_clients();
  EXPECT_EQ(text(refresh(next), "error"), "invalid_client");
  EXPECT_EQ(reply.status, 401);
  const auto other = server.issue("app", std::string(resource_url), {}, now);
  server.revoke_grants();
  EXPECT_EQ(text(refresh(other.refresh_token), "error"), "invalid_grant");
  const auto third = server.issue("app", std::string(resource_url), {}, now);
  post(Endpoint::revocation, {{"token", third.refresh_token}, {"client_id", "app"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(good(third.access_token));
  now += std::chrono::hours(1);
  EXPECT_FALSE(good(server.issue("app", "x", {}, now - std::chrono::hours(1)).access_token));
}

TEST_F(AuthServerT, faults_come_first_and_are_counted) {
  const auto grant = server.issue("app", std::string(resource_url), {}, now);
  server.fail_next(Endpoint::token, 1, Fault::busy(std::chrono::seconds(7)));
  server.fail_next(Endpoint::token, 2, 503, "<html>", {{"Content-Type", "text/html"}});
  refresh(grant.refresh_token);
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("retry-after"), "7");
  for (int i = 0; i < 2; ++i) {
    refresh(grant.refresh_token);
    EXPECT_EQ(reply.status, 503);
  }
  refresh(grant.refresh_token);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(server.requests(Endpoint::token), 4);
}

TEST_F(AuthServerT, registers_clients_for_one_way_to_authenticate) {
  auto request = this->request(Endpoint::registration, {});
  request.headers = {{"Content-Type", "application/json"}};
  request.body = R"({"redirect_uris":["http://127.0.0.1:1/cb"],)"
                 R"("token_endpoint_auth_method":"client_secret_post"})";
  reply = server.handle(request, now);
  ASSERT_EQ(reply.status, 201) << reply.body;
  const auto body = parse_object(reply.body);
  Fields fields = {
      {"grant_type", "client_credentials"},
      {"resource", "r"},
      {"client_id", text(body, "client_id")},
      {"client_secret", text(body, "client_secret")}
  };
  EXPECT_FALSE(text(post(Endpoint::token, fields), "access_token").empty()) << reply.body;
  fields.back().second += "x";
  EXPECT_EQ(text(post(Endpoint::token, fields), "error"), "invalid_client");
  fields.pop_back();
  EXPECT_EQ(text(post(Endpoint::token, fields), "error"), "invalid_client");
  request.body = R"({"redirect_uris":["http://example.com/cb"]})";
  EXPECT_EQ(text(parse_object(server.handle(request, now).body), "error"), "invalid_redirect_uri");
}

TEST_F(AuthServerT, client_credentials_with_basic_and_with_a_key) {
  auto request = this->request(
      Endpoint::token, {{"grant_type", "client_credentials"}, {"resource", "r"}, {"scope", "a b"}}
  );
  request.headers.emplace_back("Authorization", "Basic " + core::base64_encode("robot:s3cret"));
  reply = server.handle(request, now);
  EXPECT_EQ(text(parse_object(reply.body), "scope"), "a b") << reply.body;

  const auto key = auth::SigningKey::generate();
  Client client;
  client.id = "signer";
  client.method = auth::ClientAuth::private_key_jwt;
  client.public_jwk = key.public_jwk();
  server.add_client(client);
  const auto asks = [&](std::string_view audience, std::string_view once) {
    const auto claims = fmt::format(
        R"({{"iss":"signer","sub":"signer","aud":"{}","jti":"{}","exp":1800000060}})", audience,
        once
    );
    return post(
        Endpoint::token,
        {{"grant_type", "client_credentials"},
         {"resource", "r"},
         {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
         {"client_assertion", key.sign("{}", claims)}}
    );
  };
  EXPECT_FALSE(text(asks("https://as.test", "1"), "access_token").empty()) << reply.body;
  EXPECT_EQ(text(asks("https://as.test", "1"), "error"), "invalid_client");
  EXPECT_EQ(text(asks("https://other.test", "2"), "error"), "invalid_client");
}

TEST_F(AuthServerT, device_flow_slows_down_and_waits_for_the_person) {
  server.options().device_slow_downs = 2;
  const auto begun = post(
      Endpoint::device_authorization,
      {{"client_id", "app"}, {"resource", std::string(resource_url)}}
  );
  const auto code = text(begun, "device_code");
  EXPECT_EQ(begun.at("interval"), 5);
  for (const int pause : {5, 10}) {
    now += std::chrono::seconds(pause);
    EXPECT_EQ(text(poll(code), "error"), "slow_down");
  }
  now += std::chrono::seconds(15);
  EXPECT_EQ(text(poll(code), "error"), "authorization_pending");
  now += std::chrono::seconds(14);
  EXPECT_EQ(text(poll(code), "error"), "slow_down") << "too early";
  server.approve_device(text(begun, "user_code"));
  now += std::chrono::seconds(20);
  EXPECT_TRUE(good(text(poll(code), "access_token"))) << reply.body;
  EXPECT_EQ(text(poll(code), "error"), "invalid_grant");
  EXPECT_EQ(server.grants("device_code"), 6);
}

TEST_F(AuthServerT, identity_assertion_of_one_server_is_a_token_at_another) {
  for (const bool sign : {true, false}) {
    AuthorizationServer company(random, {.issuer = "https://idp.test"});
    company.options().sign = sign;
    Client client;
    client.id = "app";
    company.add_client(client);
    server.trust(company);
    auto request = this->request(
        Endpoint::token, {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"},
                          {"client_id", "app"},
                          {"requested_token_type", "urn:ietf:params:oauth:token-type:id-jag"},
                          {"subject_token_type", "urn:ietf:params:oauth:token-type:id_token"},
                          {"subject_token", company.id_token("bob", "app", now)},
                          {"audience", server.issuer()},
                          {"resource", std::string(resource_url)},
                          {"scope", "read"}}
    );
    request.url = *core::Url::parse(company.url(Endpoint::token));
    const auto assertion = text(parse_object(company.handle(request, now).body), "access_token");
    ASSERT_TRUE(read_jwt(assertion));
    const Fields fields = {
        {"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
        {"client_id", "app"},
        {"assertion", assertion}
    };
    const auto token = text(post(Endpoint::token, fields), "access_token");
    EXPECT_TRUE(good(token)) << reply.body;
    EXPECT_THAT(server.scopes_of(token), ElementsAre("read"));
    EXPECT_EQ(text(post(Endpoint::token, fields), "error"), "invalid_grant");
  }
}

TEST_F(AuthServerT, proofs_bind_tokens_to_a_key) {
  server.options().dpop = Dpop::required;
  server.options().dpop_nonce = true;
  const auto key = auth::SigningKey::generate();
  const auto grant = server.issue("app", std::string(resource_url), {}, now);
  const auto code = callback()["code"];
  const auto asks = [&](std::string_view once, std::string_view nonce) {
    auto request = this->request(
        Endpoint::token, {{"grant_type", "authorization_code"},
                          {"code", code},
                          {"redirect_uri", std::string(redirect_uri)},
                          {"code_verifier", std::string(verifier)},
                          {"client_id", "app"},
                          {"resource", std::string(resource_url)}}
    );
    const auto claims = fmt::format(
        R"({{"jti":"{}","htm":"POST","htu":"https://as.test/token","iat":1800000000,"nonce":"{}"}})",
        once, nonce
    );
    request.headers.emplace_back(
        "DPoP", key.sign(fmt::format(R"({{"typ":"dpop+jwt","jwk":{}}})", key.public_jwk()), claims)
    );
    reply = server.handle(request, now);
    return parse_object(reply.body);
  };
  EXPECT_EQ(text(asks("1", ""), "error"), "use_dpop_nonce");
  const auto nonce = std::string(reply.header("dpop-nonce"));
  const auto tokens = asks("1", nonce);
  EXPECT_EQ(text(tokens, "token_type"), "DPoP") << reply.body;
  EXPECT_EQ(server.thumbprint_of(text(tokens, "access_token")), key.thumbprint());
  EXPECT_EQ(text(asks("1", nonce), "error"), "invalid_dpop_proof");
}

TEST_F(AuthServerT, seeds_repeat) {
  core::SeededRandom again(1);
  AuthorizationServer other(again);
  const auto one = server.issue("app", "r", {}, now);
  EXPECT_EQ(one.access_token, other.issue("app", "r", {}, now).access_token);
}

}  // namespace
}  // namespace mooring::test_auth
