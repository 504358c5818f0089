#include "config/support.hpp"

namespace mooring::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Gateway, defaults_are_those_of_the_contract) {
  const Config config = parsed("");
  EXPECT_EQ(config.gateway, GatewayConfig{});
  EXPECT_EQ(config.gateway.listen, "127.0.0.1:7777");
  EXPECT_EQ(config.gateway.drain_timeout, 10s);
  EXPECT_EQ(config.gateway.session_ttl, 24h);
  EXPECT_EQ(config.gateway.limits.request_bytes, 10U << 20);
  EXPECT_EQ(config.gateway.list_wait, 2s);
  const UpstreamConfig server;
  EXPECT_EQ(server.timeout, 60s);
  EXPECT_EQ(server.timeout_max, 600s);
  EXPECT_EQ(server.connect_timeout, 60s);
  EXPECT_EQ(server.recovery_wait, 15s);
  EXPECT_EQ(server.queue_wait, 5s);
  EXPECT_EQ(server.breaker_failures, 3);
  EXPECT_EQ(server.breaker_cooldown, 60s);
}

TEST(Gateway, its_keys_are_read) {
  const auto gateway = parsed(R"(gateway:
  listen: "[::1]:0"
  threads: 4
  session_ttl: 1h
  insecure: yes
  log: {level: DEBUG, format: json}
  allowed_hosts: [a.example, b.example]
  allowed_origins: "*"
  limits: {request_bytes: 1MiB, sessions: 5}
  stream_after: 0
  reload_interval: 0
  state_dir: /var/lib/mooring
)")
                           .gateway;
  EXPECT_EQ(gateway.listen, "[::1]:0");
  EXPECT_EQ(gateway.threads, 4);
  EXPECT_EQ(gateway.session_ttl, 1h);
  EXPECT_TRUE(gateway.insecure);
  EXPECT_EQ(gateway.log_level, core::log::Level::debug);
  EXPECT_EQ(gateway.log_format, core::log::Format::json);
  EXPECT_THAT(gateway.allowed_hosts, ElementsAre("a.example", "b.example"));
  EXPECT_THAT(gateway.allowed_origins, ElementsAre("*"));
  EXPECT_EQ(gateway.limits.request_bytes, 1U << 20);
  EXPECT_EQ(gateway.limits.sessions, 5U);
  EXPECT_EQ(gateway.stream_after, 0s);
  EXPECT_EQ(gateway.reload_interval, 0s);
  EXPECT_EQ(gateway.state_dir, "/var/lib/mooring");
}

TEST(Gateway, what_is_wrong_outside_the_servers_fails_the_load) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"mcpServer: {}", "mooring.yaml:1:1: unknown key \"mcpServer\"; did you mean \"mcpServers\"?"
      },
      {"gatway: {}", "did you mean \"gateway\"?"},
      {"gateway: {lissten: x}",
       "mooring.yaml:1:11: unknown key \"gateway.lissten\"; did you mean \"gateway.listen\"?"},
      {"gateway: {listen: 7777}",
       "mooring.yaml:1:19: gateway.listen: an address such as 127.0.0.1:7777"},
      {"gateway: {listen: \"${HOST_X}:1\"}", "mooring.yaml:1:19: gateway: ${HOST_X} is not set"},
      {"gateway: 5", "gateway takes a map with the keys listen, threads"},
      {"gateway: {threads: 0}", "gateway.threads: a whole number from 1 to 256"},
      {"gateway: {log: {level: loud}}",
       "gateway.log.level: one of trace, debug, info, warn, error, off is expected"},
      {"drain_timeout: 5", "did you mean \"gateway.drain_timeout\"?"},
      {"mcpServers: [a]",
       "mooring.yaml:1:13: mcpServers: a map of server names is expected, not a list"},
      {"defaults: {url: x}", "unknown key \"defaults.url\""},
      {"url: x", "unknown key \"url\""},
      {"defaults: {timeout: soon}", "defaults.timeout: a duration such as"},
      {"limits: {request_byte: 5}", "did you mean \"limits.request_bytes\"?"},
  };
  for (const auto& [text, expected] : cases)
    EXPECT_THAT(refusal(text), HasSubstr(expected)) << text;
}

