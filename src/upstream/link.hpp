#pragma once

#include <cstdint>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <vector>

#include "io/async.hpp"
#include "io/worker.hpp"
#include "recovery/classify.hpp"
#include "recovery/decide.hpp"
#include "transport/channel.hpp"
#include "upstream/call.hpp"
#include "upstream/slow_start.hpp"
#include "upstream/snapshot.hpp"

namespace mooring::upstream {

class Supervisor;
struct Healing;

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
  /// Read by the Supervisor, from its own thread.
  const Activity& activity() const { return *activity_; }
  /// Some client's call is under way, on whichever worker.
  bool busy() const;
  /// While it lives, the server works at something for a call of ours, though none is on the wire.
  class Hold {
   public:
    explicit Hold(Link& of) : activity_(of.activity_) { ++activity_->tasks; }
    ~Hold() { --activity_->tasks; }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::shared_ptr<Activity> activity_;
  };
  /// Before it is used: those of the other workers.
  void know_others(std::vector<std::shared_ptr<const Activity>> others) {
    others_ = std::move(others);
  }
  std::shared_ptr<const Activity> shared_activity() const { return activity_; }

  /// Sends a client's request and sees it through: breaker, waiting for a session, id, name and
  /// progress token, the deadline (extended by progress), and what recovery::decide makes of a
  /// failure: healing, and a repeat where that is safe.
  awaitable<CallResult> call(CallRequest request);
  /// Sends a request of ours (whole, any id) whose answer nobody waits for, in the name of a caller
  /// with these capabilities; it ends after `at_most`.
  void tell(std::string request, std::string_view capabilities, core::Duration at_most);
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
  // link.cpp: one try after the other
  awaitable<std::optional<CallError>> admit(Attempt& attempt);
  core::Duration patience() const;
  std::shared_ptr<const SessionView> session_now(std::uint64_t generation, const Attempt& attempt)
      const;
  awaitable<std::shared_ptr<const SessionView>> session_after(
      std::uint64_t generation, core::TimePoint until, Attempt& attempt
  );
  bool take_turn_now(Attempt& attempt, const SessionView& session);
  awaitable<bool> take_turn(Attempt& attempt, const SessionView& session);
  void give_turn(Attempt& attempt);
  awaitable<transport::Outcome> send(Attempt& attempt, const SessionView& session);
  // link_modern.cpp: the same for a server of the modern era
  awaitable<transport::Outcome> send_modern(Attempt& attempt, const SessionView& session);
  awaitable<std::optional<std::string>> own_answer(const Attempt& attempt) const;
  std::string_view input_schema(const Attempt& attempt) const;
  std::string capabilities_of(const Attempt& attempt, const SessionView& session) const;
  awaitable<bool> mended_headers(
      const Attempt& attempt, const SessionView& session, const protocol::Frame& answer
  ) const;
  CallResult answered(
      std::unique_ptr<Attempt> attempt, const SessionView& session, transport::Outcome outcome
  );
  CallError no_session(const Attempt& attempt) const;
  CallError given_up(
      const Attempt& attempt, const recovery::Failure& failure,
      std::shared_ptr<const SessionView> session
  );
  void entered(Attempt& attempt);
  void left(Attempt& attempt);
  void abandon(const Attempt& attempt);
  // link_recovery.cpp: what follows from a failure
  struct Verdict;
  awaitable<Verdict> judge(
      Attempt& attempt, const recovery::Failure& failure, const SessionView& session
  );
  recovery::Plan plan_for(
      const Attempt& attempt, const SessionView& session, const recovery::Conclusion& conclusion,
      recovery::Delivery delivery
  ) const;
  bool harmless(const Attempt& attempt) const;
  ReplayPolicy replay_policy(const Attempt& attempt) const;
  awaitable<Healing> heal(
      Attempt& attempt, const SessionView& session, const recovery::Failure& failure,
      const recovery::Plan& plan, recovery::Kind kind, core::TimePoint until
  );
  CallError given_up_waiting(const Attempt& attempt, recovery::Delivery delivery) const;
  void settle(Attempt& attempt, CallError& error);
  std::optional<core::Duration> pause_after(const recovery::Failure& failure) const;
  void heed(const recovery::Failure& failure, const recovery::Conclusion& conclusion);
  core::TimePoint& pause_until();
  void cancel_upstream(
      std::string id, std::string reason, std::shared_ptr<const SessionView> session
  );

  io::Worker& worker_;
  std::shared_ptr<const UpstreamConfig> config_;
  recovery::Overrides overrides_;
  std::shared_ptr<transport::Channel> http_;
  std::weak_ptr<Supervisor> supervisor_;
  std::uint64_t next_id_;
  std::uint64_t id_step_;
  Snapshot snapshot_;
  std::shared_ptr<Activity> activity_ = std::make_shared<Activity>();
  std::vector<std::shared_ptr<const Activity>> others_;
  std::shared_ptr<io::AbortSource> session_end_;  ///< fires when sessions are ended on purpose
  SlowStart slow_start_;
  core::TimePoint not_before_{};  ///< the server asked for a pause until then
  io::Event changed_;
  io::TaskGroup tasks_;
};

}  // namespace mooring::upstream
