// Rows about children: what never answers, what is replaced a hundred times, and the guards.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "harness/gateway.hpp"
#include "harness/process.hpp"
#include "harness/session.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::integration {
namespace {

std::string child() {
  return fmt::format(R"({{"command":"{}","args":["--stdio"]}})", everything_program);
}
pid_t pid_in(const json::value& status) { return at(status, "/pid").to_number<pid_t>(); }

pid_t parent_of(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(stat, line);
  const auto name_end = line.rfind(')');
  return name_end == std::string::npos ? 0 : std::stoi(line.substr(name_end + 4));
}
/// Processes that this one started and that have not ended, guards included.
std::set<pid_t> children_of_mine() {
  std::set<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto pid = static_cast<pid_t>(std::stoi(name));
    if (alive(pid) && parent_of(pid) == ::getpid()) found.insert(pid);
  }
  return found;
}
std::ptrdiff_t descriptors() {
  return std::distance(
      std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()
  );
}

class StdioRows : public testing::Test {
 protected:
  test::TemporaryDirectory directory;
  Client client;
};

TEST_F(StdioRows, STD_06_a_child_that_never_answers_the_handshake_is_ended_at_connect_timeout) {
  const auto file = directory.path() / "pid";
  TestGateway gateway(servers(
      {{"mute", fmt::format(
                    R"({{"command":"sh","args":["-c","echo $$ > {}; exec cat > /dev/null"],)"
                    R"("connect_timeout":1,"reconnect":{{"initial_attempts":1}}}})",
                    file.string()
                )}}
  ));
  const auto status = gateway.wait_state("mute", "parked");
  EXPECT_NE(text(status, "/reason").find("within 1 s"), std::string::npos) << status;
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(wait_gone(pid));
}

TEST_F(StdioRows, STD_08_a_hundred_reconnects_leave_processes_and_descriptors_flat) {
  TestGateway gateway(servers({{"ev", child()}}));
  gateway.wait_state("ev", "ready");
  const auto reconnect = [&](int generation) {
    client.send("POST", gateway.url() + "/api/v1/servers/ev/reconnect");
    return pid_in(gateway.wait_status("ev", [&](const json::value& now) {
      return at(now, "/generation") == generation && text(now, "/state") == "ready";
    }));
  };
  for (int i = 2; i <= 4; ++i) reconnect(i);
  const auto open = descriptors();
  std::set<pid_t> old;
  for (int i = 5; i < 105; ++i) old.insert(reconnect(i));
  EXPECT_EQ(old.size(), 100U);
  old.erase(pid_in(gateway.status("ev")));
  for (const auto pid : old) EXPECT_TRUE(wait_gone(pid));
  EXPECT_LE(descriptors(), open + 1);
  // A guard ends a moment after its child.
  const auto until = std::chrono::steady_clock::now() + patience;
  while (children_of_mine().size() > 1 && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(children_of_mine().size(), 1U);
}

TEST_F(StdioRows, STD_09a_a_guard_that_is_killed_takes_its_child_along_and_both_come_back) {
  TestGateway gateway(servers({{"ev", child()}}));
  const auto pid = pid_in(gateway.wait_state("ev", "ready"));
  const auto guard = parent_of(pid);
  ASSERT_EQ(parent_of(guard), ::getpid());
  Session session(client, gateway.mcp("ev"));
  ::kill(guard, SIGKILL);
  EXPECT_TRUE(wait_gone(pid));
  EXPECT_EQ(text(session.tool("echo", R"({"text":"back"})"), "/result/content/0/text"), "back");
  const auto now = pid_in(gateway.wait_state("ev", "ready"));
  EXPECT_NE(now, pid);
  EXPECT_NE(parent_of(now), guard);
  EXPECT_EQ(parent_of(parent_of(now)), ::getpid());
}

/// A guard of our own, with a child that sleeps and the socket that tells it what to do.
class OwnGuard {
 public:
  OwnGuard() {
    std::array<int, 2> sockets{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, sockets[1], 3);
    std::array<std::string, 11> words = {
        mooring_program, "guard", "--control", "3",     "--name", "x",
        "--grace",       "100",   "--",        "sleep", "600"
    };
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::posix_spawn(&pid_, mooring_program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(sockets[1]);
    control_ = sockets[0];
    std::string said;
    for (char c = 0; ::read(control_, &c, 1) == 1 && c != '\n';) said += c;
    if (said.starts_with("started ")) child_ = std::stoi(said.substr(8));
  }
  ~OwnGuard() {
    close();
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  OwnGuard(const OwnGuard&) = delete;
  OwnGuard& operator=(const OwnGuard&) = delete;

  pid_t child() const { return child_; }
  void say(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::send(control_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  void close() {
    if (control_ >= 0) ::close(std::exchange(control_, -1));
  }

 private:
  pid_t pid_ = 0, child_ = 0;
  int control_ = -1;
};

TEST_F(StdioRows, STD_09b_a_guard_ignores_what_it_does_not_understand) {
  OwnGuard guard;
  ASSERT_GT(guard.child(), 0);
  guard.say("register 1\n\nkill 1\nkilled\nterminate\n\xff\xfe\n-1\n");
  guard.say(std::string(1'000'000, 'x') + "\n");
  guard.say(fmt::format("register {}\n", ::getpid()));
  EXPECT_TRUE(alive(guard.child()));
  // It has read all that before it reads this.
  guard.say("terminate 50\n");
  EXPECT_TRUE(wait_gone(guard.child()));
}

TEST_F(StdioRows, STD_09b_and_ends_its_child_when_nobody_holds_it_any_more) {
  OwnGuard guard;
  ASSERT_GT(guard.child(), 0);
  guard.say("half a li");
  guard.close();
  EXPECT_TRUE(wait_gone(guard.child()));
}

TEST_F(StdioRows, STD_11_all_clients_of_a_gateway_share_one_child) {
  TestGateway gateway(servers({{"ev", child()}}), {.workers = 2});
  const auto pid = pid_in(gateway.wait_state("ev", "ready"));
  Client other;
  Session one(client, gateway.mcp("ev")), two(other, gateway.mcp("ev")), all(other, gateway.mcp());
  EXPECT_EQ(at(one.tool("count", R"({"key":"k"})"), "/result/structuredContent/count"), 1);
  EXPECT_EQ(at(two.tool("count", R"({"key":"k"})"), "/result/structuredContent/count"), 2);
  EXPECT_EQ(at(all.tool("ev__count", R"({"key":"k"})"), "/result/structuredContent/count"), 3);
  EXPECT_EQ(pid_in(gateway.status("ev")), pid);
  EXPECT_EQ(children_of_mine().size(), 1U);
}

TEST_F(StdioRows, STD_12_only_what_descends_from_a_child_is_ended_with_it) {
  // Of the same name, in a process group of its own, started by the same process.
  Process bystander({everything_program, "--listen", "127.0.0.1:0"});
  ASSERT_FALSE(bystander.line("http://").empty());
  auto gateway = std::make_unique<TestGateway>(servers({{"ev", child()}}));
  const auto pid = pid_in(gateway->wait_state("ev", "ready"));
  gateway.reset();
  EXPECT_TRUE(wait_gone(pid));
  EXPECT_TRUE(alive(bystander.pid()));
}

}  // namespace
}  // namespace mooring::integration