TEST(Gateway, defaults_reach_every_server) {
  const Config config = parsed(R"(
defaults: {timeout: 5, breaker: {failures: 9}}
recovery: {wait: 1}
breaker.cooldown: 2
mcpServers:
  a: {command: x}
  b: {command: x, timeout: 7, breaker: {failures: 2}}
)");
  const auto& a = config.servers[0].config;
  EXPECT_EQ(a.timeout, 5s);
  EXPECT_EQ(a.breaker_failures, 9);
  EXPECT_EQ(a.recovery_wait, 1s);
  EXPECT_EQ(a.breaker_cooldown, 2s);
  const auto& b = config.servers[1].config;
  EXPECT_EQ(b.timeout, 7s);
  EXPECT_EQ(b.breaker_failures, 2);
  EXPECT_EQ(b.recovery_wait, 1s);
}

TEST(Gateway, limits_at_top_level) {
  const Config config = parsed(
      "limits: {request_bytes: 5000, buffer_bytes: 1MiB, pages: 3}\nmcpServers: {a: {command: x}}"
  );
  EXPECT_EQ(config.gateway.limits.request_bytes, 5000U);
  EXPECT_EQ(config.gateway.limits.buffer_bytes, 1U << 20);
  EXPECT_EQ(config.servers[0].config.buffer_bytes, 1U << 20);
  EXPECT_EQ(config.servers[0].config.max_pages, 3);
}

TEST(Gateway, tokens) {
  const auto gateway = parsed(
                           R"(gateway:
  auth:
    tokens:
      - { name: laptop, token: "${LAPTOP}" }
      - { name: build, env: BUILD }
      - plain-0123456789abcdef
    token_env: OTHER
)",
                           {{"LAPTOP", "laptop-0123456789abcdef"},
                            {"BUILD", " build-0123456789abcdef\n"},
                            {"OTHER", "other-0123456789abcdef"}}
  )
                           .gateway;
  EXPECT_THAT(
      gateway.tokens, ElementsAre(
                          GatewayToken{"laptop", "laptop-0123456789abcdef"},
                          GatewayToken{"build", "build-0123456789abcdef"},
                          GatewayToken{"default", "plain-0123456789abcdef"},
                          GatewayToken{"default", "other-0123456789abcdef"}
                      )
  );
}

TEST(Gateway, tokens_that_cannot_be_used) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{token: \"${NO}\"}", "gateway: ${NO} is not set"},
      {"{token: \"\"}", "a text is expected"},
      {"{token_env: NO}", "gateway.auth.token_env: the variable \"NO\" is not set"},
      {"{token_file: /nowhere/at/all}", "/nowhere/at/all"},
      {"{token: \"two words\"}", "the token \"default\" holds blanks"},
      {"{tokens: [{token: x}]}", "a token needs a name"},
      {"{tokens: [{name: a}]}", "a token needs one of token, file, env"},
      {"{tokens: [{name: a, token: x, env: Y}]}", "not from two"},
      {"{tokens: [{name: a, value: x}]}", "unknown key \"value\"; a token has name and one of"},
      {"{tokens: x}", "a list of tokens is expected"},
  };
  for (const auto& [auth, expected] : cases) {
    EXPECT_THAT(refusal("gateway: {auth: " + std::string(auth) + "}"), HasSubstr(expected)) << auth;
  }
  const Config weak = parsed("gateway: {auth: {token: short}}");
  EXPECT_THAT(weak.warnings, ElementsAre(HasSubstr("can be guessed")));
  EXPECT_THAT(weak.warnings, ElementsAre(testing::Not(HasSubstr("short"))));
}

TEST(Gateway, addresses) {
  EXPECT_EQ(*parse_listen("127.0.0.1:7777"), (ListenAddress{"127.0.0.1", 7777}));
  EXPECT_EQ(*parse_listen("[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(*parse_listen("localhost:80"), (ListenAddress{"localhost", 80}));
  for (const auto* text :
       {"", "7777", ":7777", "h:", "h:x", "h:70000", "::1:80", "[]:1", "http://h:1", "[h]:1"}) {
    EXPECT_FALSE(parse_listen(text)) << text;
  }
}

TEST(Gateway, listening_beyond_loopback_needs_a_token) {
  GatewayConfig gateway;
  EXPECT_TRUE(check_exposure(gateway));
  gateway.listen = "0.0.0.0:7777";
  const auto refused = check_exposure(gateway);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().detail,
      "refusing to listen on 0.0.0.0:7777 without authentication: set gateway.auth.token, listen "
      "on "
      "127.0.0.1, or say --insecure"
  );
  gateway.insecure = true;
  EXPECT_TRUE(check_exposure(gateway));
  gateway.insecure = false;
  gateway.tokens = {{"a", "b"}};
  EXPECT_TRUE(check_exposure(gateway));
}

}  // namespace
}  // namespace mooring::config
