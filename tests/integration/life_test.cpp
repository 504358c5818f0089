// The real program: how it starts, reloads, drains and dies.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "harness/client.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::integration {
namespace {

class Life : public testing::TestWithParam<unsigned> {
 protected:
  void configure(std::string servers, std::string section = R"({"reload_interval":0})") {
    // Written aside and moved, as editors do: nobody reads half a file.
    const auto draft = directory.path() / "draft";
    std::ofstream(draft) << fmt::format(R"({{"gateway":{},"mcpServers":{}}})", section, servers);
    std::filesystem::rename(draft, file());
  }
  std::filesystem::path file() const { return directory.path() / "mooring.json"; }
  std::vector<std::string> command(std::string listen = "127.0.0.1:0") {
    return {mooring_program, "serve",
            "--config",      file().string(),
            "--listen",      std::move(listen),
            "--state-dir",   (directory.path() / "state").string(),
            "--threads",     std::to_string(GetParam())};
  }
  void start() {
    gateway = std::make_unique<Process>(command());
    const auto line = gateway->line("listening ");
    ASSERT_FALSE(line.empty());
    url = line.substr(line.find("http://"));
  }
  std::string mcp(std::string_view server) { return fmt::format("{}/mcp/{}", url, server); }
  json::value status(std::string_view server) {
    return client.send("GET", fmt::format("{}/api/v1/servers/{}", url, server)).json();
  }
  json::value wait_state(std::string_view server, std::string_view state) {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
      auto now = status(server);
      if (text(now, "/state") == state || std::chrono::steady_clock::now() > until) return now;
    }
  }
  static std::string child(std::string more = "[\"--stdio\"]") {
    return fmt::format(R"({{"command":"{}","args":{}}})", everything_program, more);
  }
  static std::string over_http(const ScriptedServer& server) {
    return fmt::format(R"({{"url":"{}"}})", server.url());
  }
  /// A shell that leaves a grandchild behind, which ignores SIGTERM, and becomes the server.
  std::string with_grandchild() {
    const auto script = directory.path() / "family.sh";
    std::ofstream(script) << "sh -c 'trap \"\" TERM; echo $$ > " << grandchild_file().string()
                          << "; exec sleep 600' >/dev/null 2>&1 &\n"
                          // Whoever speaks to the server may count on the grandchild.
                          << "until [ -s " << grandchild_file().string()
                          << " ]; do sleep 0.01; done\nexec " << everything_program << " --stdio\n";
    return fmt::format(R"({{"command":"sh","args":["{}"]}})", script.string());
  }
  std::filesystem::path grandchild_file() const { return directory.path() / "grandchild"; }
  pid_t grandchild() const {
    pid_t pid = 0;
    std::ifstream(grandchild_file()) >> pid;
    return pid;
  }

  test::TemporaryDirectory directory;
  Client client;
  std::string url;
  std::unique_ptr<Process> gateway;
};

INSTANTIATE_TEST_SUITE_P(Workers, Life, testing::Values(1U, 2U), testing::PrintToStringParamName());

