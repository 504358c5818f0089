// The way of a call, one try after the other; what follows from a failure is in link_recovery.cpp.
#include "upstream/link.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "protocol/messages.hpp"
#include "recovery/rules.hpp"
#include "upstream/attempt.hpp"
#include "upstream/call_errors.hpp"
#include "upstream/evidence.hpp"
#include "upstream/link_verdict.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Delivery;
using recovery::Failure;
using recovery::holds;
using recovery::Rule;

namespace {

/// What there is to judge: the attempt failed, or the answer is an error on a session that may be
/// about that session.
core::Boxed<Failure> evidence_in(
    const transport::Outcome& outcome, std::string_view method, const SessionView& session
) {
  if (outcome.failure) return *outcome.failure;
  const bool error = outcome.response && outcome.response->kind() == Frame::Kind::error;
  if (!error || session.headers->session_id.empty()) return std::nullopt;
  return in_band(*outcome.response, method, *session.headers);
}

}  // namespace

Link::Link(
    io::Worker& worker, std::shared_ptr<const UpstreamConfig> config,
    std::shared_ptr<transport::Channel> http, std::weak_ptr<Supervisor> supervisor, unsigned workers
)
    : worker_(worker),
      config_(std::move(config)),
      overrides_(config_->session_patterns, config_->session_codes, config_->treat_401_as_session),
      http_(std::move(http)),
      supervisor_(std::move(supervisor)),
      next_id_(worker.index() + 1),
      id_step_(workers),
      session_end_(std::make_shared<io::AbortSource>()),
      slow_start_(worker.executor(), worker.timers()),
      changed_(worker.executor(), worker.timers()),
      tasks_(worker.executor()) {}

void Link::publish(Snapshot snapshot) {
  const bool ended = snapshot.ended_generation > snapshot_.ended_generation;
  if (snapshot.session && snapshot.session != snapshot_.session) slow_start_.begin();
  snapshot_ = std::move(snapshot);
  changed_.notify();
  if (!ended) return;
  // The calls that come from now on belong to the next session.
  const auto end = std::exchange(session_end_, std::make_shared<io::AbortSource>());
  end->abort();
}

std::string Link::next_id() {
  const auto id = next_id_;
  next_id_ += id_step_;
  return std::to_string(id);
}

transport::Channel& Link::channel(const SessionView& session) const {
  return session.process ? *session.process : *http_;
}

bool Link::busy() const {
  const auto has_calls = [](const auto& activity) {
    return activity->in_flight.load(std::memory_order_acquire) > 0 ||
           activity->tasks.load(std::memory_order_acquire) > 0;
  };
  return has_calls(activity_) || std::ranges::any_of(others_, has_calls);
}

void Link::entered(Attempt& attempt) {
  attempt.in_flight = true;
  activity_->in_flight.fetch_add(1, std::memory_order_acq_rel);
}

void Link::left(Attempt& attempt) {
  if (!std::exchange(attempt.in_flight, false)) return;
  const auto supervisor = supervisor_.lock();
  const bool last = activity_->in_flight.fetch_sub(1, std::memory_order_acq_rel) == 1;
  if (last && snapshot_.draining && supervisor) supervisor->drained();
}

/// A call that was let through to try the server ended without a word on it.
void Link::abandon(const Attempt& attempt) {
  const auto supervisor = supervisor_.lock();
  if (attempt.half_open && supervisor) supervisor->settle(Supervisor::Strike::none);
}

/// How long a call that comes now waits for a session.
core::Duration Link::patience() const {
  // A child is being replaced, and the calls under way have all the time they need.
  if (snapshot_.draining) return config_->timeout_max;
  switch (snapshot_.state) {
    case State::connecting:
    case State::idle:
      return config_->connect_timeout;
    case State::suspect:  // it is asked first, and may have to be replaced then
      return std::max(config_->recovery_wait, config_->queue_wait);
    default:
      return config_->queue_wait;
  }
}

awaitable<CallResult> Link::call(CallRequest request) {
  const auto self = shared_from_this();
  auto owned = std::make_unique<Attempt>(*this, std::move(request));
  auto& attempt = *owned;
  CallResult result;
  auto now = worker_.timers().now();
  if (snapshot_.breaker_open_until || now < pause_until()) {
    if (auto refused = co_await admit(attempt)) {
      result.error = std::move(refused);
      co_return result;
    }
    now = worker_.timers().now();
  }
  auto until = now + patience();
  std::uint64_t after = 0;
  for (;;) {
    auto session = session_now(after, attempt);
    if (!session) session = co_await session_after(after, until, attempt);
    if (!session) {
      result.error = no_session(attempt);
      settle(attempt, *result.error);
      co_return result;
    }
    if (!take_turn_now(attempt, *session) && !co_await take_turn(attempt, *session)) {
      until = std::max(until, worker_.timers().now() + config_->queue_wait);
      continue;
    }
    result.generation = session->generation;
    entered(attempt);
    auto outcome = co_await send(attempt, *session);
    give_turn(attempt);
    const auto failure = evidence_in(outcome, attempt.frame().method(), *session);
    if (!failure) co_return answered(std::move(owned), *session, std::move(outcome));
    // Who waits for the next session is not what this one waits for before it goes.
    left(attempt);
    if (attempt.over()) {
      result.error = given_up(attempt, *failure, session);
      settle(attempt, *result.error);
      co_return result;
    }
    auto verdict = co_await judge(attempt, *failure, *session);
    switch (verdict.what) {
      case Verdict::What::answer:
        if (verdict.answer) {
          outcome.failure.reset();
          outcome.response = std::move(verdict.answer);
        }
        co_return answered(std::move(owned), *session, std::move(outcome));
      case Verdict::What::error:
        result.error = std::move(verdict.error);
        settle(attempt, *result.error);
        co_return result;
      case Verdict::What::repeat:
        ++attempt.repeats;
        after = verdict.same_session ? session->generation - 1 : session->generation;
        until = worker_.timers().now() + config_->queue_wait;
    }
  }
}

