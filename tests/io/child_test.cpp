#include "io/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "io/descriptor_limit.hpp"
#include "io/spawner.hpp"
#include "io/support.hpp"
#include "support/temporary_directory.hpp"

extern char** environ;

namespace mooring::io {
namespace {

using namespace testing;

ChildOptions shell(std::string script, std::vector<std::string> args = {}) {
  ChildOptions options;
  options.name = "test";
  options.command = "sh";
  options.args = {"-c", std::move(script), "sh"};
  options.args.insert(options.args.end(), args.begin(), args.end());
  options.env = {{"PATH", "/usr/bin:/bin"}};
  options.term_grace = 50ms;
  return options;
}

/// A process, held on to so that its number cannot come to mean another.
class Watched {
 public:
  explicit Watched(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  Watched(Watched&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Watched& operator=(Watched&&) = delete;
  ~Watched() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool alive() const { return !ends_within(0ms); }
  bool ends_within(std::chrono::milliseconds time) const {
    pollfd poll_fd{fd_, POLLIN, 0};
    return fd_ < 0 || ::poll(&poll_fd, 1, static_cast<int>(time.count())) == 1;
  }

 private:
  int fd_;
};

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

struct ChildTest : ::testing::Test {
  Loop loop;
  std::string text;  ///< of stdout, unread

  awaitable<std::unique_ptr<Child>> start(ChildOptions options) {
    auto child = co_await Child::spawn(loop.worker, std::move(options));
    EXPECT_TRUE(child) << child.error().detail;
    co_return child ? std::move(*child) : nullptr;
  }
  awaitable<std::string> line(Child& child) {
    while (text.find('\n') == std::string::npos) {
      const auto bytes = co_await child.read_some();
      if (!bytes || bytes->empty()) break;
      text += *bytes;
    }
    auto taken = text.substr(0, text.find('\n'));
    text.erase(0, taken.size() + 1);
    co_return taken;
  }
  awaitable<Watched> pid_line(Child& child) { co_return Watched(std::stoi(co_await line(child))); }
  awaitable<std::string> all(Child& child) {
    for (;;) {
      const auto bytes = co_await child.read_some();
      if (!bytes || bytes->empty()) co_return std::exchange(text, {});
      text += *bytes;
    }
  }
  awaitable<std::string> error_of(ChildOptions options) {
    auto child = co_await Child::spawn(loop.worker, std::move(options));
    EXPECT_FALSE(child);
    co_return child ? std::string() : child.error().detail;
  }
};

TEST_F(ChildTest, a_start_that_hangs_can_be_given_up) {
  // A guard that never says whether it could start the child.
  const test::TemporaryDirectory directory;
  const auto guard = directory.path() / "guard";
  std::ofstream(guard) << "#!/bin/sh\necho $$ > " << (directory.path() / "pid").string()
                       << "\nexec sleep 1000\n";
  std::filesystem::permissions(guard, std::filesystem::perms::owner_all);
  set_guard_executable(guard.string());
  loop.run([](ChildTest& t) -> awaitable<void> {
    AbortSource abort;
    t.loop.worker.post([&] { abort.abort(); });
    const auto child = co_await Child::spawn(t.loop.worker, shell("true"), &abort);
    EXPECT_FALSE(child);
  }(*this));
  set_guard_executable("/proc/self/exe");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "nothing is left";
}

TEST_F(ChildTest, has_the_limit_of_descriptors_that_we_were_started_with) {
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  ASSERT_GT(usual.rlim_max, 200U);
  const rlimit lower{200, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  raise_descriptor_limit();
  rlimit raised{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &raised), 0);
  EXPECT_EQ(raised.rlim_cur, usual.rlim_max);
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(shell("ulimit -n"));
    CO_ASSERT(child);
    EXPECT_EQ(co_await t.line(*child), "200");
    co_await child->terminate();
  }(*this));
}

TEST_F(ChildTest, gets_its_arguments_environment_directory_and_nothing_else) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto options = shell(
        "for a; do echo \"<$a>\"; done; pwd; ls /proc/self/fd | tr '\\n' ' '; env | sort | grep -v "
        "^_ | tr '\\n' ' '",
        {"a b", "", "--", "*"}
    );
    options.env["A"] = "1 2";
    options.cwd = "/usr";
    auto child = co_await t.start(std::move(options));
    CO_ASSERT(child);
    EXPECT_EQ(
        co_await t.all(*child),
        "<a b>\n<>\n<-->\n<*>\n/usr\n0 1 2 3 A=1 2 PATH=/usr/bin:/bin PWD=/usr "
    );
    EXPECT_EQ((co_await child->wait()).code, 0);
    co_await child->terminate();
  }(*this));
}

