#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace mooring::cli {

/// One line on a terminal's stderr while a call takes its time: message, n/total, seconds. Nothing
/// where stderr is no terminal, and nothing during the first half second of a call without
/// progress.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  /// Erases the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// For CallOptions::progress.
  std::function<void(double, double, std::string_view)> sink();

 private:
  void run();
  void draw(std::chrono::milliseconds since);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string what_;
  std::string count_;
  bool told_ = false;
  bool over_ = false;
  bool drawn_ = false;
  std::thread thread_;
};

}  // namespace mooring::cli