TEST_P(Life, the_first_status_tells_of_every_server) {
  std::string servers;
  for (int i = 0; i < 20; ++i) {
    servers += fmt::format(R"({}"s{}":{{"url":"http://127.0.0.1:1/mcp"}})", i == 0 ? "{" : ",", i);
  }
  configure(servers + "}");
  start();
  const auto all = at(client.send("GET", url + "/api/v1/status").json(), "/servers");
  EXPECT_EQ(all.as_array().size(), 20U);
}

TEST_P(Life, SIGTERM_during_a_call_lets_it_finish_and_exits_0) {
  configure(fmt::format(R"({{"ev":{}}})", child()));
  start();
  Session session(client, mcp("ev"));
  auto call = session.start_tool("slow", R"({"seconds":0.5})", R"({"progressToken":1})");
  const auto id = session.last_id();
  call.wait([](const json::value& m) { return text(m, "/method") == "notifications/progress"; });
  gateway->signal(SIGTERM);
  EXPECT_EQ(text(call.response(id), "/result/content/0/text"), "Slept 0.5 s");
  EXPECT_EQ(gateway->wait(), 0);
}

TEST_P(Life, a_call_that_outlasts_the_drain_is_told_so) {
  configure(fmt::format(R"({{"ev":{}}})", child()), R"({"drain_timeout":0.2})");
  start();
  Session session(client, mcp("ev"));
  auto call = session.start_tool("slow", R"({"seconds":60})", R"({"progressToken":1})");
  const auto id = session.last_id();
  call.wait([](const json::value& m) { return text(m, "/method") == "notifications/progress"; });
  gateway->signal(SIGINT);
  const auto answer = call.response(id);
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown") << answer;
  EXPECT_EQ(gateway->wait(), 0);
}

TEST_P(Life, an_open_listening_stream_does_not_hold_the_shutdown_up) {
  configure(fmt::format(R"({{"ev":{}}})", child()));
  start();
  Session session(client, mcp("ev"));
  auto stream = session.listen();
  EXPECT_EQ(stream.status(), 200);
  const auto begin = std::chrono::steady_clock::now();
  gateway->signal(SIGTERM);
  EXPECT_EQ(gateway->wait(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_TRUE(stream.wait_end());
}

TEST_P(Life, STD_02_a_clean_end_leaves_no_child_and_no_grandchild) {
  configure(fmt::format(R"({{"family":{}}})", with_grandchild()));
  start();
  const auto pid = at(wait_state("family", "ready"), "/pid").to_number<pid_t>();
  ASSERT_GT(grandchild(), 0);
  ASSERT_TRUE(alive(pid));
  gateway->signal(SIGTERM);
  EXPECT_EQ(gateway->wait(), 0);
  EXPECT_TRUE(wait_gone(pid));
  EXPECT_TRUE(wait_gone(grandchild()));
}

TEST_P(Life, STD_03_kill_9_leaves_no_child_and_no_grandchild) {
  configure(fmt::format(R"({{"family":{},"ev":{}}})", with_grandchild(), child()));
  start();
  const auto family = at(wait_state("family", "ready"), "/pid").to_number<pid_t>();
  const auto single = at(wait_state("ev", "ready"), "/pid").to_number<pid_t>();
  ASSERT_TRUE(alive(family) && alive(single) && alive(grandchild()));
  gateway->signal(SIGKILL);
  EXPECT_EQ(gateway->wait(), 128 + SIGKILL);
  EXPECT_TRUE(wait_gone(family));
  EXPECT_TRUE(wait_gone(single));
  EXPECT_TRUE(wait_gone(grandchild()));
}

TEST_P(Life, STD_08_reconnects_leave_nothing_behind) {
  configure(fmt::format(R"({{"ev":{}}})", child()));
  start();
  wait_state("ev", "ready");
  const auto descriptors = [&] {
    const auto path = fmt::format("/proc/{}/fd", gateway->pid());
    return std::distance(
        std::filesystem::directory_iterator(path), std::filesystem::directory_iterator()
    );
  };
  const auto reconnect = [&](int generation) {
    client.send("POST", url + "/api/v1/servers/ev/reconnect");
    while (at(status("ev"), "/generation") != generation) {
    }
  };
  for (int i = 2; i <= 3; ++i) reconnect(i);
  const auto before = descriptors();
  std::set<pid_t> seen;
  for (int i = 4; i <= 13; ++i) {
    reconnect(i);
    seen.insert(at(status("ev"), "/pid").to_number<pid_t>());
  }
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_LE(descriptors(), before + 1);
  seen.erase(at(status("ev"), "/pid").to_number<pid_t>());
  for (const auto pid : seen) EXPECT_TRUE(wait_gone(pid));
}

TEST_P(Life, REC_05_a_child_killed_between_calls_is_started_again) {
  configure(fmt::format(R"({{"ev":{}}})", child()));
  start();
  const auto pid = at(wait_state("ev", "ready"), "/pid").to_number<pid_t>();
  Session session(client, mcp("ev"));
  ::kill(pid, SIGKILL);
  ASSERT_TRUE(wait_gone(pid));
  EXPECT_EQ(text(session.tool("echo", R"({"text":"back"})"), "/result/content/0/text"), "back");
  EXPECT_NE(at(status("ev"), "/pid").to_number<pid_t>(), pid);
}

TEST_P(Life, REC_06_a_child_that_dies_during_a_call_leaves_its_outcome_unknown) {
  configure(fmt::format(R"({{"ev":{}}})", child()));
  start();
  wait_state("ev", "ready");
  Session session(client, mcp("ev"));
  const auto begin = std::chrono::steady_clock::now();
  const auto answer = session.tool("crash");
  EXPECT_EQ(text(answer, "/error/data/mooring/outcome"), "unknown") << answer;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(text(session.tool("echo", R"({"text":"back"})"), "/result/content/0/text"), "back");
}

TEST_P(Life, CFG_03_SIGHUP_reloads_and_unchanged_servers_keep_their_session) {
  ScriptedServer a, b, c;
  configure(fmt::format(R"({{"a":{},"b":{}}})", over_http(a), over_http(b)));
  start();
  wait_state("a", "ready");
  wait_state("b", "ready");
  configure(fmt::format(R"({{"a":{},"c":{}}})", over_http(a), over_http(c)));
  gateway->signal(SIGHUP);
  ASSERT_TRUE(c.wait_for("initialize"));
  EXPECT_EQ(text(wait_state("c", "ready"), "/state"), "ready");
  ASSERT_TRUE(b.wait_for("DELETE"));
  Session session(client, mcp("a"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(a.count("initialize"), 1U);
}

TEST_P(Life, CFG_03_POST_reload_tells_what_is_wrong_and_keeps_the_old_configuration) {
  ScriptedServer a, b;
  configure(fmt::format(R"({{"a":{}}})", over_http(a)));
  start();
  wait_state("a", "ready");
  std::ofstream(file()) << "{ \"mcpServers\": { \"a\": ";
  const auto refused = client.send("POST", url + "/api/v1/reload");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("mooring.json"), std::string::npos) << refused.body;
  gateway->signal(SIGHUP);
  EXPECT_FALSE(gateway->line("not reloaded").empty());
  EXPECT_EQ(text(status("a"), "/state"), "ready");
  EXPECT_EQ(a.count("initialize"), 1U);

  configure(fmt::format(R"({{"b":{}}})", over_http(b)));
  EXPECT_EQ(client.send("POST", url + "/api/v1/reload").status, 200);
  EXPECT_EQ(text(wait_state("b", "ready"), "/state"), "ready");
  EXPECT_EQ(client.send("GET", url + "/api/v1/servers/a").status, 404);
}

TEST_P(Life, CFG_02_a_changed_file_is_noticed) {
  ScriptedServer a, b;
  configure(fmt::format(R"({{"a":{}}})", over_http(a)), R"({"reload_interval":0.05})");
  start();
  wait_state("a", "ready");
  configure(
      fmt::format(R"({{"a":{},"b":{}}})", over_http(a), over_http(b)), R"({"reload_interval":0.05})"
  );
  EXPECT_TRUE(b.wait_for("initialize"));
  EXPECT_EQ(a.count("initialize"), 1U);
}

TEST_P(Life, a_bind_beyond_loopback_needs_tokens) {
  configure("{}");
  Process refused(command("0.0.0.0:0"));
  EXPECT_EQ(refused.wait(), 2);
  EXPECT_FALSE(refused.line("mooring: ").empty());
  configure("{}", R"({"auth":{"token":"0123456789abcdef0123456789abcdef"}})");
  Process guarded(command("0.0.0.0:0"));
  EXPECT_FALSE(guarded.line("listening ").empty());
  guarded.signal(SIGTERM);
  EXPECT_EQ(guarded.wait(), 0);
  configure("{}");
  auto words = command("0.0.0.0:0");
  words.emplace_back("--insecure");
  Process insecure(words);
  EXPECT_FALSE(insecure.line("listening ").empty());
  insecure.signal(SIGTERM);
  EXPECT_EQ(insecure.wait(), 0);
}

TEST_P(Life, a_port_that_is_taken_and_a_broken_file_are_told_in_one_line) {
  ScriptedServer taken;
  configure("{}");
  Process no_port(command(fmt::format("127.0.0.1:{}", taken.port())));
  EXPECT_EQ(no_port.wait(), 1);
  EXPECT_FALSE(no_port.line("mooring: ").empty());
  std::ofstream(file()) << "{ nonsense";
  Process broken(command());
  EXPECT_EQ(broken.wait(), 2);
  EXPECT_NE(broken.line("mooring: ").find("mooring.json:1"), std::string::npos);
}

TEST_P(Life, a_sealed_session_survives_kill_9_and_a_DELETE_a_clean_end) {
  ScriptedServer a;
  configure(fmt::format(R"({{"a":{}}})", over_http(a)));
  start();
  Session kept(client, mcp("a")), ended(client, mcp("a"));
  kept.tool("echo");
  ended.end();
  for (const int signal : {SIGTERM, SIGKILL}) {
    gateway->signal(signal);
    gateway->wait();
    start();
    kept.move_to(mcp("a"));
    ended.move_to(mcp("a"));
    EXPECT_EQ(text(kept.tool("echo"), "/result/content/0/text"), "done");
    EXPECT_EQ(ended.post(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").status, 404);
  }
}

}  // namespace
}  // namespace mooring::integration
