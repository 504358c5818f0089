#pragma once

#include <string>

#include "transport/channel.hpp"

namespace mooring::transport {

/// A channel whose connection is the session: a process of ours, or the stream of HTTP+SSE.
/// `listen()` returns with a failure when it is gone, and every open call ends. Safe to use from
/// any worker.
class ProcessChannel : public Channel {
 public:
  /// 0: there is no process, and the three below are empty.
  virtual int pid() const = 0;
  /// The last 8 KiB of its stderr, redacted.
  virtual std::string stderr_tail() const = 0;
  /// What it wrote to stdout that was no message: the first 200 bytes of it; empty: nothing so far.
  virtual std::string first_noise() const = 0;
  /// "exited with status 3"; empty while it runs.
  virtual std::string exit_text() const = 0;
  /// Ends the stream, or the process and its whole tree; returns when all is gone. Must be awaited
  /// before the last reference is dropped.
  virtual awaitable<void> close() = 0;
};

}  // namespace mooring::transport
