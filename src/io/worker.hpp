#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "core/timers.hpp"
#include "io/asio.hpp"

namespace mooring::io {

/// One thread with one event loop. What a worker owns is touched on its thread alone; others
/// `post`.
class Worker {
 public:
  /// `timers`: for tests with a manual clock; by default real, coarse ones on this loop.
  explicit Worker(unsigned index, std::unique_ptr<core::Timers> timers = nullptr);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  unsigned index() const { return index_; }
  asio::any_io_executor executor() { return context_.get_executor(); }
  asio::io_context& context() { return context_; }
  core::Timers& timers() { return *timers_; }
  void post(std::function<void()> task);
  bool on_this_thread();

  /// Runs the loop on the calling thread until `stop`.
  void run();
  /// Runs the loop on a thread of its own until `stop`, then `join`.
  void start();
  void stop();
  void join();

 private:
  struct Loop : asio::io_context {
    using asio::io_context::io_context;
    void end() { shutdown(); }  ///< destroys what still waits
  };

  unsigned index_;
  /// Sockets belong to this thread alone, so they need no locks; posting and timers keep theirs.
  Loop context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  std::unique_ptr<core::Timers> timers_;
  std::thread thread_;
};

}  // namespace mooring::io
