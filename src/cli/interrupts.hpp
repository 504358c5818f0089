#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace mooring::cli {

/// Ctrl-C (and SIGTERM) for a one-shot command. While `cancels` is on, the first one asks `token`
/// to stop, so that the server hears of it; otherwise, and the second time, the program ends at
/// once. Made before any other thread is.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  void cancels(bool on) { cancels_ = on; }
  std::stop_token token() const { return source_.get_token(); }

 private:
  void wait();

  std::atomic<bool> cancels_ = false;
  std::atomic<bool> over_ = false;
  std::stop_source source_;
  std::thread thread_;
};

}  // namespace mooring::cli
