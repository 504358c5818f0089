#include "io/worker.hpp"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <csignal>
#include <utility>

#include "io/coarse_timers.hpp"

namespace mooring::io {

Worker::Worker(unsigned index, std::unique_ptr<core::Timers> timers)
    : index_(index), timers_(std::move(timers)) {
  if (!timers_) {
    auto clock = std::make_unique<CoarseTimers>(context_);
    clock_ = clock.get();
    timers_ = std::move(clock);
  }
  // A peer that closes must be an error code, never a signal. OpenSSL and pipes have no
  // MSG_NOSIGNAL.
  static const bool ignored = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR;
  static_cast<void>(ignored);
}

Worker::~Worker() {
  stop();
  join();
  // Coroutines that still wait are destroyed while the timers they hold on to exist.
  for (auto& stage : waiting_) stage.clear();
  poller_.end();
  context_.end();
}

void Worker::post(std::function<void()> task) { asio::post(context_, std::move(task)); }

void Worker::tell_time() {
  if (clock_ != nullptr) clock_->hold();
}

/// The poller has something to tell.
void Worker::turn() {
  turning_ = true;
  tell_time();
  poller_.look();
  alone_ = poller_.ready() == 1;
  poller_.resume_ready();
  alone_ = false;
  finish_turn();
}

void Worker::finish_turn() {
  turning_ = true;
  poller_.expect_news();
  for (auto& stage : waiting_) {
    if (stage.empty()) continue;
    tell_time();
    // Whoever comes meanwhile waits for the same stage of the next turn.
    resumed_.swap(stage);
    for (auto& resume : resumed_) resume();
    resumed_.clear();
  }
  tell_time();
  poller_.resume_ready();
  turning_ = false;
  if (clock_ != nullptr) clock_->go_on();
  const auto late = [](const auto& stage) { return !stage.empty(); };
  if (std::ranges::any_of(waiting_, late)) post_turn();
}

void Worker::wait_for(Stage stage, Resume resume) {
  waiting_[static_cast<std::size_t>(stage)].push_back(std::move(resume));
  if (!turning_) post_turn();
}

/// What is posted comes after all that is ready now, and after what has become ready by then was
/// looked for.
void Worker::post_turn() {
  if (std::exchange(turn_posted_, true)) return;
  asio::post(context_, [this] {
    turn_posted_ = false;
    finish_turn();
  });
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
