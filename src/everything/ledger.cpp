#include "everything/ledger.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "protocol/json_scan.hpp"

namespace mooring::everything {

Ledger::~Ledger() {
  if (file_ >= 0) ::close(file_);
}

Result<void> Ledger::open(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file_ >= 0) return {};
  return fail(
      Reason::io, fmt::format("{}: {}", path.string(), std::generic_category().message(errno))
  );
}

bool Ledger::add(std::string_view tool, std::string_view key) {
  if (file_ < 0) return true;
  const auto line = fmt::format("{} {}\n", tool, protocol::quote(key));
  // One write: with O_APPEND, lines of several processes do not mix.
  return ::write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

}  // namespace mooring::everything
