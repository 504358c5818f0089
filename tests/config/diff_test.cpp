#include "config/diff.hpp"

#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Diff, CFG_02_what_a_reload_has_to_do) {
  const Config before = parsed(
      "mcpServers:\n  gone: {command: x}\n  same: {command: x}\n  other: {command: x}\n  bad: {}\n"
  );
  const Config after = parsed(
      "# a line more\nmcpServers:\n  fresh: {command: x}\n  same: {command: x}\n  other: {command: "
      "x, timeout: 5}\n  bad: {command: x}\n"
  );
  const Diff result = diff(before, after);
  EXPECT_THAT(result.added, ElementsAre("fresh"));
  EXPECT_THAT(result.removed, ElementsAre("gone"));
  EXPECT_THAT(result.changed, ElementsAre("other", "bad"));
  EXPECT_THAT(result.unchanged, ElementsAre("same"));
  EXPECT_FALSE(result.gateway_changed);
  EXPECT_FALSE(result.empty());
}

TEST(Diff, nothing_to_do) {
  const Config config = parsed("mcpServers: {a: {command: x}, b: {}}\n");
  EXPECT_TRUE(diff(config, config).empty());
  EXPECT_THAT(diff(config, config).unchanged, ElementsAre("a", "b"));
}

TEST(Diff, defaults_and_variables_count) {
  const Config before = parsed("mcpServers: {a: {command: x, env: {A: \"${V}\"}}}", {{"V", "1"}});
  const Config rotated = parsed("mcpServers: {a: {command: x, env: {A: \"${V}\"}}}", {{"V", "2"}});
  EXPECT_THAT(diff(before, rotated).changed, ElementsAre("a"));
  const Config slower = parsed("timeout: 5\nmcpServers: {a: {command: x, env: {A: \"1\"}}}");
  EXPECT_THAT(diff(before, slower).changed, ElementsAre("a"));
}

TEST(Diff, the_gateway) {
  const Config before = parsed("");
  const Config after = parsed("gateway: {list_wait: 1}");
  EXPECT_TRUE(diff(before, after).gateway_changed);
  EXPECT_FALSE(diff(before, after).empty());
}

TEST(Diff, a_name_given_twice_counts_once) {
  const Config config = parsed("mcpServers: {a: {command: x}}\nservers: {a: {command: y}}\n");
  EXPECT_THAT(diff(config, parsed("")).removed, ElementsAre("a"));
  EXPECT_THAT(diff(parsed(""), config).added, ElementsAre("a"));
  EXPECT_THAT(diff(parsed(""), config).removed, IsEmpty());
}

}  // namespace
}  // namespace mooring::config
