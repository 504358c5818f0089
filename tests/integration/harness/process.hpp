#pragma once

#include <sys/types.h>

#include <string>
#include <thread>
#include <vector>

#include "harness/inbox.hpp"

namespace mooring::integration {

/// A program of ours, run for real. Ended with its owner.
class Process {
 public:
  explicit Process(std::vector<std::string> words);
  ~Process();  ///< SIGKILL, unless it has ended
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for its end: the exit code, or 128 and the number of the signal.
  int wait();
  /// The first line of stderr that holds `part`, waited for; empty: it ended without.
  std::string line(std::string_view part);
  std::vector<std::string> lines() const { return lines_.all(); }

 private:
  pid_t pid_ = 0;
  int code_ = -1;
  bool ended_ = false;
  Inbox<std::string> lines_;
  std::thread reader_;
};

/// mooring-everything over Streamable HTTP.
class Everything {
 public:
  explicit Everything(std::vector<std::string> more = {});
  std::string url() const { return url_; }
  Process& process() { return process_; }

 private:
  Process process_;
  std::string url_;
};

/// True while a process of this id runs (a zombie does not).
bool alive(pid_t pid);
/// Waits until `pid` is gone.
bool wait_gone(pid_t pid);

extern const std::string mooring_program;
extern const std::string everything_program;

}  // namespace mooring::integration
