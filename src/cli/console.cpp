#include "cli/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "cli/text.hpp"
#include "core/redact.hpp"

namespace mooring::cli {

namespace {

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void to_stderr(std::string_view message) {
  write_all(STDERR_FILENO, fmt::format("mooring: {}\n", one_line(core::redact(message))));
}

}  // namespace

int complain(ExitCode code, std::string_view message) {
  to_stderr(message);
  return code;
}

int complain(const Error& error) { return complain(exit_code_of(error.reason), error.detail); }

ExitCode exit_code_of(Reason reason) {
  switch (reason) {
    case Reason::usage:
    case Reason::config:
      return usage;
    case Reason::unknown_server:
      return unknown_server;
    case Reason::unknown_outcome:
      return outcome_unknown;
    case Reason::login_needed:
      return login_needed;
    case Reason::cancelled:
      return interrupted;
    default:
      return failed;
  }
}

void warn(std::string_view message) { to_stderr(fmt::format("warning: {}", message)); }

bool print(std::string_view text) { return write_all(STDOUT_FILENO, text); }

bool stdout_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

std::size_t terminal_width() {
  if (!stdout_is_terminal()) return 0;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

std::string bold(std::string_view text) {
  const char* no_color = std::getenv("NO_COLOR");
  const bool plain = no_color != nullptr && *no_color != '\0';
  if (plain || !stdout_is_terminal()) return std::string(text);
  return fmt::format("\x1b[1m{}\x1b[0m", text);
}

}  // namespace mooring::cli
