#include "core/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/random.hpp"

namespace mooring::core {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  /// The result of close, which may report a write that failed late (NFS, quotas).
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

std::unexpected<Error> os_error(
    std::string_view what, const std::filesystem::path& path, int code
) {
  return fail(
      Reason::io,
      fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(code))
  );
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// So that the new name itself survives a power cut. Not every file system can; the bytes are safe
/// either way.
void sync_directory(const std::filesystem::path& directory) {
  const Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) ::fsync(fd.get());
}

std::filesystem::path parent_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max) {
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return os_error("read", path, errno);
  std::string out;
  std::array<char, std::size_t{16} << 10> chunk{};
  for (;;) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return os_error("read", path, errno);
    if (got == 0) return out;
    if (static_cast<std::size_t>(got) > max - out.size()) {
      return fail(Reason::limit, fmt::format("{} is larger than {} bytes", path.string(), max));
    }
    out.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

Result<void> write_file_atomic(
    const std::filesystem::path& path, std::string_view bytes, mode_t mode
) {
  const std::filesystem::path directory = parent_of(path);
  const std::filesystem::path temporary =
      directory / fmt::format(".{}.{}", path.filename().string(), system_random().token(9));
  Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!fd.valid()) return os_error("write", path, errno);
  // fchmod: the umask must not decide who may read a secret, nor who may read a shared file.
  if (::fchmod(fd.get(), mode) != 0 || !write_all(fd.get(), bytes) || ::fsync(fd.get()) != 0 ||
      fd.close() != 0 || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int code = errno;
    ::unlink(temporary.c_str());
    return os_error("write", path, code);
  }
  sync_directory(directory);
  return {};
}

Result<void> ensure_private_dir(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return os_error("use", path, errno);
    const std::filesystem::path parent = parent_of(path);
    if (parent != path && ::stat(parent.c_str(), &info) != 0) {
      if (auto made = ensure_private_dir(parent); !made) return made;
    }
    if (::mkdir(path.c_str(), 0700) == 0) return {};
    if (errno != EEXIST) return os_error("create", path, errno);
    if (::stat(path.c_str(), &info) != 0) return os_error("use", path, errno);
  }
  if (!S_ISDIR(info.st_mode)) return os_error("use", path, ENOTDIR);
  const uid_t self = ::geteuid();
  if (self != 0 && info.st_uid != self) {
    return fail(Reason::io, fmt::format("{} belongs to another user", path.string()));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return fail(
        Reason::io,
        fmt::format(
            "{} is writable for other users; chmod go-w it or choose another", path.string()
        )
    );
  }
  return {};
}

}  // namespace mooring::core
