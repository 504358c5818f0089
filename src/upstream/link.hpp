#pragma once

#include <cstdint>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>

#include "io/async.hpp"
#include "io/worker.hpp"
#include "transport/channel.hpp"
#include "upstream/call.hpp"
#include "upstream/snapshot.hpp"

namespace mooring::upstream {

class Supervisor;

/// One worker's way to one upstream: the last snapshot it was told, its own connections, and the
/// pipeline a call goes through. Used on its worker's thread alone.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(
      io::Worker& worker, std::shared_ptr<const UpstreamConfig> config,
      std::shared_ptr<transport::Channel> http, std::weak_ptr<Supervisor> supervisor,
      unsigned workers
  );

  const std::string& name() const { return config_->name; }
  const UpstreamConfig& config() const { return *config_; }
  const Snapshot& snapshot() const { return snapshot_; }

  /// Sends a client's request and sees it through: waits for a session, maps id, name and progress
  /// token, keeps the deadline (extended by progress), repeats it once on a newer session after a
  /// loss that proves it was not executed.
  awaitable<CallResult> call(CallRequest request);
  /// Sends a client's notification, or the response to a request that came on generation
  /// `generation`. Dropped with a log line when that generation is gone.
  awaitable<void> notify(std::string bytes, std::optional<std::uint64_t> generation = std::nullopt);
  /// Waits until a catalogue is known `until` passed or `abort` fired. False: still none.
  awaitable<bool> wait_for_catalogue(core::TimePoint until, io::AbortSource* abort = nullptr);

  std::shared_ptr<Supervisor> supervisor() const { return supervisor_.lock(); }

  /// From the Supervisor, posted to this worker.
  void publish(Snapshot snapshot);
  /// A fresh id for a request on this upstream, unique over all workers. Raw JSON number.
  std::string next_id();
  const std::shared_ptr<transport::Channel>& http() const { return http_; }
  awaitable<void> stop();

 private:
  struct Attempt;
  struct TimedStream;

  transport::Channel& channel(const SessionView& session) const;
  awaitable<std::shared_ptr<const SessionView>> session_after(
      std::uint64_t generation, core::Duration wait, io::AbortSource& abort
  );
  awaitable<transport::Outcome> attempt(Attempt& attempt, const SessionView& session);
  /// True: the session of that generation proved to be alive after all.
  awaitable<bool> heal(
      std::uint64_t generation, const recovery::Failure& failure, core::TimePoint until,
      io::AbortSource& abort
  );
  void report_lost(std::uint64_t generation, const recovery::Failure& failure);
  CallError unavailable() const;
  CallError failed(const Attempt& attempt, const recovery::Failure& failure) const;
  void cancel_upstream(
      std::string id, std::string reason, std::shared_ptr<const SessionView> session
  );

  io::Worker& worker_;
  std::shared_ptr<const UpstreamConfig> config_;
  std::shared_ptr<transport::Channel> http_;
  std::weak_ptr<Supervisor> supervisor_;
  std::uint64_t next_id_;
  std::uint64_t id_step_;
  Snapshot snapshot_;
  io::Event changed_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::upstream
