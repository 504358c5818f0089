#include "upstream/link.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "protocol/messages.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using protocol::Frame;
using recovery::Delivery;
using recovery::Failure;

/// One try of one call: what it sends under which id, and the clock it runs against.
struct Link::Attempt final : transport::Sink {
  Attempt(Link& owner, CallRequest call) : link(owner), request(std::move(call)) {
    auto& timers = link.worker_.timers();
    const auto& config = link.config();
    timeout = request.timeout.value_or(config.timeout);
    hard_deadline = timers.now() + std::max(timeout, config.timeout_max);
    deadline = timers.now() + timeout;
    if (request.abort != nullptr) {
      subscription = request.abort->subscribe([this] { abort.abort(); });
    }
    arm();
  }
  ~Attempt() override { link.worker_.timers().cancel(timer); }

  // A progress notification moves `deadline`; the timer only notices when it fires, so that
  // progress costs no re-arming.
  void arm() {
    timer = link.worker_.timers().arm(deadline, [this] {
      timer = 0;
      if (link.worker_.timers().now() < deadline) return arm();
      timed_out = true;
      abort.abort();
    });
  }

  awaitable<void> message(Frame frame) override {
    if (frame.is_notification() && frame.method() == "notifications/progress" &&
        frame.progress_token() == id) {
      // Never nearer: a person may be answering something meanwhile.
      const auto moved = std::min(hard_deadline, link.worker_.timers().now() + timeout);
      deadline = std::max(deadline, moved);
      auto parsed = Frame::parse(
          frame.spliced({{frame.progress_token_span(), request.frame->progress_token()}})
      );
      if (parsed && request.sink != nullptr) co_await request.sink->message(std::move(*parsed));
      co_return;
    }
    // What concerns the shared session, not this call, goes the way of everything unsolicited.
    if (frame.is_notification() && (frame.method().ends_with("/list_changed") ||
                                    frame.method() == "notifications/resources/updated")) {
      if (const auto supervisor = link.supervisor_.lock()) supervisor->overheard(std::move(frame));
      co_return;
    }
    // A person may have to answer: the call's own clock must not run out meanwhile.
    if (frame.is_request()) {
      const auto answered =
          link.worker_.timers().now() + link.config().client_request_timeout + timeout;
      deadline = std::max(deadline, std::min(hard_deadline, answered));
    }
    if (request.sink != nullptr) co_await request.sink->message(std::move(frame));
  }

  const std::string& reason() const {
    return request.reason_now != nullptr ? *request.reason_now : request.cancel_reason;
  }

  Link& link;
  CallRequest request;
  std::string id;
  core::Duration timeout;
  core::TimePoint deadline, hard_deadline;
  core::Timers::Id timer = 0;
  io::AbortSource abort;
  io::AbortSource::Subscription subscription;
  bool timed_out = false;
};

/// The rest of a large result. The call's deadline and its caller's abort hold until it has been
/// read: each piece moves the deadline, as progress does.
struct Link::TimedStream final : transport::BodyStream {
  TimedStream(
      std::shared_ptr<Link> owner, std::unique_ptr<Attempt> clock,
      std::unique_ptr<transport::BodyStream> body
  )
      : link(std::move(owner)), attempt(std::move(clock)), inner(std::move(body)) {}

  awaitable<std::expected<std::string_view, Failure>> read_some() override {
    auto piece = co_await inner->read_some();
    attempt->deadline =
        std::min(attempt->hard_deadline, link->worker_.timers().now() + attempt->timeout);
    co_return piece;
  }

  std::shared_ptr<Link> link;
  std::unique_ptr<Attempt> attempt;
  std::unique_ptr<transport::BodyStream> inner;
};

namespace {
/// What a failure says about the connection: a body that broke off, or was over a limit of ours,
/// says nothing.
bool connection_lost(const Failure& failure) {
  return failure.stage && *failure.stage != recovery::Stage::body;
}
}  // namespace

Link::Link(
    io::Worker& worker, std::shared_ptr<const UpstreamConfig> config,
    std::shared_ptr<transport::Channel> http, std::weak_ptr<Supervisor> supervisor, unsigned workers
)
    : worker_(worker),
      config_(std::move(config)),
      http_(std::move(http)),
      supervisor_(std::move(supervisor)),
      next_id_(worker.index() + 1),
      id_step_(workers),
      changed_(worker.executor(), worker.timers()),
      tasks_(worker.executor()) {}

void Link::publish(Snapshot snapshot) {
  snapshot_ = std::move(snapshot);
  changed_.notify();
}

