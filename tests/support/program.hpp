#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::test {

/// What a program that has ended leaves behind.
struct Ended {
  int status = -1;  ///< its exit status; 128 + N when signal N ended it
  std::string out;
  std::string err;
};

/// A program of this project, run as a user runs it: stdin from us, stdout and stderr kept. Ended
/// with its owner.
class Program {
 public:
  using Environment = std::map<std::string, std::string>;

  enum class Stderr { pipe, terminal };

  /// `environment` is laid over our own; an empty value removes the name.
  explicit Program(
      const std::vector<std::string>& words, const Environment& environment = {},
      Stderr err = Stderr::pipe
  ) {
    std::array<std::array<int, 2>, 3> pipes{};
    for (auto& pipe : pipes) {
      if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    }
    if (err == Stderr::terminal) use_terminal(pipes[2]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipes[0][0], 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes[2][1], 2);
    auto variables = variables_with(environment);
    const int error = ::posix_spawn(
        &pid_, words.front().c_str(), &actions, nullptr, pointers(words).data(),
        pointers(variables).data()
    );
    posix_spawn_file_actions_destroy(&actions);
    ::close(pipes[0][0]);
    ::close(pipes[1][1]);
    ::close(pipes[2][1]);
    in_ = pipes[0][1];
    out_ = {pipes[1][0], pipes[2][0]};
    if (error != 0) throw std::runtime_error("cannot start " + words.front());
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    close_in();
    for (const int fd : out_) ::close(fd);
  }

  int pid() const { return pid_; }
  void signal(int number) const { ::kill(pid_, number); }
  void write(std::string_view text) const {
    while (!text.empty()) {
      const auto written = ::write(in_, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void close_in() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }

  /// Waits until stderr holds `text`; everything it held so far. Throws when it ends or 30 s pass
  /// before.
  std::string err_until(std::string_view text) { return until(1, text); }
  std::string out_until(std::string_view text) { return until(0, text); }
  /// The first line of stdout that holds `part`, waited for until it is whole.
  std::string out_line(std::string_view part) {
    const auto from = until(0, part).find(part);
    const auto& text = text_[0];
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (text.find('\n', from) == std::string::npos) {
      if (!open_[0] || !pump(deadline)) throw std::runtime_error("half a line: " + text);
    }
    const auto begin = text.rfind('\n', from) + 1;
    return text.substr(begin, text.find('\n', from) - begin);
  }

  /// Closes stdin, reads both streams to their end and waits for the program. After 30 s it is
  /// killed.
  Ended end() {
    close_in();
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (bool killed = false; open_[0] || open_[1];) {
      if (pump(deadline)) continue;
      // Somebody else may hold its streams: they get a moment more.
      if (std::exchange(killed, true)) break;
      ::kill(pid_, SIGKILL);
      deadline += std::chrono::seconds(5);
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return {
        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), std::move(text_[0]),
        std::move(text_[1])
    };
  }

 private:
  static void use_terminal(std::array<int, 2>& pipe) {
    for (const int fd : pipe) ::close(fd);
    pipe[0] = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pipe[0] < 0 || ::grantpt(pipe[0]) != 0 || ::unlockpt(pipe[0]) != 0) {
      throw std::runtime_error("no terminal");
    }
    pipe[1] = ::open(::ptsname(pipe[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
  }

  static std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> all;
    for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
    all.push_back(nullptr);
    return all;
  }

  static std::vector<std::string> variables_with(const Environment& changes) {
    std::vector<std::string> all;
    for (char** at = environ; *at != nullptr; ++at) {
      const std::string_view variable(*at);
      if (!changes.contains(std::string(variable.substr(0, variable.find('='))))) {
        all.emplace_back(variable);
      }
    }
    for (const auto& [name, value] : changes) {
      if (!value.empty()) all.push_back(name + "=" + value);
    }
    return all;
  }

  std::string until(std::size_t stream, std::string_view text) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (text_[stream].find(text) == std::string::npos) {
      if (!open_[stream] || !pump(deadline)) {
        throw std::runtime_error("no \"" + std::string(text) + "\" in: " + text_[stream]);
      }
    }
    return text_[stream];
  }

  /// One piece of either stream; false when the time is over.
  bool pump(std::chrono::steady_clock::time_point deadline) {
    std::array<pollfd, 2> wanted{};
    for (std::size_t i = 0; i < 2; ++i) wanted[i] = {open_[i] ? out_[i] : -1, POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now()
    );
    if (left.count() <= 0) return false;
    if (::poll(wanted.data(), wanted.size(), static_cast<int>(left.count())) <= 0) {
      return errno == EINTR;
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (wanted[i].revents == 0) continue;
      std::array<char, 8192> buffer;
      const auto got = ::read(out_[i], buffer.data(), buffer.size());
      if (got <= 0) {
        open_[i] = false;
      } else {
        text_[i].append(buffer.data(), static_cast<std::size_t>(got));
      }
    }
    return true;
  }

  pid_t pid_ = -1;
  int in_ = -1;
  std::array<int, 2> out_{-1, -1};
  std::array<bool, 2> open_{true, true};
  std::array<std::string, 2> text_;
};

/// Runs a program to its end.
inline Ended run(
    const std::vector<std::string>& words, const Program::Environment& environment = {},
    std::string_view input = {}
) {
  Program program(words, environment);
  program.write(input);
  return program.end();
}

/// The URL a server announces with its first line on stderr, "listening http://HOST:PORT".
inline std::string announced_url(Program& program) {
  const auto text = program.err_until("\n");
  const auto begin = text.find("http://");
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace mooring::test
