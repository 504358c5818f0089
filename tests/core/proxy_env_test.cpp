#include "core/proxy_env.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace mooring::core {
namespace {

ProxySettings settings(std::map<std::string, std::string> environment) {
  return ProxySettings::from([environment = std::move(environment)](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string proxy(const ProxySettings& from, const std::string& url) {
  const auto found = from.proxy_for(*Url::parse(url));
  return found ? found->text() : "direct";
}

TEST(ProxyEnv, nothing_set_is_direct) {
  EXPECT_EQ(proxy(settings({}), "https://e.com/"), "direct");
  EXPECT_EQ(proxy(ProxySettings(), "https://e.com/"), "direct");
}

TEST(ProxyEnv, each_scheme_has_its_variable_and_the_lower_case_name_wins) {
  const auto from = settings(
      {{"HTTP_PROXY", "http://upper:1"}, {"http_proxy", "http://lower:1"}, {"HTTPS_PROXY", "tls:2"}}
  );
  EXPECT_EQ(proxy(from, "http://e.com/"), "http://lower:1/");
  EXPECT_EQ(proxy(from, "https://e.com/"), "http://tls:2/");
}

TEST(ProxyEnv, ALL_PROXY_fills_the_gaps) {
  const auto from =
      settings({{"ALL_PROXY", "http://all:1"}, {"https_proxy", "http://tls:2"}, {"http_proxy", " "}}
      );
  EXPECT_EQ(proxy(from, "http://e.com/"), "http://all:1/");
  EXPECT_EQ(proxy(from, "https://e.com/"), "http://tls:2/");
}

TEST(ProxyEnv, credentials_are_kept) {
  const auto from = settings({{"https_proxy", "http://bob:p%40ss@proxy:3128"}});
  EXPECT_EQ(from.proxy_for(*Url::parse("https://e.com/"))->userinfo, "bob:p@ss");
}

TEST(ProxyEnv, loopback_is_always_direct) {
  const auto from = settings({{"ALL_PROXY", "http://p:1"}});
  for (const char* url : {"http://localhost/", "http://127.0.0.1:9/", "http://[::1]/"}) {
    EXPECT_EQ(proxy(from, url), "direct") << url;
  }
}

TEST(ProxyEnv, NO_PROXY) {
  const std::string list =
      "example.com, .internal,*.wild.org, h.net:8443 "
      "10.0.0.0/8,192.168.1.7,[2001:db8::1]:443,bad/99,/8,,";
  const auto from = settings({{"ALL_PROXY", "http://p:1"}, {"NO_PROXY", list}});
  const std::vector<std::pair<std::string, bool>> table = {
      {"http://example.com/", true},       {"http://EXAMPLE.com/", true},
      {"http://a.example.com/", true},     {"http://notexample.com/", false},
      {"http://example.com.evil/", false}, {"http://x.internal/", true},
      {"http://internal/", true},          {"http://a.wild.org/", true},
      {"https://h.net:8443/", true},       {"https://h.net/", false},
      {"http://10.1.2.3/", true},          {"http://11.1.2.3/", false},
      {"http://192.168.1.7/", true},       {"http://192.168.1.70/", false},
      {"https://[2001:db8::1]/", true},    {"http://[2001:db8::1]/", false},
      {"http://example.com./", true},
  };
  for (const auto& [url, direct] : table) EXPECT_EQ(proxy(from, url) == "direct", direct) << url;
}

TEST(ProxyEnv, a_star_and_the_widest_network_switch_it_off) {
  EXPECT_EQ(proxy(settings({{"ALL_PROXY", "p:1"}, {"no_proxy", "*"}}), "http://e.com/"), "direct");
  EXPECT_EQ(
      proxy(settings({{"ALL_PROXY", "p:1"}, {"no_proxy", "0.0.0.0/0"}}), "http://8.8.8.8/"),
      "direct"
  );
}

TEST(ProxyEnv, what_cannot_be_used_is_told_without_its_secrets) {
  const auto from = settings(
      {{"HTTPS_PROXY", "socks5://bob:hunter2@p:1080"}, {"HTTP_PROXY", "http://bob:hunter2@:x"}}
  );
  ASSERT_EQ(from.problems().size(), 2U);
  for (const std::string& problem : from.problems()) {
    EXPECT_EQ(problem.find("hunter2"), std::string::npos) << problem;
  }
  EXPECT_NE(from.problems()[1].find("HTTPS_PROXY"), std::string::npos);
  EXPECT_NE(from.problems()[1].find("socks5"), std::string::npos);
  EXPECT_EQ(proxy(from, "https://e.com/"), "direct");
}

}  // namespace
}  // namespace mooring::core