TEST_F(ChildTest, tells_how_it_ended) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto failed = co_await t.start(shell("exit 3"));
    CO_ASSERT(failed);
    const auto status = co_await failed->wait();
    EXPECT_EQ(status.code, 3);
    EXPECT_FALSE(status.signal);
    EXPECT_EQ(status.text, "exited with status 3");
    EXPECT_EQ((co_await failed->wait()).code, 3);
    auto killed = co_await t.start(shell("kill -9 $$"));
    CO_ASSERT(killed);
    const auto by_signal = co_await killed->wait();
    EXPECT_FALSE(by_signal.code);
    EXPECT_EQ(by_signal.text, "killed by signal 9 (Killed)");
    co_await failed->terminate();
    co_await killed->terminate();
  }(*this));
}

TEST_F(ChildTest, what_cannot_be_executed_is_named_at_once) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto options = shell("");
    options.command = "no-such-command";
    EXPECT_EQ(co_await t.error_of(options), "command not found: no-such-command");
    options.command = "/nonexistent/x";
    EXPECT_EQ(co_await t.error_of(options), "command not found: /nonexistent/x");
    options.command = "/etc/passwd";
    EXPECT_EQ(co_await t.error_of(options), "cannot execute /etc/passwd: Permission denied");
    options.command = "sh";
    options.cwd = "/nonexistent";
    EXPECT_EQ(
        co_await t.error_of(options),
        "cannot enter directory /nonexistent: No such file or directory"
    );
    options.command = "";
    EXPECT_EQ(co_await t.error_of(options), "no command given");
  }(*this));
}

TEST_F(ChildTest, a_missing_guard_is_named) {
  set_guard_executable("/nonexistent/mooring");
  loop.run([](ChildTest& t) -> awaitable<void> {
    EXPECT_EQ(
        co_await t.error_of(shell("")),
        "cannot start the guard /nonexistent/mooring: No such file or directory"
    );
    set_guard_executable("/bin/true");
    EXPECT_EQ(co_await t.error_of(shell("")), "cannot start sh: the guard /bin/true ended at once");
  }(*this));
  set_guard_executable("/proc/self/exe");
}

TEST_F(ChildTest, concurrent_writes_stay_whole_and_in_order) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(shell("exec cat"));
    CO_ASSERT(child);
    TaskGroup tasks(t.loop.worker.executor());
    std::string expected;
    for (const char c : std::string("abcdef")) {
      const auto writes = [](Child& to, std::string bytes) -> awaitable<void> {
        EXPECT_TRUE(co_await to.write(std::move(bytes)));
      };
      tasks.spawn(writes(*child, std::string(300'000, c)));
      expected += std::string(300'000, c);
    }
    std::string got;
    while (got.size() < expected.size()) {
      const auto bytes = co_await child->read_some();
      CO_ASSERT(bytes && !bytes->empty());
      got += *bytes;
    }
    EXPECT_TRUE(got == expected);
    co_await tasks.join();
    co_await child->terminate();
    EXPECT_EQ((co_await child->wait()).code, 0) << "cat ends when its stdin does";
    EXPECT_FALSE(co_await child->write("late"));
  }(*this));
}

TEST_F(ChildTest, writing_to_a_child_that_is_gone_is_an_error) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(shell("exec <&-; echo closed; sleep 1000"));
    CO_ASSERT(child);
    EXPECT_EQ(co_await t.line(*child), "closed");
    const auto written = co_await child->write("x");
    CO_ASSERT(!written);
    EXPECT_NE(written.error().detail.find("Broken pipe"), std::string::npos);
    co_await child->terminate();
    EXPECT_EQ((co_await child->wait()).signal, SIGTERM);
  }(*this));
}

