#include "harness/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>

namespace mooring::integration {

const std::string mooring_program = MOORING_PROGRAM;
const std::string everything_program = EVERYTHING_PROGRAM;

namespace {

void read_lines(int fd, Inbox<std::string>& lines) {
  std::string rest;
  std::array<char, 4096> buffer;
  for (ssize_t count = 0; (count = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    rest.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = 0; (end = rest.find('\n')) != std::string::npos;) {
      lines.add(rest.substr(0, end));
      rest.erase(0, end + 1);
    }
  }
  ::close(fd);
  lines.close();
}

}  // namespace

Process::Process(std::vector<std::string> words) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], 2);
  // Sockets of the test's own clients must not live on in it.
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error = ::posix_spawn(&pid_, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  if (error != 0) throw std::runtime_error("cannot run " + words.front());
  reader_ = std::thread(read_lines, pipe[0], std::ref(lines_));
}

Process::~Process() {
  if (!ended_) {
    signal(SIGKILL);
    wait();
  }
  reader_.join();
}

void Process::signal(int number) const { ::kill(pid_, number); }

int Process::wait() {
  if (!ended_) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ended_ = true;
  }
  return code_;
}

std::string Process::line(std::string_view part) {
  return lines_.wait([&](const std::string& line) { return line.find(part) != std::string::npos; }
  ).value_or("");
}

Everything::Everything(std::vector<std::string> more)
    : process_([&] {
        std::vector<std::string> words = {everything_program, "--listen", "127.0.0.1:0"};
        // Most tests are about sessions; those of the other era say so.
        if (std::ranges::find(more, "--era") == more.end()) {
          words.insert(words.end(), {"--era", "legacy"});
        }
        words.insert(words.end(), more.begin(), more.end());
        return words;
      }()) {
  const auto line = process_.line("http://");
  url_ = line.substr(line.find("http://")) + "/mcp";
}

bool alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(stat, text)) return false;
  const auto state = text.rfind(") ");
  return state != std::string::npos && text[state + 2] != 'Z';
}

bool wait_gone(pid_t pid) {
  const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return true;
  pollfd end{fd, POLLIN, 0};
  const auto limit = std::chrono::milliseconds(patience).count();
  const int ready = ::poll(&end, 1, static_cast<int>(limit));
  ::close(fd);
  return ready == 1;
}

}  // namespace mooring::integration
