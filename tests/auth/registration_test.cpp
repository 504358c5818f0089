#include "auth/registration.hpp"

#include <gtest/gtest.h>

namespace mooring::auth {
namespace {

ServerMetadata server() {
  ServerMetadata metadata;
  metadata.issuer = "https://as.example.com";
  metadata.registration_endpoint = "https://as.example.com/register";
  return metadata;
}

TEST(Registration, TheOrderOfTheSpecification) {
  OAuthConfig config;
  config.client_metadata_url = "https://me.example.com/client.json";
  auto metadata = server();
  Registration kept;
  kept.kind = Registration::Kind::dynamic;
  kept.issuer = metadata.issuer;
  kept.client_id = "kept";
  kept.redirect_uri = "http://127.0.0.1:1/callback";
  const SystemTime now{};
  EXPECT_EQ(known_client(config, metadata, kept, kept.redirect_uri, now)->client_id, "kept");
  metadata.client_id_metadata_document_supported = true;
  EXPECT_EQ(
      known_client(config, metadata, kept, kept.redirect_uri, now)->client_id,
      config.client_metadata_url
  );
  config.client_id = "configured";
  EXPECT_EQ(known_client(config, metadata, kept, kept.redirect_uri, now)->client_id, "configured");
}

TEST(Registration, WhatWasRegisteredElsewhereIsNotShown) {
  Registration kept;
  kept.kind = Registration::Kind::dynamic;
  kept.issuer = "https://other.example.com";
  kept.redirect_uri = "http://127.0.0.1:1/callback";
  const SystemTime now{std::chrono::seconds(100)};
  EXPECT_FALSE(known_client({}, server(), kept, kept.redirect_uri, now));
  kept.issuer = server().issuer;
  EXPECT_FALSE(known_client({}, server(), kept, "http://127.0.0.1:2/callback", now));
  kept.secret_ends = now;
  EXPECT_FALSE(known_client({}, server(), kept, kept.redirect_uri, now));
}

TEST(Registration, Dynamic) {
  auto machine = ClientRegistration::begin(server(), "http://127.0.0.1:1/callback", {"a"});
  ASSERT_TRUE(machine);
  const auto request = machine->next();
  ASSERT_TRUE(request);
  EXPECT_NE(request->body.find(R"("application_type":"native")"), std::string::npos);
  EXPECT_NE(request->body.find(R"("refresh_token")"), std::string::npos);
  machine->take({201, {}, R"({"client_id":"c","client_secret":"s-123456"})", {}});
  ASSERT_TRUE(machine->result());
  EXPECT_EQ(machine->result()->method, ClientAuth::basic);
  EXPECT_FALSE(machine->next());
}

TEST(Registration, RefusedOrInTrouble) {
  auto refused = *ClientRegistration::begin(server(), "http://127.0.0.1:1/callback", {});
  refused.take({400, {}, R"({"error":"invalid_redirect_uri"})", {}});
  EXPECT_EQ(refused.result().error().reason, Reason::config);
  auto trouble = *ClientRegistration::begin(server(), "http://127.0.0.1:1/callback", {});
  trouble.take({503, {}, "", {}});
  EXPECT_EQ(trouble.result().error().reason, Reason::unavailable);
  auto none = server();
  none.registration_endpoint.clear();
  EXPECT_EQ(ClientRegistration::begin(none, {}, {}).error().reason, Reason::config);
}

}  // namespace
}  // namespace mooring::auth