std::string Link::next_id() {
  const auto id = next_id_;
  next_id_ += id_step_;
  return std::to_string(id);
}

transport::Channel& Link::channel(const SessionView& session) const {
  return session.process ? *session.process : *http_;
}

awaitable<CallResult> Link::call(CallRequest request) {
  const auto self = shared_from_this();
  auto owned = std::make_unique<Attempt>(*this, std::move(request));
  auto& attempt = *owned;
  CallResult result;
  bool repeated = false;
  auto wait = snapshot_.state == State::connecting ? config_->connect_timeout : config_->queue_wait;
  for (;;) {
    const auto session = co_await session_after(result.generation, wait, attempt.abort);
    if (!session) {
      Failure not_sent;
      not_sent.delivery = Delivery::not_sent;
      const bool given_up = attempt.abort.aborted() && !attempt.timed_out;
      result.error = given_up ? failed(attempt, not_sent) : unavailable();
      co_return result;
    }
    result.generation = session->generation;
    auto outcome = co_await this->attempt(attempt, *session);
    if (!outcome.failure) {
      session->proven->store(true, std::memory_order_relaxed);
      result.response = std::move(outcome.response);
      if (outcome.stream) {
        result.stream =
            std::make_unique<TimedStream>(self, std::move(owned), std::move(outcome.stream));
      }
      co_return result;
    }
    const auto& failure = *outcome.failure;
    if (attempt.abort.aborted()) {
      if (failure.delivery != Delivery::not_sent) {
        const auto reason = attempt.timed_out ? std::string("deadline exceeded") : attempt.reason();
        cancel_upstream(attempt.id, reason, session);
      }
      result.error = failed(attempt, failure);
      co_return result;
    }
    const bool lost = recovery::session_lost(failure);
    if (repeated || !(lost || failure.delivery == Delivery::not_sent)) {
      if (lost || connection_lost(failure)) report_lost(session->generation, failure);
      result.error = failed(attempt, failure);
      co_return result;
    }
    repeated = true;
    const auto until =
        worker_.timers().now() + (lost ? config_->recovery_wait : config_->queue_wait);
    if (co_await heal(session->generation, failure, until, attempt.abort))
      result.generation = session->generation - 1;
    wait = std::chrono::duration_cast<core::Duration>(until - worker_.timers().now());
  }
}

awaitable<transport::Outcome> Link::attempt(Attempt& attempt, const SessionView& session) {
  const auto& request = attempt.request;
  const auto& frame = *request.frame;
  attempt.id = next_id();

  std::vector<Frame::Edit> edits;
  edits.push_back({frame.id_span(), attempt.id});
  std::string name;
  if (request.name && frame.name_span()) {
    name = protocol::quote(*request.name);
    edits.push_back({frame.name_span(), name});
  }
  transport::OutgoingRequest out;
  if (frame.progress_token_span()) {
    out.progress_token = attempt.id;
    edits.push_back({frame.progress_token_span(), attempt.id});
  }
  out.bytes = frame.spliced(std::move(edits));
  out.id = attempt.id;
  out.method = frame.method();
  out.session = session.headers;
  out.from_client = true;
  out.stream_over = request.stream_over;
  out.abort = &attempt.abort;
  co_return co_await channel(session).request(std::move(out), attempt);
}

awaitable<std::shared_ptr<const SessionView>> Link::session_after(
    std::uint64_t generation, core::Duration wait, io::AbortSource& abort
) {
  const auto until = worker_.timers().now() + wait;
  for (;;) {
    if (abort.aborted()) co_return nullptr;
    if (snapshot_.session && snapshot_.session->generation > generation)
      co_return snapshot_.session;
    switch (snapshot_.state) {
      case State::parked:
      case State::failed:
        if (const auto supervisor = supervisor_.lock()) supervisor->probe_soon();
        co_return nullptr;
      case State::disabled:
      case State::stopped:
        co_return nullptr;
      default:
        break;
    }
    if (worker_.timers().now() >= until) co_return nullptr;
    co_await changed_.wait(until, &abort);
  }
}

