#include "store/database_thread.hpp"

#include <future>
#include <memory>
#include <utility>

#include "core/log.hpp"

namespace mooring::store {

DatabaseThread::DatabaseThread(Sqlite database, std::string what)
    : database_(std::move(database)), what_(std::move(what)), thread_([this] { work(); }) {}

DatabaseThread::~DatabaseThread() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool DatabaseThread::write(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= most_queued) {
      if (!std::exchange(full_, true)) {
        core::log::warn("store", "{} not kept: the disk is too slow", what_);
      }
      return false;
    }
    queue_.push_back({std::move(job), true});
  }
  wake_.notify_one();
  return true;
}

void DatabaseThread::read(Job job) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back({std::move(job), false});
  }
  wake_.notify_one();
}

void DatabaseThread::read_now(const Job& job) {
  // Shared: whoever waits may be gone before `set_value` has returned.
  const auto done = std::make_shared<std::promise<void>>();
  auto waiting = done->get_future();
  read([done, &job](Sqlite& database) {
    auto result = job(database);
    done->set_value();
    return result;
  });
  waiting.wait();
}

void DatabaseThread::work() {
  for (;;) {
    std::deque<Task> batch;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch.swap(queue_);
      full_ = false;
    }
    while (!batch.empty()) {
      if (batch.front().writes) {
        transact(batch);
      } else {
        // Outside of a transaction: what is told was kept before.
        note(batch.front().job(database_));
        batch.pop_front();
      }
    }
  }
}

/// The writes at the front of the batch.
void DatabaseThread::transact(std::deque<Task>& batch) {
  // At once for writing: where another process holds the file, that is found out one time and not
  // by every write.
  const auto begun = database_.execute("BEGIN IMMEDIATE");
  auto worst = begun;
  for (; !batch.empty() && batch.front().writes; batch.pop_front()) {
    if (!begun) continue;
    if (auto done = batch.front().job(database_); !done && worst) worst = std::move(done);
  }
  if (begun) {
    if (auto kept = database_.execute("COMMIT"); !kept) {
      if (worst) worst = std::move(kept);
      // SQLite may have done so itself; else the next transaction could not begin.
      static_cast<void>(database_.execute("ROLLBACK"));
    }
  }
  note(worst);
  if (worst) failing_ = false;
}

void DatabaseThread::note(const Result<void>& done) {
  if (done || std::exchange(failing_, true)) return;
  core::log::warn("store", "{} not kept: {}", what_, done.error().detail);
}

}  // namespace mooring::store
