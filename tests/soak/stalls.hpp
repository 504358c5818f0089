#pragma once

#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "soak/journal.hpp"
#include "soak/stop_flag.hpp"

namespace mooring::soak {

/// How long this machine made us wait for a processor. A deadline that is missed by so much was not
/// missed by the gateway.
class Stalls {
 public:
  Stalls() : thread_([this] { watch(); }) {}
  ~Stalls() {
    stop_.set();
    thread_.join();
  }
  Stalls(const Stalls&) = delete;
  Stalls& operator=(const Stalls&) = delete;

  std::chrono::duration<double> since(Clock::time_point begin) const {
    const std::lock_guard lock(mutex_);
    Clock::duration sum{};
    for (const auto& [end, late] : late_) {
      if (end >= begin) sum += late;
    }
    return sum;
  }

 private:
  static constexpr std::chrono::milliseconds step{20};

  void watch() {
    for (auto before = Clock::now(); stop_.pause(step);) {
      const auto now = Clock::now();
      const auto late = now - before - step;
      before = now;
      const std::lock_guard lock(mutex_);
      if (late > step) late_.emplace_back(now, late);
      while (!late_.empty() && late_.front().first < now - std::chrono::seconds(60)) {
        late_.pop_front();
      }
    }
  }

  mutable std::mutex mutex_;
  std::deque<std::pair<Clock::time_point, Clock::duration>> late_;
  StopFlag stop_;
  std::thread thread_;
};

}  // namespace mooring::soak
