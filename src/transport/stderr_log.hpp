#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <span>
#include <string>
#include <string_view>

namespace mooring::transport {

/// STATE/logs/SERVER.log (0600): what a child writes to stderr, line by line through the redactor.
/// At `max_bytes` it becomes SERVER.log.1. One writer at a time; what cannot be written is dropped:
/// a full disk must not stop a server.
class StderrLog {
 public:
  static constexpr std::size_t default_max_bytes = std::size_t{1} << 20;
  /// Whole lines, as they are written to the file.
  using Echo = std::function<void(std::string_view lines)>;

  static std::filesystem::path path_of(
      const std::filesystem::path& state_dir, std::string_view server
  );
  static Result<std::unique_ptr<StderrLog>> open(
      const std::filesystem::path& state_dir, std::string_view server,
      std::size_t max_bytes = default_max_bytes
  );
  StderrLog(const StderrLog&) = delete;
  StderrLog& operator=(const StderrLog&) = delete;
  ~StderrLog();

  /// The header of a new process: time (UTC), command line, pid.
  void begin(std::string_view command, std::span<const std::string> args, int pid);
  void write(std::string_view bytes);
  /// Who is shown what the child writes, as it comes.
  void show_to(Echo echo) { echo_ = std::move(echo); }

 private:
  StderrLog(std::filesystem::path path, std::size_t max_bytes)
      : path_(std::move(path)), max_bytes_(max_bytes) {}
  Result<void> reopen();
  void rotate();
  void take(std::string_view lines);
  void append(std::string_view text);

  std::filesystem::path path_;
  std::size_t max_bytes_;
  int file_ = -1;
  std::size_t size_ = 0;
  Echo echo_;
  std::string line_;  ///< not yet ended: secrets are recognised in whole lines only
};

}  // namespace mooring::transport