TEST_F(ChildTest, STD_02_a_grandchildren_go_with_the_child) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(
        shell("sleep 1000 & echo $!; setsid sh -c 'echo $$; exec sleep 1000' & read x; exit 0")
    );
    CO_ASSERT(child);
    const auto in_group = co_await t.pid_line(*child);
    const auto elsewhere = co_await t.pid_line(*child);
    const Watched self(child->pid());
    EXPECT_TRUE(self.alive() && in_group.alive() && elsewhere.alive());
    co_await child->terminate();
    EXPECT_FALSE(self.alive());
    EXPECT_FALSE(in_group.alive());
    EXPECT_FALSE(elsewhere.alive());
  }(*this));
}

TEST_F(ChildTest, STD_02_b_ignoring_sigterm_helps_for_the_grace_only) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child =
        co_await t.start(shell("trap '' TERM; (trap '' TERM; echo ready; while :; do sleep 0.01; "
                               "done) & while :; do sleep 0.01; done"));
    CO_ASSERT(child);
    EXPECT_EQ(co_await t.line(*child), "ready");
    const Watched self(child->pid());
    co_await child->terminate();
    EXPECT_FALSE(self.alive());
    EXPECT_EQ((co_await child->wait()).signal, SIGKILL);
  }(*this));
}

TEST_F(ChildTest, the_tree_ends_when_the_child_does_and_stdout_with_it) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(shell("sleep 1000 & echo $!; exit 4"));
    CO_ASSERT(child);
    const auto left_behind = co_await t.pid_line(*child);
    EXPECT_EQ((co_await child->wait()).code, 4);
    EXPECT_EQ(co_await t.all(*child), "") << "nobody holds the pipe open";
    co_await child->terminate();
    EXPECT_FALSE(left_behind.alive());
  }(*this));
}

TEST_F(ChildTest, destroying_it_kills_what_is_left) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto options = shell("trap '' TERM; echo $PPID; while :; do sleep 0.01; done");
    options.term_grace = 1h;
    auto child = co_await t.start(std::move(options));
    CO_ASSERT(child);
    const auto guard = std::stoi(co_await t.line(*child));
    const Watched self(child->pid());
    child.reset();
    EXPECT_TRUE(self.ends_within(10s));
    while (::kill(guard, 0) == 0) co_await settle();  // until it is waited for, too
  }(*this));
}

TEST_F(ChildTest, the_guard_heeds_no_signal_of_a_terminal_and_takes_the_child_with_it) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(shell("echo $PPID; sleep 1000 & read x"));
    CO_ASSERT(child);
    const auto guard = std::stoi(co_await t.line(*child));
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(guard, signal);
    EXPECT_TRUE(Watched(guard).alive());
    const Watched self(child->pid());
    ::kill(guard, SIGKILL);
    EXPECT_EQ((co_await child->wait()).signal, SIGKILL);
    EXPECT_TRUE(self.ends_within(10s));
    co_await child->terminate();
  }(*this));
}

TEST_F(ChildTest, a_killed_guard_leaves_nothing_behind_in_whatever_group_it_is) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto options = shell("echo $PPID; set -m; sh -c 'echo $$; exec sleep 1000' & read x");
    options.command = "bash";  // which has job control without a terminal
    auto child = co_await t.start(std::move(options));
    CO_ASSERT(child);
    const auto guard = std::stoi(co_await t.line(*child));
    const auto pid = std::stoi(co_await t.line(*child));
    const Watched moved(pid);
    EXPECT_EQ(::getpgid(pid), pid);
    EXPECT_TRUE(moved.alive());
    ::kill(guard, SIGKILL);
    co_await child->wait();
    EXPECT_TRUE(moved.ends_within(10s));
    co_await child->terminate();
  }(*this));
}

