#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "config/config.hpp"

namespace mooring::config {

using Variables = std::map<std::string, std::string>;

inline Env env_of(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) {
    const auto it = variables.find(name);
    return it == variables.end() ? std::nullopt : std::optional(it->second);
  };
}

/// Parses what has to be right.
inline Config parsed(std::string_view text, Variables variables = {}) {
  auto config = parse(text, "mooring.yaml", env_of(std::move(variables)));
  EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().detail);
  return config ? std::move(*config) : Config{};
}

/// The message of what has to be wrong.
inline std::string refusal(std::string_view text, Variables variables = {}) {
  const auto config = parse(text, "mooring.yaml", env_of(std::move(variables)));
  EXPECT_FALSE(config.has_value());
  return config ? "" : config.error().detail;
}

/// The one server of a text; `body` is indented into it.
inline ServerEntry server_of(std::string_view body, Variables variables = {}) {
  Config config = parsed("mcpServers:\n  it: " + std::string(body) + "\n", std::move(variables));
  EXPECT_EQ(config.servers.size(), 1U);
  return config.servers.empty() ? ServerEntry{} : config.servers.front();
}

inline std::string error_of(const ServerEntry& entry) {
  return entry.error ? entry.error->detail : "";
}

/// A directory of its own for each test, removed afterwards.
class ConfigFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "mooring-config-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  std::filesystem::path write(const std::filesystem::path& name, std::string_view text) {
    const auto path = directory_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path directory_;
};

}  // namespace mooring::config
