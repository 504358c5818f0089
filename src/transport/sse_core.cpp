#include "transport/sse_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "protocol/json_scan.hpp"
#include "transport/http_body.hpp"
#include "transport/http_evidence.hpp"
#include "transport/incoming.hpp"

namespace mooring::transport {

using protocol::Frame;
using recovery::Delivery;
using recovery::Failure;

namespace {

constexpr auto error_body_time = std::chrono::seconds(5);
/// A notice asks for nothing but a 202; nobody must wait for a peer that hangs.
constexpr core::Duration most_notice_time = std::chrono::seconds(10);

/// The endpoint names the session, so every POST carries it.
RequestFacts facts_of(std::string_view method) {
  return {method, true, recovery::Phase::sse_message};
}

/// The header of the protocol version came later than this transport; servers of both read it. A
/// session id has no place here.
SessionHeaders version_only(const std::shared_ptr<const SessionHeaders>& session) {
  return {{}, session ? session->protocol_version : std::string()};
}

bool is_success(int status) { return status >= 200 && status <= 299; }

bool is_passing(int status) {
  return status >= 500 || status == 408 || status == 425 || status == 429;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Outcome failed(Failure failure) {
  Outcome outcome;
  outcome.failure = std::move(failure);
  return outcome;
}

}  // namespace

SseChannel::Core::Core(
    io::Worker& home, const UpstreamConfig& config, io::HttpClientOptions options,
    std::shared_ptr<const Credentials> credentials
)
    : home_(home),
      name_(config.name),
      buffer_bytes_(config.buffer_bytes),
      connect_timeout_(config.connect_timeout),
      timeout_(config.timeout),
      timeout_max_(config.timeout_max),
      wire_(home, config, std::move(options), std::move(credentials)),
      decoder_(config.buffer_bytes),
      switchboard_(fmt::format("event stream of {}", config.name)),
      gone_(home.executor(), home.timers()),
      tasks_(home.executor()) {}

awaitable<Result<void>> SseChannel::Core::connect(Self self) {
  const auto deadline = self->after(self->connect_timeout_);
  auto answer = co_await self->wire_.get(nullptr, {}, &self->hang_up_, deadline);
  if (!answer) co_return self->broken_off(answer.error());
  self->stream_ = std::move(*answer);
  const bool usable =
      is_success(self->stream_->status()) && is_event_stream(self->stream_->header("content-type"));
  auto result = usable ? co_await self->await_endpoint(deadline) : co_await self->refused();
  if (!result) self->stream_.reset();
  co_return result;
}

Result<void> SseChannel::Core::broken_off(const io::HttpFailure& broken) const {
  using Stage = io::HttpFailure::Stage;
  if (broken.aborted) return fail(Reason::cancelled, "opening the event stream was given up");
  if (broken.timed_out && (broken.stage == Stage::headers || broken.stage == Stage::body)) {
    const auto seconds = std::chrono::duration<double>(connect_timeout_).count();
    return fail(Reason::io, fmt::format("the event stream named no endpoint within {} s", seconds));
  }
  const auto reason = broken.stage == Stage::tls ? Reason::config : Reason::io;
  return fail(reason, recovery::describe(from_broken_exchange(broken, {})));
}

awaitable<Result<void>> SseChannel::Core::refused() {
  auto text = co_await collect(*stream_, evidence_bytes, after(error_body_time));
  auto failure = from_answer(*stream_, std::move(text.bytes), text.complete, {});
  const int status = stream_->status();
  if (is_success(status)) failure.error = not_an_answer(failure, stream_->header("content-type"));
  auto reason = is_passing(status) ? Reason::io : Reason::protocol;
  const auto challenge = stream_->header("www-authenticate");
  const bool wants_scope = challenge.find("insufficient_scope") != std::string_view::npos;
  if (status == 401 || (status == 403 && wants_scope)) {
    reason = Reason::login_needed;
  } else if (status == 403 || status == 407) {  // no token changes that
    reason = Reason::rejected;
  }
  co_return fail(reason, "no event stream: " + recovery::describe(failure));
}

awaitable<Result<void>> SseChannel::Core::await_endpoint(core::TimePoint deadline) {
  for (;;) {
    while (auto event = decoder_.next()) {
      if (event->event == "endpoint") co_return use_endpoint(trimmed(event->data));
      // The GET stream of Streamable HTTP looks like this.
      if (event->event == "message" && !event->data.empty()) {
        co_return fail(
            Reason::protocol, "the event stream does not begin with an endpoint to post to"
        );
      }
    }
    auto piece = co_await stream_->read_some(deadline);
    if (!piece) co_return broken_off(piece.error());
    if (piece->empty()) {
      co_return fail(Reason::io, "the event stream ended before it named an endpoint");
    }
    if (!decoder_.feed(*piece)) {
      co_return fail(Reason::protocol, "the event stream does not begin with an endpoint");
    }
  }
}

Result<void> SseChannel::Core::use_endpoint(std::string_view uri) {
  const auto& stream = stream_->url();
  auto endpoint = stream.resolve(uri);
  if (uri.empty() || !endpoint) {
    return fail(Reason::protocol, "the endpoint which the event stream named is no usable URI");
  }
  if (!endpoint->same_origin(stream)) {
    return fail(
        Reason::protocol,
        fmt::format(
            "the event stream of {} named an endpoint at {}: another origin, refused",
            stream.origin(), endpoint->origin()
        )
    );
  }
  endpoint->userinfo = stream.userinfo;
  wire_.post_to(std::move(*endpoint));
  return {};
}

void SseChannel::Core::start(const Self& self) { self->tasks_.spawn(read(self)); }

awaitable<void> SseChannel::Core::read(Self self) {
  std::string why = "the event stream ended";
  for (bool fits = true;;) {
    while (auto event = self->decoder_.next()) self->take(std::move(*event));
    if (!fits) {
      why += fmt::format(": an event is over limits.buffer_bytes ({} bytes)", self->buffer_bytes_);
      break;
    }
    auto piece = co_await self->stream_->read_some();
    if (!piece) why += ": " + piece.error().message;
    if (!piece || piece->empty()) break;
    fits = self->decoder_.feed(*piece);
  }
  self->stream_.reset();
  self->bury(self->closed_ ? "the event stream was closed by us" : std::move(why));
}

void SseChannel::Core::take(protocol::SseEvent event) {
  if (event.event != "message" || event.data.empty()) return;
  const auto beginning = event.data.substr(0, 512);
  auto messages = parse_messages(std::move(event.data));
  if (!messages) {
    core::log::debug(
        "transport", "{}: event that is no JSON-RPC ({}): {}", name_, messages.error().message,
        excerpt(beginning)
    );
    return;
  }
  for (auto& message : *messages) switchboard_.take(std::move(message));
}

void SseChannel::Core::bury(std::string why) {
  dead_ = true;
  why_ = std::move(why);
  for (const auto& call : switchboard_.calls()) {
    if (!call->sent) continue;  // how far its POST got is for post() to tell
    switchboard_.remove(call->id);
    call->mailbox->fail(failure(Delivery::unknown, call->method));
  }
  if (const auto listener = switchboard_.take_listener()) {
    listener->fail(failure(Delivery::not_sent, {}));
  }
  buried_.abort();
}

Failure SseChannel::Core::failure(Delivery delivery, std::string_view method) const {
  Failure failure;
  failure.delivery = delivery;
  failure.method = method;
  failure.sent_session_id = true;
  failure.stage = recovery::Stage::body;
  failure.error = why_.empty() ? "the event stream is no longer read" : why_;
  return failure;
}

void SseChannel::Core::submit(
    const Self& self, std::shared_ptr<PendingCall> call, Session session
) {
  if (!call->claim(PendingCall::Way::handed_over)) return;
  if (self->dead_ || self->closed_) {
    call->mailbox->fail(self->failure(Delivery::not_sent, call->method));
    return;
  }
  self->switchboard_.add(call);
  self->tasks_.spawn(post(self, std::move(call), std::move(session)));
}

void SseChannel::Core::forget(PendingCall& call) {
  switchboard_.remove(call.id);
  if (call.unsend) call.unsend();
}

awaitable<void> SseChannel::Core::post(
    Self self, std::shared_ptr<PendingCall> call, Session session
) {
  io::AbortSource abort;
  const auto buried = self->buried_.subscribe([&abort] { abort.abort(); });
  call->unsend = [&abort] { abort.abort(); };
  auto outcome = co_await self->exchange(*call, session, abort);
  call->unsend = nullptr;
  call->sent = true;
  const bool acknowledged = !outcome.response && !outcome.failure;
  if (acknowledged && !self->dead_) co_return;
  // The answer may have come before the acknowledgement, or the caller may have given up.
  if (!self->switchboard_.remove(call->id)) co_return;
  if (outcome.response) {
    call->mailbox->answer(with_id(std::move(*outcome.response), call->id));
    co_return;
  }
  const bool stopped = acknowledged || outcome.failure->aborted;
  if (stopped && self->dead_) {
    const auto delivery = acknowledged ? Delivery::unknown : outcome.failure->delivery;
    outcome.failure = self->failure(delivery, call->method);
  }
  call->mailbox->fail(std::move(*outcome.failure));
}

/// Neither response nor failure: acknowledged, the answer comes on the stream.
awaitable<Outcome> SseChannel::Core::exchange(
    PendingCall& call, const Session& session, io::AbortSource& abort
) {
  const auto facts = facts_of(call.method);
  const auto headers = version_only(session);
  // A server may acknowledge only when it is done. No call lives longer than this.
  auto answer = co_await wire_.post(std::move(call.bytes), &headers, &abort, after(timeout_max_));
  if (!answer) co_return failed(from_broken_exchange(answer.error(), facts));
  if (is_success((*answer)->status())) co_return co_await accepted(std::move(*answer), call);
  auto& response = **answer;
  auto text = co_await collect(response, evidence_bytes, after(error_body_time));
  co_return failed(from_answer(response, std::move(text.bytes), text.complete, facts));
}

/// Usually nothing, or a word. Some servers answer here all the same.
awaitable<Outcome> SseChannel::Core::accepted(
    HttpWire::Response response, const PendingCall& call
) {
  Outcome outcome;
  auto text = co_await collect(*response, buffer_bytes_, after(timeout_max_));
  response.reset();
  const auto begin = text.bytes.find_first_not_of(" \t\r\n");
  if (!text.complete || begin == std::string::npos) co_return outcome;
  if (text.bytes[begin] != '{' && text.bytes[begin] != '[') co_return outcome;
  auto messages = parse_messages(std::move(text.bytes));
  if (!messages) co_return outcome;
  const bool alone = messages->size() == 1;
  for (auto& message : *messages) {
    if (!message.is_response()) {
      switchboard_.take(std::move(message));
    } else if (answers(message, call.id) || is_anonymous_error(message) ||
               (alone && message.kind() == Frame::Kind::error)) {
      outcome.response = std::move(message);
    }
  }
  co_return outcome;
}

awaitable<std::optional<Failure>> SseChannel::Core::notify(
    Self self, std::string bytes, Session session
) {
  const auto method = protocol::string_member(bytes, "method");
  if (self->dead_ || self->closed_) co_return self->failure(Delivery::not_sent, method);
  const auto facts = facts_of(method);
  const auto headers = version_only(session);
  io::AbortSource abort;
  const auto buried = self->buried_.subscribe([&abort] { abort.abort(); });
  auto answer = co_await self->wire_.post(
      std::move(bytes), &headers, &abort, self->after(std::min(self->timeout_, most_notice_time))
  );
  if (!answer) {
    auto failure = from_broken_exchange(answer.error(), facts);
    if (self->dead_ && failure.aborted) failure = self->failure(failure.delivery, method);
    co_return failure;
  }
  auto& response = **answer;
  auto text = co_await collect(response, evidence_bytes, self->after(error_body_time));
  if (is_success(response.status()) && !holds_error(text.bytes)) co_return std::nullopt;
  co_return from_answer(response, std::move(text.bytes), text.complete, facts);
}

void SseChannel::Core::listen(std::shared_ptr<Mailbox> listener) {
  if (const auto former = switchboard_.listen(listener)) {
    former->fail(failure(Delivery::not_sent, {}));
  }
  if (!dead_ && !closed_) return;
  switchboard_.unlisten(listener);
  listener->fail(failure(Delivery::not_sent, {}));
}

void SseChannel::Core::unlisten(const std::shared_ptr<Mailbox>& listener) {
  switchboard_.unlisten(listener);
}

awaitable<void> SseChannel::Core::close(Self self) {
  if (self->closed_.exchange(true)) {
    co_await self->gone_.wait();
    co_return;
  }
  self->hang_up();
  co_await self->tasks_.join();
  self->wire_.close();
  self->gone_.set();
}

}  // namespace mooring::transport
