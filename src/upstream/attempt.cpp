#include "upstream/attempt.hpp"

#include <algorithm>

#include "recovery/rules.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using protocol::Frame;

Link::Attempt::Attempt(Link& owner, CallRequest call) : link(owner), request(std::move(call)) {
  auto& timers = link.worker_.timers();
  const auto& config = link.config();
  timeout = request.timeout.value_or(config.timeout);
  const auto now = timers.now();
  hard_deadline = std::min(now + std::max(timeout, config.timeout_max), request.until);
  deadline = std::min(now + timeout, hard_deadline);
  if (request.abort != nullptr) {
    by_caller_ = request.abort->subscribe([this] { abort.abort(); });
  }
  by_session_ = link.session_end_->subscribe([this] {
    session_ended = true;
    abort.abort();
  });
  if (recovery::holds(recovery::Rule::deadline)) arm();
}

Link::Attempt::~Attempt() {
  link.worker_.timers().cancel(timer_);
  link.left(*this);
  link.abandon(*this);
}

// A progress notification moves `deadline`; the timer only notices when it fires, so that progress
// costs no re-arming.
void Link::Attempt::arm() {
  timer_ = link.worker_.timers().arm(deadline, [this] {
    timer_ = 0;
    if (link.worker_.timers().now() < deadline) return arm();
    timed_out = true;
    abort.abort();
  });
}

awaitable<void> Link::Attempt::message(Frame frame) {
  const auto now = link.worker_.timers().now();
  if (frame.is_notification() && frame.method() == "notifications/progress" &&
      frame.progress_token() == id) {
    // Never nearer: a person may be answering something meanwhile.
    deadline = std::max(deadline, std::min(hard_deadline, now + timeout));
    auto parsed =
        Frame::parse(frame.spliced({{frame.progress_token_span(), request.frame->progress_token()}})
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
    const bool asks =
        frame.method() == "elicitation/create" || frame.method() == "sampling/createMessage";
    const auto supervisor = link.supervisor_.lock();
    if (asks && !link.snapshot_.asks_clients && supervisor) supervisor->has_asked();
    const auto answered = now + link.config().client_request_timeout + timeout;
    deadline = std::max(deadline, std::min(hard_deadline, answered));
  }
  if (request.sink != nullptr) co_await request.sink->message(std::move(frame));
}

const std::string& Link::Attempt::cancel_reason() const {
  return request.reason_now != nullptr ? *request.reason_now : request.cancel_reason;
}

Link::TimedStream::TimedStream(
    std::shared_ptr<Link> owner, std::unique_ptr<Attempt> clock,
    std::unique_ptr<transport::BodyStream> body
)
    : link(std::move(owner)), attempt(std::move(clock)), inner(std::move(body)) {}

awaitable<std::expected<std::string_view, recovery::Failure>> Link::TimedStream::read_some() {
  auto piece = co_await inner->read_some();
  attempt->deadline =
      std::min(attempt->hard_deadline, link->worker_.timers().now() + attempt->timeout);
  co_return piece;
}

}  // namespace mooring::upstream
