#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "io/child.hpp"
#include "io/process_tree.hpp"

// Runs in a process of its own with one thread, and uses nothing but system calls and strings: it
// has to work when whoever started it does not any more.

namespace mooring::io {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kill_interval(10);
constexpr milliseconds kill_patience(10'000);  // what survives SIGKILL for so long is beyond us

struct Order {
  int control = -1;
  std::string name;
  std::string cwd;
  milliseconds grace{2000};
  rlim_t descriptors = 0;  ///< the child's soft limit; 0: ours
  char** command = nullptr;
};

bool parse(int argc, char** argv, Order& order) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "guard" && i == 1) continue;
    if (i + 1 >= argc) return false;
    if (word == "--") {
      order.command = argv + i + 1;
      return order.control >= 0;
    }
    const char* value = argv[++i];
    if (word == "--control") {
      order.control = std::atoi(value);
    } else if (word == "--name") {
      order.name = value;
    } else if (word == "--cwd") {
      order.cwd = value;
    } else if (word == "--grace") {
      order.grace = milliseconds(std::atoll(value));
    } else if (word == "--descriptors") {
      order.descriptors = std::strtoull(value, nullptr, 10);
    } else {
      return false;
    }
  }
  return false;
}

class Guard {
 public:
  explicit Guard(Order order) : order_(std::move(order)) {}

  int run() {
    settle();
    if (!start()) return 1;
    watch();
    end_tree();
    return 0;
  }

 private:
  void settle() {
    if (order_.control > 3) ::close_range(3, static_cast<unsigned>(order_.control) - 1, 0);
    ::close_range(static_cast<unsigned>(order_.control) + 1, ~0U, 0);
    ::fcntl(order_.control, F_SETFD, FD_CLOEXEC);
    ::setsid();  // away from the terminal; fails where we lead a session already
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_NAME, ("guard:" + order_.name).c_str());
    for (const int ignored : ignored_signals) std::signal(ignored, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }

  bool start() {
    std::array<int, 2> report{};
    if (signals_ < 0 || ::pipe2(report.data(), O_CLOEXEC) != 0) return false;
    const pid_t guard = ::getpid();
    child_ = ::fork();
    if (child_ == 0) become_child(guard, report[1]);
    ::close(report[1]);
    let_go_of_stdio();
    if (child_ < 0) {
      tell("exec " + std::to_string(errno) + " command\n");
      return false;
    }
    ::setpgid(child_, child_);
    std::array<int, 2> failure{};  // errno, and 1 when it was the directory
    const auto count = ::read(report[0], failure.data(), sizeof failure);
    ::close(report[0]);
    if (count == sizeof failure) {
      tell("exec " + std::to_string(failure[0]) + (failure[1] == 1 ? " cwd\n" : " command\n"));
      ::waitpid(child_, nullptr, 0);
      return false;
    }
    tell("started " + std::to_string(child_) + "\n");
    return true;
  }

  [[noreturn]] void become_child(pid_t guard, int report) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != guard) ::_exit(127);  // it died before we asked
    for (const int ignored : ignored_signals) std::signal(ignored, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    limit_descriptors();
    std::array<int, 2> failure{};
    if (!order_.cwd.empty() && ::chdir(order_.cwd.c_str()) != 0) {
      failure = {errno, 1};
    } else {
      ::execvp(order_.command[0], order_.command);
      failure = {errno, 0};
    }
    const auto written = ::write(report, failure.data(), sizeof failure);
    ::_exit(written > 0 ? 127 : 126);
  }

  void limit_descriptors() const {
    rlimit limit{};
    if (order_.descriptors == 0 || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = std::min(order_.descriptors, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }

  /// The pipes must reach their end when the child's own copies close.
  static void let_go_of_stdio() {
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd) {
      if (nothing < 0 || ::dup2(nothing, fd) < 0) ::close(fd);
    }
    if (nothing > 2) ::close(nothing);
  }

  /// Until the child ends, we are told to end it, or whoever started us is gone.
  void watch() {
    while (!child_ended_ && !ending_) wait_for_news(-1);
  }

  void wait_for_news(int milliseconds_at_most) {
    std::array<pollfd, 2> fds{
        {{signals_, POLLIN, 0}, {control_open_ ? order_.control : -1, POLLIN, 0}}
    };
    ::poll(fds.data(), fds.size(), milliseconds_at_most);
    std::array<char, 1024> drop{};
    while (::read(signals_, drop.data(), drop.size()) > 0) {
    }
    reap();
    if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) hear();
  }

  void hear() {
    std::array<char, 256> buffer{};
    const auto count = ::recv(order_.control, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      control_open_ = false;
      ending_ = true;
      return;
    }
    heard_.append(buffer.data(), static_cast<std::size_t>(count));
    for (auto end = heard_.find('\n'); end != std::string::npos; end = heard_.find('\n')) {
      const std::string line = heard_.substr(0, end);
      heard_.erase(0, end + 1);
      if (line.starts_with("terminate ")) {
        order_.grace = milliseconds(std::atoll(line.c_str() + 10));
        ending_ = true;
      } else if (line == "kill") {
        order_.grace = milliseconds(0);
        ending_ = true;
      }
    }
  }

  void reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid != child_) continue;
      child_ended_ = true;
      tell(
          WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) + "\n"
                              : "exit " + std::to_string(WEXITSTATUS(status)) + "\n"
      );
    }
    all_gone_ = pid < 0 && errno == ECHILD;
  }

  void end_tree() {
    const auto begin = Clock::now();
    reap();
    if (order_.grace > milliseconds(0)) send_all(SIGTERM);
    while (!all_gone_ && Clock::now() < begin + order_.grace) {
      const auto left = std::chrono::ceil<milliseconds>(begin + order_.grace - Clock::now());
      wait_for_news(static_cast<int>(std::max<milliseconds::rep>(left.count(), 0)));
    }
    const auto last = Clock::now() + kill_patience;
    while (!all_gone_ && Clock::now() < last) {
      send_all(SIGKILL);
      wait_for_news(static_cast<int>(kill_interval.count()));
    }
  }

  void send_all(int signal) {
    for (const pid_t pid : descendants_of(::getpid())) ::kill(pid, signal);
  }

  void tell(const std::string& line) {
    if (!control_open_) return;
    if (::send(order_.control, line.data(), line.size(), MSG_NOSIGNAL) < 0) ending_ = true;
  }

  static constexpr std::array ignored_signals = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                                                 SIGPIPE, SIGTSTP, SIGTTOU, SIGTTIN};

  Order order_;
  int signals_ = -1;
  pid_t child_ = -1;
  std::string heard_;
  bool control_open_ = true;
  bool ending_ = false;
  bool child_ended_ = false;
  bool all_gone_ = false;
};

}  // namespace

int run_guard(int argc, char** argv) {
  Order order;
  if (!parse(argc, argv, order)) return 2;
  return Guard(std::move(order)).run();
}

}  // namespace mooring::io
