#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "core/timers.hpp"
#include "io/asio.hpp"
#include "io/poller.hpp"

namespace mooring::io {

class CoarseTimers;

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
  /// The parts of a turn of the loop, in their order.
  enum class Stage : std::uint8_t {
    requests,   ///< requests that were read are handled, up to calls of others
    calls,      ///< these are put on their way
    responses,  ///< what others answered is made out
    results,    ///< and handled, up to what is answered
    sends,      ///< written to others
    answers     ///< written to who asked
  };
  /// On this thread: goes on in that part of this turn, or of the next one, where it is over.
  ///
  /// What all calls of a turn do in one part comes together. Their code is fetched once for all of
  /// them (that of a whole call is four times what the processor's first cache holds, which costs
  /// more than running it), and what a turn has to say goes out together: a peer that sleeps is
  /// woken once for all of it.
  ///
  /// It is the same time for all of them: `timers().now()` stands still within a stage.
  ///
  /// Not where `has_company` is false: then there is one socket's news in this turn, and nobody to
  /// wait for.
  auto enter(Stage stage) {
    return asio::async_initiate<const asio::deferred_t&, void()>(
        [this, stage](auto resume) { wait_for(stage, std::move(resume)); }, asio::deferred
    );
  }

  bool has_company() const { return !alone_; }

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
  void finish_turn();
  void wait_for(Stage stage, Resume resume);
  void post_turn();
  void tell_time();

  unsigned index_;
  /// Sockets belong to this thread alone, so they need no locks; posting and timers keep theirs.
  Loop context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Poller poller_{context_, [this] { turn(); }};
  std::unique_ptr<core::Timers> timers_;
  CoarseTimers* clock_ = nullptr;               ///< these, where they are real ones
  std::array<std::vector<Resume>, 6> waiting_;  ///< by stage
  std::vector<Resume> resumed_;                 ///< empty but for its memory
  bool turning_ = false;
  bool alone_ = false;
  bool turn_posted_ = false;
  std::thread thread_;
};

}  // namespace mooring::io
