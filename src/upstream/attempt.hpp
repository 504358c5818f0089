#pragma once

#include <memory>
#include <string>

#include "upstream/link.hpp"

namespace mooring::upstream {

/// One call on its way: the clock it runs against, who may end it, and what the server says
/// meanwhile. Lives until the caller has the whole answer.
struct Link::Attempt final : transport::Sink, io::Pooled {
  Attempt(Link& owner, CallRequest call);
  ~Attempt() override;

  /// What the server says while the call runs: progress of the call (which moves its deadline), and
  /// all the rest.
  awaitable<void> message(protocol::Frame frame) override;

  const protocol::Frame& frame() const { return *request.frame; }
  /// The upstream's own name of the tool or prompt.
  const std::string& name() const { return request.name ? *request.name : frame().name(); }
  const std::string& cancel_reason() const;
  /// Given up by the caller, the clock, or because its session was ended on purpose.
  bool over() const { return abort.aborted(); }

  Link& link;
  CallRequest request;
  std::string id;                ///< on the upstream
  std::uint64_t generation = 0;  ///< of the session it was sent on last
  core::Duration timeout;
  core::TimePoint deadline, hard_deadline;
  core::Duration idle_before{0};  ///< the session was unused for so long when the call was sent
  io::AbortSource abort;
  bool timed_out = false;
  bool session_ended = false;

  int repeats = 0;
  bool may_have_run = false;          ///< in an earlier try
  std::uint64_t lost_generation = 0;  ///< the first it failed on; 0: none
  std::string recovery_id;
  bool in_turn = false;    ///< counted by the slow start of its session
  bool in_flight = false;  ///< counted by the link
  bool half_open = false;  ///< it is the one call a half-open breaker let through

 private:
  void arm();

  core::Timers::Id timer_ = 0;
  io::AbortSource::Subscription by_caller_, by_session_;
};

/// The rest of a large result. The call's deadline and its caller's abort hold until it has been
/// read: each piece moves the deadline, as progress does.
struct Link::TimedStream final : transport::BodyStream {
  TimedStream(
      std::shared_ptr<Link> owner, std::unique_ptr<Attempt> clock,
      std::unique_ptr<transport::BodyStream> body
  );
  awaitable<std::expected<std::string_view, recovery::Failure>> read_some() override;

  std::shared_ptr<Link> link;
  std::unique_ptr<Attempt> attempt;
  std::unique_ptr<transport::BodyStream> inner;
};

}  // namespace mooring::upstream
