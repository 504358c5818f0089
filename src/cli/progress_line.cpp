#include "cli/progress_line.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/console.hpp"
#include "cli/text.hpp"

namespace mooring::cli {

namespace {

constexpr auto patience = std::chrono::milliseconds(500);
constexpr auto beat = std::chrono::milliseconds(200);

std::size_t stderr_width() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

void put(std::string_view text) {
  // A terminal that takes no more loses a progress line, nothing else.
  static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);
}

}  // namespace

ProgressLine::ProgressLine(std::string what) : what_(std::move(what)) {
  if (stderr_is_terminal()) thread_ = std::thread([this] { run(); });
}

ProgressLine::~ProgressLine() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (drawn_) put("\r\x1b[K");
}

std::function<void(double, double, std::string_view)> ProgressLine::sink() {
  return [this](double progress, double total, std::string_view message) {
    {
      const std::lock_guard lock(mutex_);
      told_ = true;
      count_ =
          total > 0 ? fmt::format(" {:g}/{:g}", progress, total) : fmt::format(" {:g}", progress);
      if (!message.empty()) what_ = one_line(message);
    }
    changed_.notify_all();
  };
}

void ProgressLine::run() {
  const auto begun = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!over_) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begun
    );
    if (told_ || since >= patience) draw(since);
    changed_.wait_for(lock, beat);
  }
}

void ProgressLine::draw(std::chrono::milliseconds since) {
  const auto rest = fmt::format("{} {:.1f} s", count_, static_cast<double>(since.count()) / 1000);
  const auto width = stderr_width();
  const auto room = width > rest.size() + 12 ? width - rest.size() - 1 : 10;
  put(fmt::format("\r\x1b[K{}{}", cut(what_, room), rest));
  drawn_ = true;
}

}  // namespace mooring::cli
