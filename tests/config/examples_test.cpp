#include <cstdlib>

#include "config/document.hpp"
#include "config/schema.hpp"
#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::IsEmpty;

std::filesystem::path root() { return MOORING_SOURCE_DIR; }

std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// With MOORING_UPDATE_DOCS set the file is written instead of compared.
void expect_file(const std::filesystem::path& path, const std::string& text) {
  if (std::getenv("MOORING_UPDATE_DOCS") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(contents(path), text) << "run MOORING_UPDATE_DOCS=1 config_test";
}

TEST(Documents, config_md_is_what_the_table_says) {
  expect_file(root() / "docs/config.md", markdown());
}

TEST(Documents, config_schema_json_is_what_the_table_says) {
  expect_file(root() / "docs/config.schema.json", json_schema());
  EXPECT_TRUE(read_json(json_schema()));
}

TEST(Examples, all_of_them_parse) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root() / "examples")) {
    const auto extension = entry.path().extension();
    if (extension != ".yaml" && extension != ".json") continue;
    ++count;
    const auto config = load({entry.path()}, env_of({{"HOME", "/home/me"}}));
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_FALSE(config->servers.empty()) << entry.path();
    EXPECT_THAT(config->warnings, IsEmpty()) << entry.path();
    for (const auto& server : config->servers) EXPECT_EQ(error_of(server), "") << entry.path();
  }
  EXPECT_GE(count, 3);
}

TEST(Examples, full_names_every_key) {
  const std::string text = contents(root() / "examples/full.yaml");
  auto named = [&](const std::string& path) {
    const std::string key = path.substr(path.rfind('.') + 1) + ":";
    EXPECT_NE(text.find(key), std::string::npos) << path;
  };
  for (const auto& key : server_keys()) named(key.path);
  for (const auto& key : gateway_keys()) named(key.path);
}

TEST(Examples, full_shows_the_defaults) {
  const auto config = load({root() / "examples/full.yaml"}, env_of({}));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->gateway, GatewayConfig{});
  UpstreamConfig files = config->find("files")->config;
  UpstreamConfig fresh;
  fresh.name = files.name;
  fresh.command = files.command;
  fresh.args = files.args;
  fresh.env = files.env;
  fresh.cwd = files.cwd;
  fresh.pass_env = files.pass_env;
  fresh.tools = files.tools;
  fresh.result_chars = files.result_chars;
  EXPECT_EQ(files, fresh);
}

}  // namespace
}  // namespace mooring::config
