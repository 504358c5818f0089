#include "transport/child_env.hpp"

#include <gtest/gtest.h>

namespace mooring::transport {
namespace {

const Environment parent = {{"PATH", "/bin"},        {"HOME", "/root"},        {"LC_ALL", "C"},
                            {"XDG_DATA_HOME", "/d"}, {"OPENAI_API_KEY", "sk"}, {"HTTPS_PROXY", "p"},
                            {"TERM", "dumb"},        {"LD_PRELOAD", "x.so"}};

TEST(ChildEnv, STD_01_harmless_names_only) {
  const auto env = child_env({}, parent);
  EXPECT_EQ(
      env, (Environment{
               {"PATH", "/bin"},
               {"HOME", "/root"},
               {"LC_ALL", "C"},
               {"XDG_DATA_HOME", "/d"},
               {"TERM", "dumb"}
           })
  );
}

TEST(ChildEnv, STD_01_configured_values_on_top_and_literal) {
  UpstreamConfig config;
  config.env = {{"A", "b"}, {"C", "${UNSET}"}, {"PATH", "/opt/bin"}};
  const auto env = child_env(config, parent);
  EXPECT_EQ(env.at("A"), "b");
  EXPECT_EQ(env.at("C"), "${UNSET}");
  EXPECT_EQ(env.at("PATH"), "/opt/bin");
}

TEST(ChildEnv, STD_10_proxies_pass_when_named) {
  UpstreamConfig config;
  config.pass_env = {"HTTPS_PROXY", "NO_PROXY"};
  const auto env = child_env(config, parent);
  EXPECT_EQ(env.at("HTTPS_PROXY"), "p");
  EXPECT_FALSE(env.contains("NO_PROXY"));
  EXPECT_FALSE(env.contains("OPENAI_API_KEY"));
}

TEST(ChildEnv, own_environment_is_ours) {
  ::setenv("MOORING_TEST_VALUE", "a=b", 1);
  EXPECT_EQ(own_environment().at("MOORING_TEST_VALUE"), "a=b");
  ::unsetenv("MOORING_TEST_VALUE");
}

}  // namespace
}  // namespace mooring::transport
