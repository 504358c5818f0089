#include "core/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mooring::core {
namespace {

struct Parsed {
  std::string text, scheme, host;
  int port;
  std::string target, again;
};

TEST(Url, parses_what_http_knows) {
  const std::vector<Parsed> table = {
      {"https://example.com", "https", "example.com", 443, "/", "https://example.com/"},
      {"HTTPS://Example.COM/MCP", "https", "example.com", 443, "/MCP", "https://example.com/MCP"},
      {"http://example.com:80/x", "http", "example.com", 80, "/x", "http://example.com/x"},
      {"http://example.com:443", "http", "example.com", 443, "/", "http://example.com:443/"},
      {"https://example.com?a=1", "https", "example.com", 443, "/?a=1", "https://example.com/?a=1"},
      {"https://e.com/a%2Fb?q=%20#frag", "https", "e.com", 443, "/a%2Fb?q=%20",
       "https://e.com/a%2Fb?q=%20"},
      {"http://e.com/?", "http", "e.com", 80, "/?", "http://e.com/?"},
      {"http://127.0.0.1:9000/sse", "http", "127.0.0.1", 9000, "/sse", "http://127.0.0.1:9000/sse"},
      {"http://[::1]:8080/mcp", "http", "::1", 8080, "/mcp", "http://[::1]:8080/mcp"},
      {"http://[2001:DB8:0:0::1]/", "http", "2001:db8::1", 80, "/", "http://[2001:db8::1]/"},
      {"http://my_host:1/", "http", "my_host", 1, "/", "http://my_host:1/"},
      {"http://e.com:/x", "http", "e.com", 80, "/x", "http://e.com/x"},
  };
  for (const Parsed& row : table) {
    const auto url = Url::parse(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().detail;
    EXPECT_EQ(url->scheme, row.scheme) << row.text;
    EXPECT_EQ(url->host, row.host) << row.text;
    EXPECT_EQ(url->port, row.port) << row.text;
    EXPECT_EQ(url->target, row.target) << row.text;
    EXPECT_EQ(url->text(), row.again) << row.text;
  }
}

TEST(Url, SM_03_refuses_other_schemes_and_empty_hosts_with_a_reason) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"ftp://x", "'ftp'"},
      {"file:///etc/passwd", "'file'"},
      {"ws://h/", "'ws'"},
      {"http://", "host is empty"},
      {"http:///path", "host is empty"},
      {"https://:8080/", "host is empty"},
      {"example.com:80/mcp", "http://"},
      {"/mcp", "http://"},
      {"", "http://"},
      {"http:example.com", "host is missing"},
      {"http://e.com:0/", "port"},
      {"http://e.com:65536/", "port"},
      {"http://e.com:99999999999/", "port"},
      {"http://e.com/a b", "RFC 3986"},
      {"http://e.com/\r\nX: y", "RFC 3986"},
      {"http://a%2fb/", "host"},
      {"http://exa mple/", "RFC 3986"},
      {"http://%00/", "host"},
      {"http://h:p", "RFC 3986"},
  };
  for (const auto& [text, said] : table) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().reason, Reason::usage) << text;
    EXPECT_NE(url.error().detail.find(said), std::string::npos)
        << text << ": " << url.error().detail;
  }
}

TEST(Url, user_information_is_kept_apart) {
  const auto url = Url::parse("http://bob:p%40ss@proxy.local:3128");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->userinfo, "bob:p@ss");
  EXPECT_EQ(url->text(), "http://proxy.local:3128/");
  EXPECT_EQ(url->origin(), "http://proxy.local:3128");
}

TEST(Url, TOOL_11_a_refusal_does_not_repeat_the_password) {
  const auto url = Url::parse("ftp://bob:hunter2@h/");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().detail.find("hunter2"), std::string::npos) << url.error().detail;
}

TEST(Url, parts_for_headers) {
  const auto url = *Url::parse("https://[::1]:8443/a/b?c=d");
  EXPECT_EQ(url.authority(), "[::1]:8443");
  EXPECT_EQ(url.origin(), "https://[::1]:8443");
  EXPECT_EQ(url.path(), "/a/b");
  EXPECT_TRUE(url.is_tls());
  EXPECT_EQ(Url::parse("https://e.com:443/")->authority(), "e.com");
  EXPECT_EQ(Url::parse("https://e.com:443/")->origin(), "https://e.com");
}

TEST(Url, same_origin_compares_scheme_host_and_port) {
  const auto url = *Url::parse("https://e.com/a");
  EXPECT_TRUE(url.same_origin(*Url::parse("HTTPS://E.com:443/b?x")));
  EXPECT_FALSE(url.same_origin(*Url::parse("http://e.com/a")));
  EXPECT_FALSE(url.same_origin(*Url::parse("https://e.com:444/a")));
  EXPECT_FALSE(url.same_origin(*Url::parse("https://www.e.com/a")));
}

TEST(Url, loopback) {
  for (const char* host :
       {"localhost", "LOCALHOST", "localhost.", "a.localhost", "127.0.0.1", "127.255.0.3", "::1",
        "[::1]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const char* host :
       {"example.com", "128.0.0.1", "0.0.0.0", "::", "::2", "::ffff:10.0.0.1", "localhost.evil.com",
        "127.0.0.1.evil.com", "notlocalhost", ""}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
}

TEST(Url, resolves_references_as_RFC_3986_section_5_4_has_it) {
  const auto base = *Url::parse("http://a/b/c/d;p?q");
  const std::vector<std::pair<std::string, std::string>> table = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g/"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"/../../..?x", "http://a/?x"},
      {"../../../..", "http://a/"},
      {"https://other/x", "https://other/x"},
      {"/message?sessionId=1", "http://a/message?sessionId=1"},
  };
  for (const auto& [reference, expected] : table) {
    const auto url = base.resolve(reference);
    ASSERT_TRUE(url) << reference << ": " << url.error().detail;
    EXPECT_EQ(url->text(), expected) << reference;
  }
}

TEST(Url, a_reference_cannot_leave_http) {
  const auto base = *Url::parse("http://a/b");
  EXPECT_FALSE(base.resolve("ftp://x/y"));
  EXPECT_FALSE(base.resolve("file:///etc/passwd"));
  EXPECT_FALSE(base.resolve("javascript:alert(1)"));
  EXPECT_FALSE(base.resolve("/a b"));
}

TEST(Url, a_reference_keeps_the_credentials_of_its_own_origin_only) {
  const auto base = *Url::parse("http://u:p@a/b");
  EXPECT_EQ(base.resolve("/c")->userinfo, "u:p");
  EXPECT_EQ(base.resolve("//other/c")->userinfo, "");
}

}  // namespace
}  // namespace mooring::core
