#include "config/header_values.hpp"

#include "config/diff.hpp"
#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

using HeaderValues = ConfigFiles;

TEST_F(HeaderValues, AUTH_17_a_rotated_file_is_read_again) {
  write("token", "planted-first\n");
  const auto path = write(
      "mooring.yaml",
      "mcpServers:\n  it: {url: \"https://x/mcp\", headers: {Authorization: \"Bearer "
      "${file:token}\", X-Plain: fixed}}\n"
  );
  const auto before = load({path}, env_of({}));
  ASSERT_TRUE(before) << before.error().detail;
  const auto& server = before->servers[0].config;
  EXPECT_THAT(
      server.headers,
      ElementsAre(Pair("Authorization", "Bearer planted-first"), Pair("X-Plain", "fixed"))
  );
  write("token", "planted-second\n");
  EXPECT_THAT(
      *resolve_headers(server, env_of({})),
      ElementsAre(Pair("Authorization", "Bearer planted-second"), Pair("X-Plain", "fixed"))
  );
  // The file is no part of the configuration: nothing is reloaded, nothing starts anew.
  EXPECT_THAT(before->files, ElementsAre(path));
  const auto after = load({path}, env_of({}));
  EXPECT_TRUE(diff(*before, *after).empty());
}

TEST_F(HeaderValues, AUTH_17_variables_of_the_process_and_of_an_env_file) {
  write("vars", "TOKEN=planted-one\n");
  const auto path = write(
      "mooring.yaml",
      "mcpServers:\n  it: {url: \"https://x/mcp\", envFile: vars, headers: {X-A: \"${TOKEN}\", "
      "X-B: "
      "\"${OTHER:-none}\"}}\n"
  );
  const auto config = load({path}, env_of({{"TOKEN", "of the process"}}));
  ASSERT_TRUE(config);
  const auto& server = config->servers[0];
  EXPECT_EQ(error_of(server), "");
  EXPECT_THAT(server.notes, IsEmpty());
  EXPECT_THAT(server.config.headers, ElementsAre(Pair("X-A", "planted-one"), Pair("X-B", "none")));
  write("vars", "TOKEN=planted-two\n");
  EXPECT_THAT(
      *resolve_headers(server.config, env_of({{"OTHER", "now"}})),
      ElementsAre(Pair("X-A", "planted-two"), Pair("X-B", "now"))
  );
}

TEST_F(HeaderValues, what_has_gone_is_named_and_never_shown) {
  write("token", "planted-first\n");
  const auto path = write(
      "mooring.yaml",
      "mcpServers:\n  it: {url: \"https://x/mcp\", headers: {X-A: \"${file:token}\"}}\n"
  );
  const auto config = load({path}, env_of({}));
  write("token", "planted\nsecond");
  const auto broken = resolve_headers(config->servers[0].config, env_of({}));
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().detail, HasSubstr("X-A"));
  EXPECT_THAT(broken.error().detail, Not(HasSubstr("planted")));
  std::filesystem::remove(directory_ / "token");
  const auto gone = resolve_headers(config->servers[0].config, env_of({}));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().reason, Reason::config);
  EXPECT_THAT(gone.error().detail, HasSubstr((directory_ / "token").string()));
}

TEST_F(HeaderValues, a_file_that_is_missing_fails_the_server_at_the_start) {
  const auto path = write(
      "mooring.yaml",
      "mcpServers:\n  it: {url: \"https://x/mcp\", headers: {X-A: \"${file:nowhere}\"}}\n  ok: "
      "{command: x}\n"
  );
  const auto config = load({path}, env_of({}));
  ASSERT_TRUE(config);
  EXPECT_THAT(error_of(config->servers[0]), HasSubstr("nowhere"));
  EXPECT_EQ(error_of(config->servers[1]), "");
}

TEST_F(HeaderValues, without_variables_nothing_is_looked_up) {
  const auto entry = server_of("{url: \"https://x/mcp\", headers: {X-A: fixed}}");
  EXPECT_THAT(entry.config.header_templates, IsEmpty());
  EXPECT_THAT(*resolve_headers(entry.config, env_of({})), ElementsAre(Pair("X-A", "fixed")));
}

}  // namespace
}  // namespace mooring::config
