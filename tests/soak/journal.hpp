#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace mooring::soak {

using Clock = std::chrono::steady_clock;

/// What happened and when, from all threads; and what must not have happened.
class Journal {
 public:
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(stamped(text));
  }

  /// An invariant is broken. `rule` is one of few; the evidence says all that is known.
  void violation(const std::string& rule, const std::string& evidence) {
    const std::lock_guard lock(mutex_);
    ++broken_[rule];
    lines_.push_back(stamped("VIOLATION " + rule + ": " + evidence));
    violations_.push_back(lines_.back());
  }

  std::map<std::string, std::size_t> broken() const {
    const std::lock_guard lock(mutex_);
    return broken_;
  }
  std::vector<std::string> violations() const {
    const std::lock_guard lock(mutex_);
    return violations_;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  std::string stamped(const std::string& text) const {
    return fmt::format("{:9.3f}  {}", seconds(), text);
  }

  const Clock::time_point begin_ = Clock::now();
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<std::string> violations_;
  std::map<std::string, std::size_t> broken_;
};

}  // namespace mooring::soak