/// True where there is nothing to wait for, as nearly always.
bool Link::take_turn_now(Attempt& attempt, const SessionView& session) {
  if (session.headers->session_id.empty()) return true;
  return attempt.in_turn = slow_start_.try_enter();
}

/// False: by the time it is the call's turn, the session is another, or the call is over.
awaitable<bool> Link::take_turn(Attempt& attempt, const SessionView& session) {
  attempt.in_turn = co_await slow_start_.enter(attempt.abort);
  const bool current = snapshot_.session && snapshot_.session->generation == session.generation;
  if (attempt.in_turn && current) co_return true;
  give_turn(attempt);
  co_return false;
}

void Link::give_turn(Attempt& attempt) {
  if (std::exchange(attempt.in_turn, false)) slow_start_.leave();
}

CallResult Link::answered(
    std::unique_ptr<Attempt> attempt, const SessionView& session, transport::Outcome outcome
) {
  // Written once: the sessions are shared by all workers.
  for (auto* flag : {session.proven.get(), session.served.get()}) {
    if (!flag->load(std::memory_order_relaxed)) flag->store(true, std::memory_order_relaxed);
  }
  activity_->last_used.store(worker_.timers().now(), std::memory_order_relaxed);
  const auto supervisor = supervisor_.lock();
  if (supervisor && (snapshot_.breaker_counts || attempt->half_open)) {
    attempt->half_open = false;
    supervisor->settle(Supervisor::Strike::success);
  }
  if (supervisor && attempt->lost_generation != 0)
    supervisor->account(attempt->lost_generation, Recorder::Fate::saved);
  CallResult result;
  result.generation = session.generation;
  result.modern = session.server.modern();
  result.response = std::move(outcome.response);
  if (outcome.stream) {
    result.stream = std::make_unique<TimedStream>(
        shared_from_this(), std::move(attempt), std::move(outcome.stream)
    );
  }
  return result;
}

/// Whether the call may go on at all: the breaker, and a pause the server asked for.
awaitable<std::optional<CallError>> Link::admit(Attempt& attempt) {
  const auto now = worker_.timers().now();
  if (now < pause_until()) {
    const auto left = std::chrono::duration_cast<core::Duration>(pause_until() - now);
    if (left > config_->queue_wait) co_return asked_to_wait(name(), left);
    co_await io::sleep_until(worker_.timers(), pause_until(), &attempt.abort);
  }
  if (!snapshot_.breaker_open_until) co_return std::nullopt;
  if (worker_.timers().now() < *snapshot_.breaker_open_until)
    co_return breaker_open(name(), snapshot_, now);
  const auto supervisor = supervisor_.lock();
  attempt.half_open = supervisor && co_await supervisor->admit();
  if (!attempt.half_open) co_return breaker_open(name(), snapshot_, worker_.timers().now());
  co_return std::nullopt;
}

/// The session that the call goes out on, where one stands.
std::shared_ptr<const SessionView> Link::session_now(
    std::uint64_t generation, const Attempt& attempt
) const {
  if (attempt.over() && holds(Rule::cancelled_stays_cancelled)) return nullptr;
  const auto& session = snapshot_.session;
  const bool newer = session && session->generation > generation;
  return newer || !holds(Rule::newer_generation) ? session : nullptr;
}

awaitable<std::shared_ptr<const SessionView>> Link::session_after(
    std::uint64_t generation, core::TimePoint until, Attempt& attempt
) {
  for (;;) {
    if (auto session = session_now(generation, attempt)) co_return session;
    if (attempt.over() && holds(Rule::cancelled_stays_cancelled)) co_return nullptr;
    const auto supervisor = supervisor_.lock();
    switch (snapshot_.state) {
      case State::idle:
        if (supervisor) supervisor->wanted();
        break;
      case State::parked:
      case State::failed:
        if (supervisor) supervisor->wanted();
        co_return nullptr;
      case State::login_needed:
      case State::disabled:
      case State::stopped:
        co_return nullptr;
      default:
        break;
    }
    if (worker_.timers().now() >= until || attempt.over()) co_return nullptr;
    co_await changed_.wait(until, &attempt.abort);
  }
}

