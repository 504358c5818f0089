#include <gmock/gmock.h>

#include <algorithm>
#include <future>
#include <thread>

#include "core/url.hpp"
#include "support.hpp"

namespace mooring::client {
namespace {

using testing::HasSubstr;

TEST_F(ClientTest, ListsAndCallsOverHttp) {
  auto client = connected(over_http());
  EXPECT_EQ(client.protocol_version(), "2026-07-28");
  EXPECT_EQ(connected(over_stdio({"--era", "legacy"})).protocol_version(), "2025-11-25");
  EXPECT_THAT(client.server_info(), HasSubstr("mooring-everything"));
  EXPECT_THAT(client.capabilities(), HasSubstr("tools"));
  const auto tools = client.tools();
  ASSERT_TRUE(tools) << tools.error().detail;
  const auto add = std::ranges::find(*tools, "add_numbers", &Item::name);
  ASSERT_NE(add, tools->end());
  EXPECT_EQ(add->description, "Adds two numbers");
  EXPECT_THAT(add->json, HasSubstr("inputSchema"));
  const auto sum = client.call("add_numbers", R"({"a":5,"b":3})");
  ASSERT_TRUE(sum) << sum.error().detail;
  EXPECT_FALSE(sum->is_error);
  EXPECT_THAT(sum->text, HasSubstr("8"));
}

TEST_F(ClientTest, ListsCallsReadsAndPromptsOverStdio) {
  auto client = connected(over_stdio());
  const auto tools = client.tools();
  ASSERT_TRUE(tools) << tools.error().detail;
  EXPECT_FALSE(tools->empty());
  const auto echo = client.call("echo", R"({"text":"hello"})");
  ASSERT_TRUE(echo) << echo.error().detail;
  EXPECT_EQ(echo->text, "hello");
  const auto resources = client.resources();
  ASSERT_TRUE(resources) << resources.error().detail;
  ASSERT_FALSE(resources->empty());
  const auto read = client.read(resources->front().uri);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_THAT(*read, HasSubstr("contents"));
  const auto templates = client.resource_templates();
  ASSERT_TRUE(templates) << templates.error().detail;
  ASSERT_FALSE(templates->empty());
  EXPECT_THAT(templates->front().uri, HasSubstr("{"));
  const auto prompts = client.prompts();
  ASSERT_TRUE(prompts) << prompts.error().detail;
  ASSERT_FALSE(prompts->empty());
  const auto prompt = client.prompt("test_simple_prompt");
  ASSERT_TRUE(prompt) << prompt.error().detail;
  EXPECT_THAT(*prompt, HasSubstr("messages"));
}

TEST_F(ClientTest, TakesAllPagesOfAList) {
  auto client = connected(over_http({"--page-size", "3", "--extra-tools", "40"}));
  const auto tools = client.tools();
  ASSERT_TRUE(tools) << tools.error().detail;
  EXPECT_GT(tools->size(), 40U);
}

TEST_F(ClientTest, AToolThatFailsIsAResultAndAnUnknownOneIsRejected) {
  auto client = connected(over_stdio());
  const auto failed = client.call("test_error_handling");
  ASSERT_TRUE(failed) << failed.error().detail;
  EXPECT_TRUE(failed->is_error);
  EXPECT_FALSE(failed->text.empty());
  const auto unknown = client.call("no_such_tool");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().reason, Reason::rejected);
  EXPECT_THAT(unknown.error().detail, HasSubstr("-326"));
}

TEST_F(ClientTest, ArgumentsThatAreNoObjectAreRefusedHere) {
  auto client = connected(over_stdio());
  const auto broken = client.call("echo", "{");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().reason, Reason::usage);
  const auto list = client.request("tools/list", "[1]");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().reason, Reason::usage);
}

TEST_F(ClientTest, ACallEndsAtItsDeadlineAndMayHaveRun) {
  auto client = connected(over_http());
  CallOptions brief;
  brief.timeout = std::chrono::milliseconds(50);
  const auto result = client.call("sleep_forever", "{}", brief);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::timeout);
  EXPECT_THAT(result.error().detail, HasSubstr("within 0.05 s; the call may have run"));
}

TEST_F(ClientTest, ACallThatIsStoppedIsCancelledAtTheServer) {
  auto client = connected(over_stdio());
  std::stop_source stop;
  CallOptions stoppable;
  stoppable.stop = stop.get_token();
  stoppable.progress = [&stop](double, double, std::string_view) { stop.request_stop(); };
  const auto result = client.call("slow", R"({"seconds":60})", stoppable);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason, Reason::cancelled);
  EXPECT_TRUE(client.call("echo", R"({"text":"still here"})"));
}

TEST_F(ClientTest, ServesSeveralThreadsAtOnce) {
  auto client = connected(over_http());
  std::vector<std::future<Result<ToolResult>>> calls;
  for (int i = 0; i < 8; ++i) {
    calls.push_back(std::async(std::launch::async, [&client, i] {
      return client.call("echo", R"({"text":"n)" + std::to_string(i) + R"("})");
    }));
  }
  for (int i = 0; i < 8; ++i) {
    const auto result = calls[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->text, "n" + std::to_string(i));
  }
}

TEST_F(ClientTest, ACallAfterTheServerWasRestartedSucceeds) {
  const auto config = over_http();
  auto client = connected(config);
  ASSERT_TRUE(client.call("echo", R"({"text":"one"})"));
  server->signal(SIGKILL);
  server->end();
  over_http({}, core::Url::parse(config.url)->authority());
  const auto again = client.call("echo", R"({"text":"two"})");
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->text, "two");
}

TEST_F(ClientTest, ACallOnAForgottenSessionSucceeds) {
  auto client = connected(over_http());
  ASSERT_TRUE(client.call("forget_sessions"));
  const auto again = client.call("echo", R"({"text":"two"})");
  ASSERT_TRUE(again) << again.error().detail;
}

TEST_F(ClientTest, AProcessThatDiedIsStartedAgain) {
  auto client = connected(over_stdio());
  const auto crashed = client.call("crash");
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error().reason, Reason::unknown_outcome);
  const auto again = client.call("echo", R"({"text":"two"})");
  ASSERT_TRUE(again) << again.error().detail;
}

TEST_F(ClientTest, ConnectSaysWhatIsInTheWay) {
  UpstreamConfig config;
  config.name = "nowhere";
  config.command = "/no/such/program";
  auto client = Client::connect(config, options());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().reason, Reason::unavailable);
  EXPECT_THAT(client.error().detail, HasSubstr("/no/such/program"));

  config.command.clear();
  config.url = "http://127.0.0.1:1/mcp";
  config.initial_attempts = 1;
  client = Client::connect(config, options());
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().detail, HasSubstr("nowhere: "));

  config.url = "not a url";
  client = Client::connect(config, options());
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().reason, Reason::usage);
}

TEST_F(ClientTest, ConnectGivesUpInTime) {
  UpstreamConfig config;
  config.name = "silent";
  config.command = "/bin/sleep";
  config.args = {"60"};
  config.connect_timeout = std::chrono::milliseconds(200);
  config.initial_attempts = 1;
  const auto client = Client::connect(config, options());
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().detail, HasSubstr("no answer to the handshake within 0.2 s"));
}

}  // namespace
}  // namespace mooring::client
