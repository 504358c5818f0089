#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

namespace mooring::transport {

/// What is remembered of a process for error messages and `status`. Written on one thread, read on
/// any.
class ProcessNotes {
 public:
  static constexpr std::size_t stderr_bytes = 8 * 1024;
  static constexpr std::size_t noise_bytes = 200;

  void add_stderr(std::string_view bytes);
  void add_noise(std::string_view line);
  void set_exit(std::string_view text);

  std::string stderr_tail() const;  ///< redacted
  std::string last_stderr_line() const;
  std::string first_noise() const;
  std::size_t noise_lines() const;
  std::string exit_text() const;

 private:
  mutable std::mutex mutex_;
  std::string stderr_;
  std::string noise_;
  std::size_t noise_lines_ = 0;
  std::string exit_;
};

}  // namespace mooring::transport