awaitable<transport::Outcome> Link::send(Attempt& attempt, const SessionView& session) {
  const auto& frame = attempt.frame();
  attempt.id = next_id();
  attempt.generation = session.generation;
  const auto now = worker_.timers().now();
  const auto before = activity_->last_used.exchange(now, std::memory_order_relaxed);
  attempt.idle_before = std::chrono::duration_cast<core::Duration>(now - before);

  if (session.server.modern()) return send_modern(attempt, session);
  std::string name;
  if (attempt.request.name && frame.name_span()) {
    name = protocol::quote(*attempt.request.name);
  }
  transport::OutgoingRequest out;
  if (frame.progress_token_span()) out.progress_token = attempt.id;
  out.bytes = frame.spliced(
      {{frame.id_span(), attempt.id},
       {attempt.request.name ? frame.name_span() : protocol::Span(), name},
       {frame.progress_token_span(), attempt.id}}
  );
  out.id = attempt.id;
  out.method = frame.method();
  out.session = session.headers;
  out.from_client = true;
  out.stream_over = attempt.request.stream_over;
  out.abort = &attempt.abort;
  return channel(session).request(std::move(out), attempt);
}

CallError Link::no_session(const Attempt& attempt) const {
  const auto& method = attempt.frame().method();
  auto error = unavailable(name(), snapshot_, worker_.timers().now());
  if (attempt.timed_out) {
    error = timed_out(name(), method, attempt.timeout, Delivery::not_sent);
  } else if (attempt.over() && !attempt.session_ended) {
    error = cancelled(name(), method, Delivery::not_sent);
  }
  error.recovery_id = attempt.recovery_id.empty() ? snapshot_.recovery_id : attempt.recovery_id;
  return error;
}

/// The call was ended by its caller, its deadline or a deliberate reconnect.
CallError Link::given_up(
    const Attempt& attempt, const Failure& failure, std::shared_ptr<const SessionView> session
) {
  const auto& method = attempt.frame().method();
  if (attempt.session_ended)
    return session_ended(name(), method, failure.delivery, harmless(attempt));
  if (failure.delivery != Delivery::not_sent) {
    const auto reason =
        attempt.timed_out ? std::string("deadline exceeded") : attempt.cancel_reason();
    cancel_upstream(attempt.id, reason, std::move(session));
  }
  return attempt.timed_out ? timed_out(name(), method, attempt.timeout, failure.delivery)
                           : cancelled(name(), method, failure.delivery);
}

void Link::cancel_upstream(
    std::string id, std::string reason, std::shared_ptr<const SessionView> session
) {
  // There the end of the exchange has told the server (2026-07-28 "Cancellation").
  if (session->server.modern() && !session->process) return;
  auto params = fmt::format(R"({{"requestId":{},"reason":{}}})", id, protocol::quote(reason));
  tasks_.spawn(
      [](std::shared_ptr<Link> self, std::string bytes,
         std::shared_ptr<const SessionView> view) -> awaitable<void> {
        co_await self->channel(*view).notify(std::move(bytes), view->headers);
      }(shared_from_this(), protocol::make_notification("notifications/cancelled", params),
                                                  std::move(session))
  );
}

void Link::tell(std::string request, std::string_view capabilities, core::Duration at_most) {
  tasks_.spawn(
      [](std::shared_ptr<Link> self, std::string bytes, std::string of_caller,
         core::Duration timeout) -> awaitable<void> {
        const auto frame = Frame::parse(std::move(bytes));
        if (!frame) co_return;
        CallRequest call;
        call.frame = &*frame;
        call.client_capabilities = of_caller;
        call.takes_tasks = true;
        call.timeout = timeout;
        co_await self->call(std::move(call));
      }(shared_from_this(), std::move(request), std::string(capabilities), at_most)
  );
}

awaitable<void> Link::notify(std::string bytes, std::optional<std::uint64_t> generation) {
  const auto self = shared_from_this();
  const auto session = snapshot_.session;
  if (!session || (generation && session->generation != *generation)) {
    core::log::debug("upstream", "{}: dropped a message for a session that is gone", name());
    co_return;
  }
  // Of what clients and their answers may say outside of requests, nothing is left in that era.
  if (session->server.modern()) co_return;
  const auto failure = co_await channel(*session).notify(std::move(bytes), session->headers);
  if (failure) core::log::warn("upstream", "{}: {}", name(), recovery::describe(*failure));
}

awaitable<bool> Link::wait_for_catalogue(core::TimePoint until, io::AbortSource* abort) {
  const auto self = shared_from_this();
  while (!snapshot_.catalogue) {
    const bool hopeless = snapshot_.state != State::connecting &&
                          snapshot_.state != State::recovering &&
                          snapshot_.state != State::backing_off && snapshot_.state != State::ready;
    if (hopeless || worker_.timers().now() >= until) co_return false;
    if (!co_await changed_.wait(until, abort) && abort != nullptr && abort->aborted())
      co_return false;
  }
  co_return true;
}

awaitable<void> Link::stop() {
  const auto self = shared_from_this();
  co_await tasks_.join();
}

}  // namespace mooring::upstream
