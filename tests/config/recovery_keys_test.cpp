#include "config/support.hpp"

namespace mooring::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

TEST(RecoveryKeys, defaults_are_those_of_the_struct) {
  const auto config = server_of("{command: x}").config;
  EXPECT_EQ(config.replay, ReplayPolicy::safe);
  EXPECT_THAT(config.tool_replay, IsEmpty());
  EXPECT_THAT(config.session_patterns, IsEmpty());
  EXPECT_EQ(config.keepalive_interval, 180s);
  EXPECT_EQ(config.idle_timeout, 0s);
  EXPECT_FALSE(config.lazy);
}

TEST(RecoveryKeys, every_one_is_read) {
  const auto entry = server_of(R"(
    command: x
    replay: spec
    tools:
      replay: {"delete_*": never, "a.b": Safe, "*": spec}
      repeatable: [set_*, touch]
    recovery:
      session_patterns: ["neo session .* is no longer live", "gone"]
      session_codes: [-32077, 4001]
      treat_401_as_session: yes
    keepalive_interval: 30
    idle_timeout: 2
    max_lifetime: 1h
    lazy: true
)");
  EXPECT_EQ(error_of(entry), "");
  EXPECT_THAT(entry.notes, IsEmpty());
  const auto& config = entry.config;
  EXPECT_EQ(config.replay, ReplayPolicy::spec);
  EXPECT_THAT(
      config.tool_replay, ElementsAre(
                              Pair("delete_*", ReplayPolicy::never),
                              Pair("a.b", ReplayPolicy::safe), Pair("*", ReplayPolicy::spec)
                          )
  );
  EXPECT_THAT(config.repeatable_tools, ElementsAre("set_*", "touch"));
  EXPECT_THAT(config.session_patterns, ElementsAre("neo session .* is no longer live", "gone"));
  EXPECT_THAT(config.session_codes, ElementsAre(-32077, 4001));
  EXPECT_TRUE(config.treat_401_as_session);
  EXPECT_EQ(config.keepalive_interval, 30s);
  EXPECT_EQ(config.idle_timeout, 2s);
  EXPECT_EQ(config.max_lifetime, 1h);
  EXPECT_TRUE(config.lazy);
}

TEST(RecoveryKeys, KA_01_a_keepalive_is_not_more_often_than_every_five_seconds) {
  const auto often = server_of("{command: x, keepalive_interval: 1}");
  EXPECT_EQ(often.config.keepalive_interval, 5s);
  EXPECT_THAT(often.notes, ElementsAre(HasSubstr("5s is used")));
  EXPECT_EQ(server_of("{command: x, keepalive_interval: 5}").config.keepalive_interval, 5s);
  const auto never = server_of("{command: x, keepalive_interval: 0}");
  EXPECT_EQ(never.config.keepalive_interval, 0s);
  EXPECT_THAT(never.notes, IsEmpty());
}

TEST(RecoveryKeys, wrong_values_say_what_is_expected) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"replay: always", "replay: one of safe, spec, never is expected"},
      {"tools: {replay: spec}", "tools.replay: a map of tool name patterns"},
      {"tools: {replay: {a: maybe}}", "tools.replay: one of safe, spec, never is expected"},
      {"tools: {repeatable: {a: 1}}", "tools.repeatable: a list is expected"},
      {"recovery: {session_patterns: [\"ok\", \"(\"]}", "\"(\" is no regular expression"},
      {"recovery: {session_patterns: {a: b}}", "recovery.session_patterns: a list is expected"},
      {"recovery: {session_codes: [x]}", "recovery.session_codes: a whole number"},
      {"keepalive_interval: soon", "keepalive_interval: a duration such as 60"},
      {"keepalive_interval: [1]", "keepalive_interval: a duration such as 60"},
      {"idle_timeout: soon", "idle_timeout: a duration such as 60"},
  };
  for (const auto& [body, expected] : cases) {
    const auto entry = server_of("{command: x, " + std::string(body) + "}");
    EXPECT_THAT(error_of(entry), HasSubstr(expected));
    EXPECT_THAT(error_of(entry), StartsWith("mooring.yaml:2:"));
  }
}

TEST(RecoveryKeys, they_may_stand_in_the_defaults_of_all_servers) {
  const Config config = parsed(R"(
defaults: {replay: never, keepalive_interval: 0}
mcpServers:
  a: {command: x}
  b: {command: x, replay: safe}
)");
  ASSERT_EQ(config.servers.size(), 2U);
  EXPECT_EQ(config.servers[0].config.replay, ReplayPolicy::never);
  EXPECT_EQ(config.servers[0].config.keepalive_interval, 0s);
  EXPECT_EQ(config.servers[1].config.replay, ReplayPolicy::safe);
}

}  // namespace
}  // namespace mooring::config
