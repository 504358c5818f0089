// Who may come in.
#include <gtest/gtest.h>

#include "server/bearer.hpp"
#include "server/host_check.hpp"

namespace mooring::server {
namespace {

TEST(HostCheck, loopback_names_with_any_port_are_let_in) {
  const HostCheck check;
  for (const auto* host :
       {"localhost", "localhost:7777", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:80", "127.9.9.9:1",
        "[::1]", "[::1]:7777", "app.localhost:1"}) {
    EXPECT_TRUE(check.host_ok(host)) << host;
  }
}

TEST(HostCheck, every_other_name_is_a_rebinding_until_allowed) {
  const HostCheck check;
  for (const auto* host :
       {"", "evil.example", "evil.example:7777", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.1.nip.io:80", "[::2]:80", "[::1", "192.168.0.1", "0.0.0.0", "127.1",
        "localhost@evil.example", "evil.example#localhost", "localhost evil"}) {
    EXPECT_FALSE(check.host_ok(host)) << host;
  }
}

TEST(HostCheck, allowed_hosts_are_names_without_port) {
  const HostCheck check{.allowed_hosts = {"mcp.example.com", "[fd00::1]"}, .allowed_origins = {}};
  EXPECT_TRUE(check.host_ok("mcp.example.com"));
  EXPECT_TRUE(check.host_ok("mcp.example.com:8443"));
  EXPECT_TRUE(check.host_ok("MCP.Example.com"));
  EXPECT_TRUE(check.host_ok("[fd00::1]:80"));
  EXPECT_FALSE(check.host_ok("x.mcp.example.com"));
  EXPECT_FALSE(check.host_ok("mcp.example.com.evil.example"));
  const HostCheck any{.allowed_hosts = {"*"}, .allowed_origins = {}};
  EXPECT_TRUE(any.host_ok("whatever.example"));
}

TEST(HostCheck, a_browser_page_of_elsewhere_is_kept_out) {
  const HostCheck check{.allowed_hosts = {}, .allowed_origins = {"https://app.example.com"}};
  EXPECT_TRUE(check.origin_ok(""));
  for (const auto* origin :
       {"https://app.example.com", "http://localhost", "http://localhost:3000",
        "https://127.0.0.1:8443", "http://[::1]:80"}) {
    EXPECT_TRUE(check.origin_ok(origin)) << origin;
  }
  for (const auto* origin :
       {"null", "https://evil.example", "http://app.example.com", "https://app.example.com:8443",
        "https://app.example.com.evil.example", "http://localhost.evil.example",
        "http://127.0.0.1.nip.io", "http://localhost@evil.example", "localhost"}) {
    EXPECT_FALSE(check.origin_ok(origin)) << origin;
  }
  const HostCheck any{.allowed_hosts = {}, .allowed_origins = {"*"}};
  EXPECT_TRUE(any.origin_ok("https://evil.example"));
}

TEST(Bearer, without_tokens_everybody_is_let_in_as_nobody) {
  const Bearer bearer({});
  EXPECT_FALSE(bearer.required());
  EXPECT_EQ(bearer.principal(""), "");
  EXPECT_EQ(bearer.principal("Bearer whatever"), "");
}

TEST(Bearer, a_token_names_its_bearer) {
  const Bearer bearer({{"ann", "ann-token-0123456789"}, {"ci", "ci-token-0123456789"}});
  EXPECT_TRUE(bearer.required());
  EXPECT_EQ(bearer.principal("Bearer ann-token-0123456789"), "ann");
  EXPECT_EQ(bearer.principal("Bearer ci-token-0123456789"), "ci");
  EXPECT_EQ(bearer.principal("bearer ci-token-0123456789"), "ci");
  EXPECT_EQ(bearer.principal("BEARER ci-token-0123456789"), "ci");
}

TEST(Bearer, anything_else_is_refused) {
  const Bearer bearer({{"ann", "ann-token-0123456789"}});
  for (const auto* header :
       {"", "Bearer", "Bearer ", "Basic ann-token-0123456789", "ann-token-0123456789",
        "Bearer ann-token-012345678", "Bearer ann-token-01234567890", "Bearer ANN-TOKEN-0123456789",
        "Bearer ann-token-0123456789 ", "Bearerxann-token-0123456789",
        "Bearer\tann-token-0123456789", "Bearer,ann-token-0123456789", "Bearer ann",
        "Token ann-token-0123456789"}) {
    EXPECT_EQ(bearer.principal(header), std::nullopt) << header;
  }
}

}  // namespace
}  // namespace mooring::server
