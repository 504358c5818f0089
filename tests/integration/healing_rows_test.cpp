// Rows of healing that need real servers: restarted, forgetful, and hanging when they are ended.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "harness/gateway.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class HealingRows : public testing::TestWithParam<unsigned> {
 protected:
  static std::unique_ptr<Process> serve(const std::string& listen, std::string& url) {
    auto process = std::make_unique<Process>(
        std::vector<std::string>{everything_program, "--era", "legacy", "--listen", listen}
    );
    const auto line = process->line("http://");
    url = line.empty() ? std::string() : line.substr(line.find("http://"));
    return process;
  }
  static std::string echoed(Session& session) {
    return text(session.tool("echo", R"({"text":"here"})"), "/result/content/0/text");
  }
  GatewayOptions options() const { return {.workers = GetParam()}; }

  Client client;
};

INSTANTIATE_TEST_SUITE_P(
    Workers, HealingRows, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(HealingRows, EXP_15a_a_server_that_was_restarted_costs_the_client_nothing) {
  std::string url, again;
  auto server = serve("127.0.0.1:0", url);
  TestGateway gateway(servers({{"ev", fmt::format(R"({{"url":"{}/mcp"}})", url)}}), options());
  Session session(client, gateway.mcp("ev"));
  ASSERT_EQ(echoed(session), "here");
  server->signal(SIGKILL);
  server->wait();
  server = serve(url.substr(std::string("http://").size()), again);
  ASSERT_EQ(again, url) << "another program took the port";

  EXPECT_EQ(echoed(session), "here");
  EXPECT_EQ(at(gateway.wait_state("ev", "ready"), "/generation"), 2);
}

TEST_P(HealingRows, EXP_15b_a_session_that_expired_at_the_server_costs_the_client_nothing) {
  Everything server({"--session-ttl", "0.2"}), other;
  TestGateway gateway(servers({{"ev", fmt::format(R"({{"url":"{}"}})", server.url())}}), options());
  Session session(client, gateway.mcp("ev"));
  ASSERT_EQ(echoed(session), "here");
  // Time passes, as long as another server works.
  Session clock(client, other.url());
  clock.tool("slow", R"({"seconds":0.5})");
  EXPECT_EQ(echoed(session), "here");
  EXPECT_GE(at(gateway.wait_state("ev", "ready"), "/generation").to_number<int>(), 2);
}

TEST_P(HealingRows, EXP_11_a_new_session_carries_the_same_credentials) {
  ScriptedServer upstream;
  TestGateway gateway(
      servers(
          {{"one",
            fmt::format(
                R"({{"url":"{}","headers":{{"Authorization":"Bearer t-1"}}}})", upstream.url()
            )}}
      ),
      options()
  );
  Session session(client, gateway.mcp("one"));
  session.tool("echo");
  upstream.forget_sessions();
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(upstream.count("initialize"), 2U);
  for (const auto& seen : upstream.seen().all()) {
    EXPECT_EQ(seen.header("authorization"), "Bearer t-1");
    EXPECT_EQ(seen.path, "/mcp") << "nobody was asked for a token";
  }
}

TEST_P(HealingRows, REC_13_calls_to_one_server_run_side_by_side) {
  ScriptedServer upstream;
  TestGateway gateway(
      servers({{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}), options()
  );
  Session session(client, gateway.mcp("one"));
  upstream.on("tools/call", silence());
  auto first = session.start_tool("echo");
  auto second = session.start_tool("echo");
  EXPECT_TRUE(upstream.wait_for("tools/call", 2)) << "the second waits for the first";
}

/// A child that neither the end of its stdin nor SIGTERM impresses.
std::string stubborn(const std::filesystem::path& directory) {
  const auto script = directory / "stubborn.sh";
  std::ofstream(script) << "trap '' TERM\necho $$ > " << (directory / "stubborn").string() << "\n"
                        << "cat | " << everything_program
                        << " --stdio\nwhile :; do sleep 1; done\n";
  return fmt::format(R"({{"command":"sh","args":["{}"]}})", script.string());
}

TEST_P(HealingRows, SM_19_a_shutdown_ends_though_servers_hang_at_close) {
  const test::TemporaryDirectory directory;
  ScriptedServer deaf;
  deaf.on("DELETE", silence());
  const auto file = directory.path() / "mooring.json";
  std::ofstream(file) << servers(
      R"({"reload_interval":0})",
      {{"stubborn", stubborn(directory.path())},
       {"deaf", fmt::format(R"({{"url":"{}"}})", deaf.url())},
       {"good", fmt::format(R"({{"command":"{}","args":["--stdio"]}})", everything_program)}}
  );
  Process gateway(
      {mooring_program, "serve", "--config", file.string(), "--listen", "127.0.0.1:0",
       "--state-dir", (directory.path() / "state").string(), "--threads",
       std::to_string(GetParam())}
  );
  const auto line = gateway.line("listening ");
  ASSERT_FALSE(line.empty());
  const auto url = line.substr(line.find("http://"));
  const auto pid_of = [&](std::string_view name) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const auto now = client.send("GET", fmt::format("{}/api/v1/servers/{}", url, name)).json();
      if (text(now, "/state") == "ready") {
        const auto pid = at(now, "/pid");
        return pid.is_null() ? 0 : pid.to_number<pid_t>();
      }
      if (std::chrono::steady_clock::now() > until) return -1;
    }
  };
  const auto good = pid_of("good"), hanging = pid_of("stubborn");
  ASSERT_GT(good, 0);
  ASSERT_GT(hanging, 0);
  ASSERT_EQ(pid_of("deaf"), 0);

  const auto begin = std::chrono::steady_clock::now();
  gateway.signal(SIGTERM);
  EXPECT_EQ(gateway.wait(), 0);
  EXPECT_LE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(15));
  EXPECT_TRUE(wait_gone(good));
  EXPECT_TRUE(wait_gone(hanging));
}

}  // namespace
}  // namespace mooring::integration
