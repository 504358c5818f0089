#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "io/asio.hpp"
#include "io/worker.hpp"

namespace mooring::io {

/// Our own stdin and stdout, or any pair of descriptors like them: pipes, terminals, files. On the
/// worker's thread only. The descriptors are duplicated; their blocking mode is put back when this
/// is destroyed.
class Stdio {
 public:
  explicit Stdio(Worker& worker, int in = 0, int out = 1);
  ~Stdio();

  /// The next bytes, valid until the next call; empty at the end of input, on an error, or after
  /// `stop`.
  awaitable<std::string_view> read_some();
  /// Queues the bytes; what is queued goes out in order and whole.
  void write(std::string bytes);
  /// Queues the bytes and waits until the reader took them (or went away): this is the
  /// backpressure.
  awaitable<void> write_all(std::string bytes);
  /// Waits until everything queued has gone out, or `until` has passed.
  awaitable<void> flush(core::TimePoint until);
  std::size_t queued() const;  ///< bytes that have not gone out
  /// Ends reading; what is queued still goes out.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mooring::io
