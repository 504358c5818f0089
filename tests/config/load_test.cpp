#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using Load = ConfigFiles;

TEST_F(Load, nothing_is_the_defaults) {
  const auto config = load({}, env_of({}));
  ASSERT_TRUE(config);
  EXPECT_THAT(config->servers, IsEmpty());
  EXPECT_THAT(config->files, IsEmpty());
  EXPECT_EQ(config->gateway, GatewayConfig{});
}

TEST_F(Load, later_files_extend_and_override) {
  const auto first = write(
      "a.yaml",
      "mcpServers:\n  x: {command: one, timeout: 5}\n  y: {command: two}\ngateway: {threads: 2}\n"
  );
  const auto second = write(
      "b.json",
      R"({"mcpServers": {"x": {"timeout": 6}, "z": {"url": "ftp://z"}}, "gateway": {"listen": "127.0.0.1:1"}})"
  );
  const auto config = load({first, second}, env_of({}));
  ASSERT_TRUE(config) << config.error().detail;
  ASSERT_EQ(config->servers.size(), 3U);
  EXPECT_EQ(config->servers[0].config.command, "one");
  EXPECT_EQ(config->servers[0].config.timeout, std::chrono::seconds(6));
  EXPECT_EQ(config->servers[1].config.name, "y");
  EXPECT_THAT(error_of(config->servers[2]), StartsWith(second.string() + ":1:"));
  EXPECT_EQ(config->gateway.threads, 2);
  EXPECT_EQ(config->gateway.listen, "127.0.0.1:1");
  EXPECT_THAT(config->files, ElementsAre(first, second));
}

TEST_F(Load, errors_name_the_file) {
  const auto missing = load({directory_ / "none.yaml"}, env_of({}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason, Reason::config);
  EXPECT_THAT(missing.error().detail, HasSubstr("none.yaml"));
  const auto good = write("good.yaml", "mcpServers: {}\n");
  const auto bad = write("bad.yaml", "mcpServers: {\n");
  const auto broken = load({good, bad}, env_of({}));
  ASSERT_FALSE(broken);
  EXPECT_THAT(
      broken.error().detail, AllOf(StartsWith(bad.string() + ":"), HasSubstr("not valid YAML"))
  );
}

TEST_F(Load, paths_start_at_their_file) {
  write("keys/token", "file-0123456789abcdef\n");
  const auto path = write(
      "mooring.yaml",
      "gateway: {auth: {token_file: keys/token}}\nmcpServers:\n  a: {url: \"https://h\", ca_file: "
      "ca.pem, client_cert: /abs.pem}\n"
  );
  const auto config = load({path}, env_of({}));
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_THAT(
      config->gateway.tokens, ElementsAre(GatewayToken{"default", "file-0123456789abcdef"})
  );
  EXPECT_EQ(config->servers[0].config.ca_file, (directory_ / "ca.pem").string());
  EXPECT_EQ(config->servers[0].config.client_cert, "/abs.pem");
  EXPECT_THAT(config->files, ElementsAre(path, directory_ / "keys/token"));
}

TEST_F(Load, default_files_in_their_order) {
  const Env env = env_of(
      {{"XDG_CONFIG_HOME", (directory_ / "xdg").string()}, {"HOME", (directory_ / "home").string()}}
  );
  const auto cwd = directory_ / "cwd";
  EXPECT_THAT(default_files(cwd, env), IsEmpty());
  const auto home = write("home/.config/mooring/mooring.yaml", "");
  EXPECT_THAT(default_files(cwd, env), IsEmpty());
  EXPECT_THAT(
      default_files(cwd, env_of({{"HOME", (directory_ / "home").string()}})), ElementsAre(home)
  );
  const auto xdg = write("xdg/mooring/mooring.json", "{}");
  EXPECT_THAT(default_files(cwd, env), ElementsAre(xdg));
  const auto json = write("cwd/mooring.json", "{}");
  EXPECT_THAT(default_files(cwd, env), ElementsAre(json));
  const auto yaml = write("cwd/mooring.yaml", "");
  EXPECT_THAT(default_files(cwd, env), ElementsAre(yaml));
}

}  // namespace
}  // namespace mooring::config
