#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/timers.hpp"
#include "io/asio.hpp"
#include "io/poller.hpp"

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
  Poller& poller() { return poller_; }
  void post(std::function<void()> task);
  bool on_this_thread();
  /// On this thread: goes on when what was ready in this turn of the loop has been handled. Waited
  /// for before a write, it makes what a turn has to say go out together: a peer that sleeps is
  /// woken once for all of it, and waking is what costs most in a write.
  auto end_of_turn() {
    return asio::async_initiate<const asio::deferred_t&, void()>(
        [this](auto resume) { at_end_of_turn(std::move(resume)); }, asio::deferred
    );
  }

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

  using Resume = std::move_only_function<void()>;
  void turn();
  void at_end_of_turn(Resume resume);
  void end_turn();

  unsigned index_;
  /// Sockets belong to this thread alone, so they need no locks; posting and timers keep theirs.
  Loop context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Poller poller_{context_, [this] { turn(); }};
  std::unique_ptr<core::Timers> timers_;
  std::vector<Resume> at_end_;   ///< of this turn
  std::vector<Resume> resumed_;  ///< empty but for its memory
  bool turning_ = false;
  std::thread thread_;
};

}  // namespace mooring::io
