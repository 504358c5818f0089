#include "transport/stderr_log.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/file.hpp"
#include "core/redact.hpp"
#include "protocol/names.hpp"

namespace mooring::transport {

namespace {
constexpr std::size_t longest_line = 16 * 1024;
}

std::filesystem::path StderrLog::path_of(
    const std::filesystem::path& state_dir, std::string_view server
) {
  return state_dir / "logs" / (protocol::sanitize_name(server) + ".log");
}

Result<std::unique_ptr<StderrLog>> StderrLog::open(
    const std::filesystem::path& state_dir, std::string_view server, std::size_t max_bytes
) {
  auto path = path_of(state_dir, server);
  if (auto made = core::ensure_private_dir(path.parent_path()); !made) {
    return std::unexpected(std::move(made.error()));
  }
  std::unique_ptr<StderrLog> log(new StderrLog(std::move(path), max_bytes));
  if (auto opened = log->reopen(); !opened) return std::unexpected(std::move(opened.error()));
  return log;
}

StderrLog::~StderrLog() {
  if (!line_.empty()) take(line_ + "\n");
  if (file_ >= 0) ::close(file_);
}

Result<void> StderrLog::reopen() {
  if (file_ >= 0) ::close(file_);
  file_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) {
    return fail(Reason::io, fmt::format("{}: {}", path_.string(), std::strerror(errno)));
  }
  struct stat info{};
  size_ = ::fstat(file_, &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
  return {};
}

void StderrLog::begin(std::string_view command, std::span<const std::string> args, int pid) {
  const auto now = fmt::gmtime(std::time(nullptr));
  std::string line = fmt::format("=== {:%Y-%m-%dT%H:%M:%SZ} pid {}: {}", now, pid, command);
  for (const auto& arg : args) line += fmt::format(" {}", arg);
  append(core::redact(line) + "\n");
}

void StderrLog::write(std::string_view bytes) {
  std::string lines;
  for (;;) {
    const auto end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (end == std::string_view::npos && line_.size() < longest_line) break;
    lines += line_;
    lines += '\n';
    line_.clear();
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
  }
  if (!lines.empty()) take(lines);
}

void StderrLog::take(std::string_view lines) {
  const auto clean = core::redact(lines);
  append(clean);
  if (echo_) echo_(clean);
}

void StderrLog::append(std::string_view text) {
  if (size_ + text.size() > max_bytes_ && size_ > 0) rotate();
  while (file_ >= 0 && !text.empty()) {
    const auto written = ::write(file_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    size_ += static_cast<std::size_t>(written);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void StderrLog::rotate() {
  auto old = path_;
  old += ".1";
  std::error_code ignored;
  std::filesystem::rename(path_, old, ignored);
  // Where renaming fails the file must still not grow without end.
  if (ignored && file_ >= 0 && ::ftruncate(file_, 0) == 0) size_ = 0;
  if (!reopen()) file_ = -1;
}

}  // namespace mooring::transport