awaitable<bool> Link::heal(
    std::uint64_t generation, const Failure& failure, core::TimePoint until, io::AbortSource& abort
) {
  // The rebuild goes on without a caller that gives up, or lets itself be waited for in vain.
  struct Healing {
    explicit Healing(io::Worker& worker) : ended(worker.executor(), worker.timers()) {}
    io::Event ended;
    bool alive = false;
  };
  const auto supervisor = supervisor_.lock();
  if (!supervisor) co_return false;
  const auto healing = std::make_shared<Healing>(worker_);
  tasks_.spawn(
      [](std::shared_ptr<Supervisor> by, std::shared_ptr<Healing> result, std::uint64_t lost,
         bool session_lost, std::string because) -> awaitable<void> {
        result->alive = co_await by->heal(lost, session_lost, std::move(because));
        result->ended.set();
      }(supervisor, healing, generation, recovery::session_lost(failure),
                                                 recovery::describe(failure))
  );
  co_await healing->ended.wait(until, &abort);
  co_return healing->alive;
}

void Link::report_lost(std::uint64_t generation, const Failure& failure) {
  if (const auto supervisor = supervisor_.lock()) {
    supervisor->report_lost(
        generation, recovery::session_lost(failure), recovery::describe(failure)
    );
  }
}

CallError Link::unavailable() const {
  CallError error;
  error.kind = "unavailable";
  error.delivery = Delivery::not_sent;
  error.retryable = true;
  const auto because = snapshot_.last_error.empty() ? std::string() : ": " + snapshot_.last_error;
  if (snapshot_.next_probe) {
    const auto left =
        std::chrono::duration_cast<core::Duration>(*snapshot_.next_probe - worker_.timers().now());
    error.retry_after = std::max(left, core::Duration{0});
  }
  switch (snapshot_.state) {
    case State::disabled:
    case State::stopped:
      error.retryable = false;
      error.message = fmt::format("server {} is {}", name(), to_string(snapshot_.state));
      error.advice = "Enable the server in the configuration and reload.";
      return error;
    case State::parked:
    case State::failed: {
      const auto seconds = error.retry_after ? error.retry_after->count() / 1000 : 0;
      error.message = fmt::format(
          "server {} is unavailable ({}), next probe in {} s{}", name(), to_string(snapshot_.state),
          seconds, because
      );
      error.advice =
          "Use another tool, or try again after the next probe; `mooring status` shows why it is "
          "away.";
      return error;
    }
    default:
      error.message = fmt::format("server {} is {}{}", name(), to_string(snapshot_.state), because);
      error.advice = "The call was not sent; try again in a few seconds.";
      return error;
  }
}

CallError Link::failed(const Attempt& attempt, const Failure& failure) const {
  CallError error;
  error.delivery = failure.delivery;
  error.retryable = error.not_executed();
  const auto& method = attempt.request.frame->method();
  if (attempt.timed_out) {
    error.kind = "timeout";
    const auto seconds = std::chrono::duration<double>(attempt.timeout).count();
    error.message = fmt::format("{}: no answer to {} within {} s", name(), method, seconds);
  } else if (attempt.abort.aborted()) {
    error.kind = "cancelled";
    error.message = fmt::format("{}: {} was cancelled", name(), method);
  } else if (recovery::session_lost(failure)) {
    error.kind = "session_lost";
    error.message =
        fmt::format("{}: every new session is refused ({})", name(), recovery::describe(failure));
  } else if (failure.http_status == 401 || failure.http_status == 403) {
    error.kind = "auth";
    error.message = fmt::format("{}: {}", name(), recovery::describe(failure));
    error.advice = "Check the credentials of this server in the configuration.";
    return error;
  } else {
    error.kind = failure.stage ? "transient" : "other";
    error.message = fmt::format("{}: {}", name(), recovery::describe(failure));
  }
  error.advice = error.not_executed()
                     ? "The call did not run; it is safe to repeat it."
                     : "The call may have run; check its effect before you repeat it.";
  return error;
}

void Link::cancel_upstream(
    std::string id, std::string reason, std::shared_ptr<const SessionView> session
) {
  auto params = fmt::format(R"({{"requestId":{},"reason":{}}})", id, protocol::quote(reason));
  tasks_.spawn(
      [](std::shared_ptr<Link> self, std::string bytes,
         std::shared_ptr<const SessionView> view) -> awaitable<void> {
        co_await self->channel(*view).notify(std::move(bytes), view->headers);
      }(shared_from_this(), protocol::make_notification("notifications/cancelled", params),
                                                  std::move(session))
  );
}

awaitable<void> Link::notify(std::string bytes, std::optional<std::uint64_t> generation) {
  const auto self = shared_from_this();
  const auto session = snapshot_.session;
  if (!session || (generation && session->generation != *generation)) {
    core::log::debug("upstream", "{}: dropped a message for a session that is gone", name());
    co_return;
  }
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
