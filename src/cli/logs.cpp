#include "cli/logs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "cli/blocks.hpp"
#include "cli/console.hpp"
#include "cli/surroundings.hpp"
#include "core/file.hpp"
#include "transport/stderr_log.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t longest_log = std::size_t{64} << 20;

/// The last `lines` lines of the two files that a log consists of.
std::string last_lines(const fs::path& path, std::string_view current, std::size_t lines) {
  const auto from = [lines](std::string_view text, std::size_t& counted) {
    std::size_t at = text.size();
    counted = 0;
    while (at > 0) {
      // A line break at the very end closes the last line.
      const auto previous = at < 2 ? std::string_view::npos : text.rfind('\n', at - 2);
      if (counted == lines) break;
      ++counted;
      at = previous == std::string_view::npos ? 0 : previous + 1;
    }
    return text.substr(at);
  };
  std::size_t counted = 0;
  std::string out(from(current, counted));
  if (counted >= lines) return out;
  auto older_path = path;
  older_path += ".1";
  const auto older = core::read_file(older_path, longest_log);
  if (!older) return out;
  std::size_t ignored = 0;
  const auto wanted = lines - counted;
  std::string_view rest = *older;
  std::size_t at = rest.size();
  for (std::size_t i = 0; i < wanted && at > 0; ++i, ++ignored) {
    const auto previous = at < 2 ? std::string_view::npos : rest.rfind('\n', at - 2);
    at = previous == std::string_view::npos ? 0 : previous + 1;
  }
  return std::string(rest.substr(at)) + out;
}

/// Shows what is added to the file at `path`, also when another takes its place (rotation), until
/// the reader of stdout is gone.
class Follower {
 public:
  Follower(fs::path path, std::size_t offset) : path_(std::move(path)), offset_(offset) {
    watch_ = ::inotify_init1(IN_CLOEXEC);
    ::inotify_add_watch(
        watch_, path_.parent_path().c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF
    );
    open();
  }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  ~Follower() {
    if (file_ >= 0) ::close(file_);
    if (watch_ >= 0) ::close(watch_);
  }

  int run() {
    for (;;) {
      if (!drain()) return success;
      if (replaced()) {
        if (file_ >= 0) ::close(file_);
        offset_ = 0;
        open();
        if (!drain()) return success;
      }
      std::array<char, 4096> events;
      if (::read(watch_, events.data(), events.size()) <= 0 && errno != EINTR) {
        return complain(failed, fmt::format("cannot watch {}", path_.parent_path().string()));
      }
    }
  }

 private:
  void open() { file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC); }

  bool replaced() const {
    struct stat named{};
    struct stat opened{};
    if (::stat(path_.c_str(), &named) != 0) return false;
    return file_ < 0 || ::fstat(file_, &opened) != 0 || named.st_ino != opened.st_ino;
  }

  /// False: nobody reads any more.
  bool drain() {
    std::array<char, 65536> buffer;
    for (;;) {
      const auto got =
          file_ < 0 ? 0 : ::pread(file_, buffer.data(), buffer.size(), static_cast<off_t>(offset_));
      if (got <= 0) return true;
      offset_ += static_cast<std::size_t>(got);
      if (!print(for_stdout(std::string(buffer.data(), static_cast<std::size_t>(got)))))
        return false;
    }
  }

  fs::path path_;
  std::size_t offset_;
  int watch_ = -1;
  int file_ = -1;
};

/// Why there is no log to show.
int no_log(Surroundings& around, const LogsCommand& command) {
  const auto names = around.names();
  const auto* entry = around.config() ? around.config()->find(command.server) : nullptr;
  if (entry == nullptr && std::ranges::find(names, command.server) == names.end()) {
    return complain(around.unknown(command.server, names));
  }
  if (entry != nullptr && !entry->config.url.empty()) {
    return complain(
        failed, fmt::format("{} is reached over HTTP: its log is where it runs", command.server)
    );
  }
  return complain(
      failed, fmt::format(
                  "{} was not started yet, or not with this state directory ({})", command.server,
                  around.state_dir().string()
              )
  );
}

}  // namespace

int logs(const LogsCommand& command) {
  Surroundings around(command);
  const auto path = transport::StderrLog::path_of(around.state_dir(), command.server);
  const auto text = core::read_file(path, longest_log);
  if (!text) return no_log(around, command);
  const bool listening = print(for_stdout(last_lines(path, *text, command.lines)));
  if (!command.follow || !listening) return success;
  return Follower(path, text->size()).run();
}

}  // namespace mooring::cli
