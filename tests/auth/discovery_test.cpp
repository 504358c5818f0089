#include "auth/discovery.hpp"

#include <gtest/gtest.h>

#include <map>

namespace mooring::auth {
namespace {

/// Answers by URL; everything else is 404. Remembers what was asked.
struct Web {
  std::map<std::string, Reply> pages;
  std::vector<std::string> asked;

  void page(const std::string& url, std::string body, int status = 200) {
    pages[url] = Reply{status, {}, std::move(body), {}};
  }
  Result<Discovered> walk(Discovery machine) {
    while (auto request = machine.next()) {
      const auto url = request->url.text();
      asked.push_back(url);
      const auto found = pages.find(url);
      machine.take(found == pages.end() ? Reply{404, {}, {}, {}} : found->second);
      if (asked.size() > 20) break;
    }
    return machine.result();
  }
};

constexpr const char* mcp = "https://mcp.example.com/a/mcp";
constexpr const char* path_prm =
    "https://mcp.example.com/.well-known/oauth-protected-resource/a/mcp";
constexpr const char* root_prm = "https://mcp.example.com/.well-known/oauth-protected-resource";

std::string resource(const std::string& about, const std::string& issuer) {
  return R"({"resource":")" + about + R"(","authorization_servers":[")" + issuer +
         R"("],"scopes_supported":["r","w"]})";
}
std::string server(const std::string& issuer) {
  return R"({"issuer":")" + issuer + R"(","token_endpoint":"https://as.example.com/t"})";
}

Discovery at(
    const std::string& challenge = {}, const std::string& issuer = {}, const char* url = mcp
) {
  return {*core::Url::parse(url), oauth_challenge(challenge), FetchPolicy(false), issuer};
}

TEST(Discovery, PathThenRoot) {
  Web web;
  web.page(root_prm, resource("https://mcp.example.com", "https://as.example.com"));
  web.page(
      "https://as.example.com/.well-known/oauth-authorization-server",
      server("https://as.example.com")
  );
  const auto found = web.walk(at());
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->resource, "https://mcp.example.com");
  EXPECT_EQ(found->scopes, (std::vector<std::string>{"r", "w"}));
  EXPECT_EQ(web.asked[0], path_prm);
  EXPECT_EQ(web.asked[1], root_prm);
}

TEST(Discovery, TheChallengeNamesPlaceAndScope) {
  Web web;
  web.page("https://mcp.example.com/meta", resource(mcp, "https://as.example.com/t1"));
  web.page(
      "https://as.example.com/t1/.well-known/openid-configuration",
      server("https://as.example.com/t1")
  );
  const auto found =
      web.walk(at(R"(Bearer resource_metadata="https://mcp.example.com/meta", scope="mcp:basic")"));
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->scopes, (std::vector<std::string>{"mcp:basic"}));
  const std::vector<std::string> expected = {
      "https://mcp.example.com/meta",
      "https://as.example.com/.well-known/oauth-authorization-server/t1",
      "https://as.example.com/.well-known/openid-configuration/t1",
      "https://as.example.com/t1/.well-known/openid-configuration"
  };
  EXPECT_EQ(web.asked, expected);
}

TEST(Discovery, MetadataOfAnotherResourceAreRefused) {
  for (const auto* about :
       {"https://evil.example.com", "https://mcp.example.com/a/mcp2", "https://mcp.example.com/b",
        "http://mcp.example.com"}) {
    Web web;
    web.page(path_prm, resource(about, "https://as.example.com"));
    const auto found = web.walk(at());
    ASSERT_FALSE(found) << about;
    EXPECT_EQ(found.error().reason, Reason::protocol);
    EXPECT_EQ(web.asked.size(), 1U);
  }
}

TEST(Discovery, AnIssuerThatIsNotToTheLetterIsRefused) {
  Web web;
  web.page(path_prm, resource(mcp, "https://as.example.com"));
  web.page(
      "https://as.example.com/.well-known/oauth-authorization-server",
      server("https://as.example.com/")
  );
  const auto found = web.walk(at());
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().detail.find("https://as.example.com/"), std::string::npos);
}

TEST(Discovery, Of20250326WithAndWithoutMetadata) {
  Web web;
  auto found = web.walk(at());
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->guessed);
  EXPECT_EQ(found->server.token_endpoint, "https://mcp.example.com/token");
  EXPECT_EQ(found->resource, mcp);
  web.page(
      "https://mcp.example.com/.well-known/oauth-authorization-server",
      server("https://mcp.example.com/oauth")
  );
  found = web.walk(at());
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->guessed);
  EXPECT_TRUE(found->legacy);
}

TEST(Discovery, TroubleIsNoVerdict) {
  Web web;
  web.page(path_prm, "", 503);
  EXPECT_EQ(web.walk(at()).error().reason, Reason::unavailable);
  web.page(path_prm, resource(mcp, "https://as.example.com"));
  web.page("https://as.example.com/.well-known/oauth-authorization-server", "", 500);
  EXPECT_EQ(web.walk(at()).error().reason, Reason::unavailable);
}

TEST(Discovery, LiesAreNamed) {
  Web web;
  web.page("https://mcp.example.com/meta", "<html>hello</html>");
  const auto found = web.walk(at(R"(Bearer resource_metadata="https://mcp.example.com/meta")"));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::io);  // no document: it may be there tomorrow
  EXPECT_NE(found.error().detail.find("https://mcp.example.com/meta"), std::string::npos);
  for (const auto* named :
       {"http://169.254.169.254/latest", "https://10.0.0.1/meta", "ftp://x/", "nonsense"}) {
    Web nothing;
    EXPECT_FALSE(nothing.walk(at(std::string("Bearer resource_metadata=\"") + named + "\"")));
    EXPECT_TRUE(nothing.asked.empty()) << named;
  }
}

TEST(Discovery, OnlyTheTrustedIssuer) {
  Web web;
  web.page(path_prm, resource(mcp, "https://evil.example.com"));
  const auto found = web.walk(at({}, "https://as.example.com"));
  ASSERT_FALSE(found);
  EXPECT_EQ(web.asked.size(), 1U);
}

}  // namespace
}  // namespace mooring::auth
