#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

#include "soak/soak.hpp"

namespace {

std::atomic<bool> interrupted = false;

constexpr std::string_view usage =
    "usage: mooring-soak [--minutes N] [--seed S] [--work DIR]\n"
    "Random faults on eight servers behind one gateway, under load; exit 1 when an invariant is "
    "broken.\n"
    "DIR is emptied first, and holds the ledgers and logs afterwards.\n";

template <class T>
bool read(std::string_view word, T& value) {
  const auto end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value);
  return read.ec == std::errc{} && read.ptr == end;
}

bool parse(int argc, char** argv, mooring::soak::SoakOptions& options) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    if (name == "--minutes") {
      if (!read(value, options.minutes) || !(options.minutes > 0)) return false;
    } else if (name == "--seed") {
      if (!read(value, options.seed)) return false;
    } else if (name == "--work") {
      options.work = value;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

int run(const mooring::soak::SoakOptions& options) {
  try {
    return mooring::soak::soak(options, interrupted) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mooring-soak: {}\n", error.what());
    return 1;
  }
}

/// Runs it in a process group of its own, of which nothing is left behind, however it ends.
int run_apart(const mooring::soak::SoakOptions& options) {
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child == 0) {
    ::setpgid(0, 0);
    std::exit(run(options));
  }
  int status = 0;
  for (bool passed_on = false; ::waitpid(child, &status, 0) != child;) {
    if (interrupted && !std::exchange(passed_on, true)) ::kill(child, SIGTERM);
  }
  ::kill(-child, SIGKILL);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
  mooring::soak::SoakOptions options;
  options.work = std::filesystem::temp_directory_path() / "mooring-soak";
  if (!parse(argc, argv, options)) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  struct sigaction action{};
  action.sa_handler = [](int) { interrupted = true; };
  for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return run_apart(options);
}
