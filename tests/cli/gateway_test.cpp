#include <filesystem>

#include "cli/gateway_file.hpp"
#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::HasSubstr;

TEST_F(Cli, UsesTheRunningGatewayWithItsToken) {
  configure(
      {{"everything", everything_over_stdio()}},
      {{"auth", json::object{{"token", "0123456789abcdef0123"}}}}
  );
  start_gateway({"everything: ready"});
  const auto count = [this] {
    return mooring({"call", "everything", "count", R"({"key":"k"})", "--json"}).out;
  };
  const auto first = count();
  EXPECT_THAT(first, HasSubstr("1"));
  // Each would be the first if a process of its own were asked.
  EXPECT_NE(count(), first);
  EXPECT_EQ(mooring({"status"}).status, 0);
  const auto all = parsed(mooring({"tools", "--json"}).out);
  EXPECT_EQ(all.at("tools").at(0).at("name"), "everything__test_simple_text");
}

TEST_F(Cli, AServerThatOnlyTheConfigurationKnowsIsReachedDirectly) {
  configure({{"everything", everything_over_stdio()}});
  start_gateway({"everything: ready"});
  configure({{"everything", everything_over_stdio()}, {"more", everything_over_stdio()}});
  EXPECT_EQ(mooring({"call", "more", "echo", R"({"text":"x"})"}).out, "x\n");
}

TEST_F(Cli, AGatewayThatDiedIsNotAsked) {
  configure({{"everything", everything_over_stdio()}});
  start_gateway({"everything: ready"});
  gateway->signal(SIGKILL);
  gateway->end();
  EXPECT_TRUE(std::filesystem::exists(gateway_file_path(state())));
  EXPECT_EQ(mooring({"call", "everything", "echo", R"({"text":"x"})"}).out, "x\n");
  EXPECT_EQ(mooring({"status"}).status, 1);
}

TEST_F(Cli, TheGatewaysFileNamesItWhileItRuns) {
  configure({});
  start_gateway({});
  const auto file = read_gateway_file(state());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->url, gateway_url);
  EXPECT_EQ(file->pid, gateway->pid());
  EXPECT_EQ(
      std::filesystem::status(gateway_file_path(state())).permissions(),
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write
  );
  gateway->signal(SIGTERM);
  EXPECT_EQ(gateway->end().status, 0);
  EXPECT_FALSE(std::filesystem::exists(gateway_file_path(state())));
}

}  // namespace
}  // namespace mooring::cli