TEST_F(
    ChildTest, a_killed_guard_leaves_nothing_behind_in_another_session_where_orphans_come_to_us
) {
  adopt_orphans();
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto other = co_await t.start(shell("read x"));
    auto child = co_await t.start(shell("echo $PPID; setsid sh -c 'echo $$; sleep 1000' & read x"));
    CO_ASSERT(other && child);
    const auto guard = std::stoi(co_await t.line(*child));
    const auto moved = std::stoi(co_await t.line(*child));
    const Watched watched(moved), neighbour(other->pid());
    EXPECT_EQ(::getsid(moved), moved);
    ::kill(guard, SIGKILL);
    co_await child->wait();
    EXPECT_TRUE(watched.ends_within(10s));
    EXPECT_EQ(::kill(moved, 0), -1) << "it was waited for";
    EXPECT_TRUE(neighbour.alive()) << "another guard's child";
    co_await child->terminate();
    co_await other->terminate();
  }(*this));
}

TEST_F(ChildTest, STD_04_b_a_hundred_megabytes_of_stderr_block_nobody) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    auto child = co_await t.start(shell("head -c 100000000 /dev/zero >&2; echo done; read x"));
    CO_ASSERT(child);
    std::size_t total = 0;
    child->on_stderr([&](std::string_view bytes) { total += bytes.size(); });
    EXPECT_EQ(co_await t.line(*child), "done");
    co_await child->terminate();
    EXPECT_EQ(total, 100'000'000U);
    auto unheard = co_await t.start(shell("head -c 10000000 /dev/zero >&2; echo done"));
    CO_ASSERT(unheard);
    EXPECT_EQ(co_await t.line(*unheard), "done");
    co_await unheard->terminate();
  }(*this));
}

TEST_F(ChildTest, STD_08_a_hundred_children_leave_no_descriptor_and_no_zombie) {
  loop.run([](ChildTest& t) -> awaitable<void> {
    const auto once = [](ChildTest& test) -> awaitable<void> {
      auto child = co_await test.start(shell("exec cat"));
      CO_ASSERT(child);
      co_await child->write("x\n");
      EXPECT_EQ(co_await test.line(*child), "x");
      co_await child->terminate();
    };
    co_await once(t);
    const auto before = open_descriptors();
    for (int i = 0; i < 100; ++i) co_await once(t);
    EXPECT_EQ(open_descriptors(), before);
  }(*this));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(ChildOfTheDead, STD_03_a_killed_parent_leaves_nobody) {
  std::array<int, 2> out{};
  ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::vector<std::string> words = {
      "io_test", "spawner",
      "trap '' TERM; echo $PPID; echo $$; setsid sh -c 'echo $$; exec sleep 1000' & while :; do "
      "sleep 0.01; done"
  };
  std::array<char*, 4> argv = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  pid_t parent = 0;
  ASSERT_EQ(::posix_spawn(&parent, "/proc/self/exe", &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  FILE* const lines = ::fdopen(out[0], "r");
  std::vector<Watched> family;
  int pid = 0;
  while (family.size() < 3 && std::fscanf(lines, "%d", &pid) == 1) family.emplace_back(pid);
  ASSERT_EQ(family.size(), 3U);
  for (const auto& one : family) EXPECT_TRUE(one.alive());
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  for (const auto& one : family) EXPECT_TRUE(one.ends_within(10s));
  std::fclose(lines);
}

}  // namespace

int testing::run_spawner(const char* script) {
  Loop loop;
  loop.run([](Loop& l, std::string text) -> awaitable<void> {
    auto child = co_await Child::spawn(l.worker, shell(std::move(text)));
    if (!child) co_return;
    for (;;) {
      const auto bytes = co_await (*child)->read_some();
      if (!bytes || bytes->empty()) co_return;
      std::fwrite(bytes->data(), 1, bytes->size(), stdout);
      std::fflush(stdout);
    }
  }(loop, script));
  return 0;
}

}  // namespace mooring::io
