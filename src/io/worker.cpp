#include "io/worker.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <csignal>

#include "io/coarse_timers.hpp"

namespace mooring::io {

Worker::Worker(unsigned index, std::unique_ptr<core::Timers> timers)
    : index_(index), timers_(std::move(timers)) {
  if (!timers_) timers_ = std::make_unique<CoarseTimers>(context_);
  // A peer that closes must be an error code, never a signal. OpenSSL and pipes have no
  // MSG_NOSIGNAL.
  static const bool ignored = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  static_cast<void>(ignored);
}

Worker::~Worker() {
  stop();
  join();
  // Coroutines that still wait are destroyed while the timers they hold on to exist.
  at_end_.clear();
  poller_.end();
  context_.end();
}

void Worker::post(std::function<void()> task) { asio::post(context_, std::move(task)); }

/// The sockets' part of a turn of the loop.
void Worker::turn() {
  turning_ = true;
  poller_.look();
  poller_.resume_ready();
  turning_ = false;
  if (!at_end_.empty()) end_turn();
}

/// What is posted comes after all that is ready now, and after what has become ready by then was
/// looked for.
void Worker::at_end_of_turn(Resume resume) {
  if (at_end_.empty() && !turning_) asio::post(context_, [this] { end_turn(); });
  at_end_.push_back(std::move(resume));
}

void Worker::end_turn() {
  poller_.expect_news();
  // Whoever comes meanwhile waits for the end of the next one.
  resumed_.swap(at_end_);
  for (auto& resume : resumed_) resume();
  resumed_.clear();
  poller_.resume_ready();
}

bool Worker::on_this_thread() { return context_.get_executor().running_in_this_thread(); }

void Worker::run() {
  auto work = asio::make_work_guard(context_);
  context_.run();
  context_.restart();
}

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::stop() { context_.stop(); }

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace mooring::io
