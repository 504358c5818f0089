#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mooring/result.hpp>
#include <mutex>
#include <string>
#include <thread>

#include "store/sqlite.hpp"

namespace mooring::store {

/// A database behind a thread of its own: nobody waits for the disk, unless told to. What is posted
/// is done in order, what waits together as one transaction. A disk that fails costs a log line
/// until it works again, and what could not be written. Safe from any thread.
class DatabaseThread {
 public:
  using Job = std::function<Result<void>(Sqlite&)>;
  static constexpr std::size_t most_queued = 10'000;  ///< a disk that hangs must not eat the memory

  /// `what` is kept in it, as the log says it: "session state".
  DatabaseThread(Sqlite database, std::string what);
  ~DatabaseThread();  ///< does what is queued
  DatabaseThread(const DatabaseThread&) = delete;
  DatabaseThread& operator=(const DatabaseThread&) = delete;

  /// False: left out, because `most_queued` wait already.
  bool write(Job job);
  /// After everything queued before, whatever became of that.
  void read(Job job);
  /// The same, and returns when it is done. Not on the database's own thread.
  void read_now(const Job& job);

 private:
  struct Task {
    Job job;
    bool writes;
  };
  void work();
  void transact(std::deque<Task>& batch);
  void note(const Result<void>& done);

  Sqlite database_;
  std::string what_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool closing_ = false;
  bool full_ = false;     ///< said already
  bool failing_ = false;  ///< said already
  std::thread thread_;
};

}  // namespace mooring::store
