#pragma once

#include <atomic>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>

#include "io/async.hpp"
#include "io/child.hpp"
#include "io/worker.hpp"
#include "protocol/line_framer.hpp"
#include "transport/line_watch.hpp"
#include "transport/pending_call.hpp"
#include "transport/process_notes.hpp"
#include "transport/stdio_channel.hpp"
#include "transport/switchboard.hpp"

namespace mooring::transport {

/// The part of a StdioChannel that lives on the home worker. Everything is called there, except
/// where it says otherwise.
class StdioChannel::Core : public std::enable_shared_from_this<StdioChannel::Core> {
 public:
  Core(io::Worker& home, const UpstreamConfig& config, std::unique_ptr<io::Child> child);

  void start(const Hooks& hooks);
  void submit(std::shared_ptr<PendingCall> call);
  /// The caller gave up: what still comes for the call is ignored.
  void forget(const std::string& id);
  static awaitable<std::optional<recovery::Failure>> notify(
      std::shared_ptr<Core> self, std::string bytes
  );
  void listen(std::shared_ptr<Mailbox> listener);
  void unlisten(const std::shared_ptr<Mailbox>& listener);
  static awaitable<void> close(std::shared_ptr<Core> self);

  // On any thread:
  io::Worker& home() const { return home_; }
  int pid() const { return pid_; }
  std::size_t buffer_bytes() const { return buffer_bytes_; }
  const ProcessNotes& notes() const { return notes_; }
  bool closed() const { return closed_; }

 private:
  static awaitable<void> read(std::shared_ptr<Core> self);
  static awaitable<void> watch(std::shared_ptr<Core> self);
  static awaitable<void> write(std::shared_ptr<Core> self, std::shared_ptr<PendingCall> call);
  static awaitable<void> write_notice(
      std::shared_ptr<Core> self, std::string bytes,
      std::shared_ptr<std::optional<recovery::Failure>> result, std::shared_ptr<io::Event> done
  );

  void take_line(std::string line);
  void fail_oversized(const std::string& id);
  void bury();
  recovery::Failure failure(recovery::Delivery delivery, std::string_view method) const;
  core::TimePoint after(core::Duration delay) const { return home_.timers().now() + delay; }

  io::Worker& home_;
  std::unique_ptr<io::Child> child_;
  int pid_;
  std::size_t buffer_bytes_;
  core::Duration timeout_;
  ProcessNotes notes_;
  std::atomic<bool> closed_ = false;  ///< somebody has begun to close

  protocol::LineFramer framer_;
  LineWatch watch_;
  Switchboard switchboard_;
  bool dead_ = false;
  io::Event end_of_output_;
  io::Event exited_;
  io::Event buried_;
  io::Event gone_;  ///< close() is through
  io::TaskGroup tasks_;
};

}  // namespace mooring::transport
