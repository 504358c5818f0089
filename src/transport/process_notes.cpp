#include "transport/process_notes.hpp"

#include "core/redact.hpp"
#include "transport/incoming.hpp"

namespace mooring::transport {

void ProcessNotes::add_stderr(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes.size() > stderr_bytes) bytes.remove_prefix(bytes.size() - stderr_bytes);
  const auto total = stderr_.size() + bytes.size();
  if (total > stderr_bytes) stderr_.erase(0, total - stderr_bytes);
  stderr_ += bytes;
}

void ProcessNotes::add_noise(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (noise_lines_++ == 0) noise_ = line.substr(0, noise_bytes);
}

void ProcessNotes::set_exit(std::string_view text) {
  const std::lock_guard lock(mutex_);
  exit_ = text;
}

std::string ProcessNotes::stderr_tail() const {
  const std::lock_guard lock(mutex_);
  return core::redact(stderr_);
}

std::string ProcessNotes::last_stderr_line() const {
  const auto text = stderr_tail();
  const auto end = text.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return {};
  const auto begin = text.find_last_of('\n', end);
  return excerpt(std::string_view(text).substr(begin == std::string::npos ? 0 : begin + 1), 300);
}

std::string ProcessNotes::first_noise() const {
  const std::lock_guard lock(mutex_);
  return noise_;
}

std::size_t ProcessNotes::noise_lines() const {
  const std::lock_guard lock(mutex_);
  return noise_lines_;
}

std::string ProcessNotes::exit_text() const {
  const std::lock_guard lock(mutex_);
  return exit_;
}

}  // namespace mooring::transport
