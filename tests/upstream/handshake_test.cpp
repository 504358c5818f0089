#include "upstream/handshake.hpp"

#include <gtest/gtest.h>

#include "protocol/json_scan.hpp"

namespace mooring::upstream {
namespace {

TEST(Handshake, offers_the_newest_revision_and_our_capabilities) {
  ClientIdentity client;
  client.info = R"({"name":"a \"b\"","version":"1"})";
  client.capabilities = R"({"roots":{"listChanged":true}})";
  const auto params = initialize_params(client);
  ASSERT_FALSE(protocol::validate(params));
  EXPECT_EQ(protocol::string_member(params, "protocolVersion"), "2025-11-25");
  EXPECT_EQ(protocol::member(params, "capabilities"), client.capabilities);
  EXPECT_EQ(protocol::member(params, "clientInfo"), client.info);
}

TEST(Handshake, reads_what_the_server_says_about_itself) {
  const auto server = read_initialize_result(R"({"protocolVersion":"2025-03-26",
    "capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":false},"logging":{},
      "prompts":null,"completions":"yes"},
    "serverInfo":{"name":"s","version":"2"},"instructions":"be\nkind"})");
  ASSERT_TRUE(server.has_value()) << server.error();
  EXPECT_EQ(server->version, protocol::Version::v2025_03_26);
  EXPECT_EQ(server->protocol_version, "2025-03-26");
  EXPECT_EQ(server->instructions, "be\nkind");
  EXPECT_EQ(server->info, R"({"name":"s","version":"2"})");
  EXPECT_EQ(server->result.find('\n'), std::string::npos);
  EXPECT_TRUE(server->has("tools"));
  EXPECT_TRUE(server->has("logging"));
  EXPECT_FALSE(server->has("prompts"));
  EXPECT_FALSE(server->has("completions"));
  EXPECT_FALSE(server->has("sampling"));
  EXPECT_TRUE(server->has("tools", "listChanged"));
  EXPECT_FALSE(server->has("resources", "subscribe"));
  EXPECT_FALSE(server->has("logging", "listChanged"));
}

TEST(Handshake, takes_every_revision_we_speak) {
  for (const auto* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
    const auto server =
        read_initialize_result(std::string(R"({"protocolVersion":")") + version + "\"}");
    ASSERT_TRUE(server.has_value()) << version;
    EXPECT_EQ(server->protocol_version, version);
    EXPECT_EQ(server->capabilities, "{}");
    EXPECT_EQ(server->info, "{}");
  }
}

TEST(Handshake, refuses_what_is_no_answer_to_initialize) {
  for (const auto* result : {"{}", R"({"protocolVersion":7})", R"({"ok":true})", "[]", "null"}) {
    const auto server = read_initialize_result(result);
    ASSERT_FALSE(server.has_value()) << result;
    EXPECT_NE(server.error().find("not an MCP server"), std::string::npos) << server.error();
  }
  // The modern era has no handshake: whoever answers one with it is confused.
  for (const std::string version : {"2099-01-01", "2026-07-28"}) {
    const auto other = read_initialize_result(R"({"protocolVersion":")" + version + "\"}");
    ASSERT_FALSE(other.has_value());
    EXPECT_NE(other.error().find(version), std::string::npos);
  }
}

TEST(Handshake, members_of_the_wrong_type_are_left_out) {
  const auto server = read_initialize_result(
      R"({"protocolVersion":"2025-11-25","capabilities":[1],"serverInfo":"x","instructions":{}})"
  );
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(server->capabilities, "{}");
  EXPECT_EQ(server->info, "{}");
  EXPECT_EQ(server->instructions, "");
}

}  // namespace
}  // namespace mooring::upstream
