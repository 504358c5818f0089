#include "transport/http_channel.hpp"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "protocol/json_scan.hpp"
#include "protocol/version.hpp"
#include "transport/http_body.hpp"
#include "transport/http_evidence.hpp"
#include "transport/http_wire.hpp"
#include "transport/incoming.hpp"
#include "transport/sse_stream.hpp"

namespace mooring::transport {

using recovery::Delivery;
using recovery::Failure;

namespace {

constexpr auto default_retry = std::chrono::milliseconds(1000);
constexpr int max_fruitless_resumes = 5;
constexpr auto error_body_time = std::chrono::seconds(5);
constexpr auto goodbye_time = std::chrono::seconds(2);
/// A notification asks for nothing but a 202; a peer that takes longer for that is hung, and nobody
/// must wait for it.
constexpr core::Duration most_notice_time = std::chrono::seconds(10);

Outcome failed(Failure failure) {
  Outcome outcome;
  outcome.failure = std::move(failure);
  return outcome;
}

/// Only `initialize` that succeeded opens a session; ids on other answers are somebody else's or a
/// mistake (EXP-29).
Outcome answered(protocol::Frame response, std::string_view method, std::string session_id) {
  Outcome outcome;
  if (method == "initialize" && response.kind() == protocol::Frame::Kind::result) {
    outcome.session_id = std::move(session_id);
  }
  outcome.response = std::move(response);
  return outcome;
}

bool has_session(const SessionHeaders* session) {
  return session != nullptr && !session->session_id.empty();
}

RequestFacts facts_of(const OutgoingRequest& request) {
  return {
      request.method, has_session(request.session.get()), recovery::Phase::post, request.credentials
  };
}

/// Nothing is resumed in that era: a request whose stream broke is lost.
bool is_modern(const OutgoingRequest& request) {
  if (!request.session) return false;
  const auto version = protocol::parse_version(request.session->protocol_version);
  return version && protocol::is_modern(*version);
}

/// Room for a body whose length was promised.
std::size_t expected_size(const io::IncomingHttpResponse& response) {
  constexpr std::uint64_t most = 64 * 1024;  // a length is only a promise
  return static_cast<std::size_t>(std::min(response.content_length().value_or(0), most));
}

std::string over_limit(std::string_view what, std::size_t limit) {
  return fmt::format("{} is over limits.buffer_bytes ({} bytes)", what, limit);
}

}  // namespace

class HttpChannel::Impl {
 public:
  using Self = std::shared_ptr<Impl>;

  Impl(
      io::Worker& worker, const UpstreamConfig& config, io::HttpClientOptions options,
      std::shared_ptr<const Credentials> credentials
  )
      : worker_(worker),
        buffer_bytes_(config.buffer_bytes),
        timeout_(config.timeout),
        wire_(worker, config, std::move(options), std::move(credentials)) {}

  void close() { wire_.close(); }

  // Static, with the owner by value: a call that is still open survives the channel long enough to
  // fail.
  static awaitable<Outcome> request(Self self, OutgoingRequest request, Sink& sink);
  static awaitable<std::optional<Failure>> notify(
      Self self, std::string bytes, std::shared_ptr<const SessionHeaders> session
  );
  static awaitable<ListenEnd> listen(
      Self self, std::shared_ptr<const SessionHeaders> session, std::string last_event_id,
      Sink& sink, io::AbortSource& abort
  );
  static awaitable<void> end_session(Self self, std::shared_ptr<const SessionHeaders> session);

 private:
  using Response = HttpWire::Response;

  core::TimePoint after(core::Duration delay) const { return worker_.timers().now() + delay; }
  awaitable<Outcome> error_status(Response response, const OutgoingRequest& request);
  awaitable<Outcome> body(Response response, const OutgoingRequest& request, Sink& sink);
  /// What the responses in a body that ended mean; `beginning` is what is told of it otherwise.
  static Outcome outcome_in(
      std::span<protocol::Frame> messages, const io::IncomingHttpResponse& response,
      std::string beginning, bool complete, const OutgoingRequest& request
  );
  static Outcome unusable(
      const io::IncomingHttpResponse& response, std::string beginning, bool complete,
      const OutgoingRequest& request
  );
  awaitable<Outcome> events(
      Response response, std::string head, const OutgoingRequest& request, Sink& sink
  );
  awaitable<std::expected<Response, Failure>> resume(
      const SseStream& stream, int& fruitless, const OutgoingRequest& request
  );
  Failure cut(const SseStream& stream, const OutgoingRequest& request) const;

  io::Worker& worker_;
  std::size_t buffer_bytes_;
  core::Duration timeout_;
  HttpWire wire_;
};

awaitable<Outcome> HttpChannel::Impl::request(Self self, OutgoingRequest request, Sink& sink) {
  if (self->worker_.has_company()) co_await self->worker_.enter(io::Worker::Stage::calls);
  request.credentials = self->wire_.credentials_version();
  auto answer = co_await self->wire_.post(
      std::move(request.bytes), request.session.get(), request.abort, std::nullopt, request.headers
  );
  if (!answer) co_return failed(from_broken_exchange(answer.error(), facts_of(request)));
  auto response = std::move(*answer);
  if (response->status() < 200 || response->status() > 299) {
    co_return co_await self->error_status(std::move(response), request);
  }
  if (is_event_stream(response->header("content-type"))) {
    co_return co_await self->events(std::move(response), {}, request, sink);
  }
  co_return co_await self->body(std::move(response), request, sink);
}

awaitable<Outcome> HttpChannel::Impl::error_status(
    Response response, const OutgoingRequest& request
) {
  auto text = co_await collect(*response, evidence_bytes, after(error_body_time));
  co_return failed(from_answer(*response, std::move(text.bytes), text.complete, facts_of(request)));
}

awaitable<Outcome> HttpChannel::Impl::body(
    Response response, const OutgoingRequest& request, Sink& sink
) {
  const auto type = response->header("content-type");  // lives as long as the response
  std::string bytes;
  bytes.reserve(expected_size(*response));
  for (;;) {
    const auto ready = response->read_now();
    auto piece = ready ? std::expected<std::string_view, io::HttpFailure>(*ready)
                       : co_await response->read_some();
    if (!piece) {
      auto failure = from_broken_body(&piece.error(), {}, facts_of(request));
      failure.response_begun = !bytes.empty();
      co_return failed(std::move(failure));
    }
    if (piece->empty()) break;
    bytes += *piece;
    if (looks_like_events(bytes, type)) {
      co_return co_await events(std::move(response), std::move(bytes), request, sink);
    }
    if (request.stream_over > 0 && is_json(type) && looks_like_object(bytes) &&
        std::max<std::uint64_t>(bytes.size(), response->content_length().value_or(0)) >
            request.stream_over) {
      Outcome outcome;
      outcome.stream = make_body_stream(std::move(response), std::move(bytes), facts_of(request));
      co_return outcome;
    }
    if (bytes.size() > buffer_bytes_) {
      co_return failed(
          from_broken_body(nullptr, over_limit("the answer", buffer_bytes_), facts_of(request))
      );
    }
    if (bytes.size() == response->content_length()) break;  // no need to wait for nothing
  }
  auto beginning = bytes.substr(0, evidence_bytes);
  const bool complete = beginning.size() == bytes.size();
  if (!protocol::is_batch(bytes)) {
    auto message = protocol::Frame::parse(std::move(bytes));
    if (!message) co_return unusable(*response, std::move(beginning), complete, request);
    if (!message->is_response()) co_await sink.message(std::move(*message));
    if (worker_.has_company()) co_await worker_.enter(io::Worker::Stage::results);
    co_return outcome_in({&*message, 1}, *response, std::move(beginning), complete, request);
  }
  auto messages = parse_messages(std::move(bytes));
  if (!messages) co_return unusable(*response, std::move(beginning), complete, request);
  for (auto& message : *messages) {
    if (!message.is_response()) co_await sink.message(std::move(message));
  }
  co_return outcome_in(*messages, *response, std::move(beginning), complete, request);
}

Outcome HttpChannel::Impl::unusable(
    const io::IncomingHttpResponse& response, std::string beginning, bool complete,
    const OutgoingRequest& request
) {
  auto failure = from_answer(response, std::move(beginning), complete, facts_of(request));
  failure.error = not_an_answer(failure, response.header("content-type"));
  return failed(std::move(failure));
}

Outcome HttpChannel::Impl::outcome_in(
    std::span<protocol::Frame> messages, const io::IncomingHttpResponse& response,
    std::string beginning, bool complete, const OutgoingRequest& request
) {
  const bool alone = messages.size() == 1;
  std::optional<protocol::Frame> own;
  for (auto& message : messages) {
    if (!message.is_response()) continue;
    // An error that is all the peer said belongs to this exchange whatever id it names.
    const bool ours = answers(message, request.id) || is_anonymous_error(message) ||
                      (alone && message.kind() == protocol::Frame::Kind::error);
    if (ours && !own) own = with_id(std::move(message), request.id);
  }
  if (own) {
    return answered(
        std::move(*own), request.method, std::string(response.header("mcp-session-id"))
    );
  }
  auto failure = from_answer(response, std::move(beginning), complete, facts_of(request));
  failure.error =
      fmt::format("answered without a response to the request: {}", excerpt(failure.body));
  return failed(std::move(failure));
}

Failure HttpChannel::Impl::cut(const SseStream& stream, const OutgoingRequest& request) const {
  const auto& broken = stream.failure();
  auto failure = from_broken_body(broken ? &*broken : nullptr, {}, facts_of(request));
  failure.response_begun = stream.events() > 0;
  failure.error = broken ? broken->message : "the event stream ended before the response";
  if (!stream.garbage().empty()) {
    failure.body = stream.garbage();
    failure.error += fmt::format(" (it said: {})", excerpt(stream.garbage()));
  }
  return failure;
}

awaitable<Outcome> HttpChannel::Impl::events(
    Response response, std::string head, const OutgoingRequest& request, Sink& sink
) {
  SseStream stream(buffer_bytes_, request.id);
  const std::string session_id(response->header("mcp-session-id"));
  int fruitless = 0;
  for (;;) {
    const auto seen = stream.events();
    const auto end = co_await stream.follow(*response, sink, std::exchange(head, {}));
    response.reset();
    if (end == SseStream::End::response) {
      co_return answered(*stream.take_response(), request.method, session_id);
    }
    if (end == SseStream::End::oversized) {
      co_return failed(
          from_broken_body(nullptr, over_limit("an event", buffer_bytes_), facts_of(request))
      );
    }
    auto failure = cut(stream, request);
    if (failure.aborted || stream.last_event_id().empty() || is_modern(request))
      co_return failed(std::move(failure));
    if (stream.events() > seen) fruitless = 0;
    auto next = co_await resume(stream, fruitless, request);
    if (!next) {
      if (next.error().error.empty()) next.error().error = failure.error;
      co_return failed(std::move(next.error()));
    }
    response = std::move(*next);
  }
}

/// The next connection of the stream ("Resumability and Redelivery"): GET with Last-Event-ID,
/// `retry:` milliseconds later.
awaitable<std::expected<HttpWire::Response, Failure>> HttpChannel::Impl::resume(
    const SseStream& stream, int& fruitless, const OutgoingRequest& request
) {
  auto failure = from_broken_body(nullptr, {}, facts_of(request));
  while (fruitless++ < max_fruitless_resumes) {
    const auto at = after(stream.retry().value_or(default_retry));
    if (!co_await io::sleep_until(worker_.timers(), at, request.abort)) {
      co_return std::unexpected(from_abort(facts_of(request)));
    }
    auto answer = co_await wire_.get(request.session.get(), stream.last_event_id(), request.abort);
    if (!answer) {
      if (answer.error().aborted) co_return std::unexpected(from_abort(facts_of(request)));
      failure.error = fmt::format("could not resume: {}", answer.error().message);
      continue;
    }
    const auto status = (*answer)->status();
    if (status >= 200 && status < 300 && is_event_stream((*answer)->header("content-type"))) {
      co_return std::move(*answer);
    }
    failure.error = fmt::format("could not resume: HTTP {}", status);
    if (status < 500) break;
  }
  co_return std::unexpected(std::move(failure));
}

awaitable<std::optional<Failure>> HttpChannel::Impl::notify(
    Self self, std::string bytes, std::shared_ptr<const SessionHeaders> session
) {
  const auto method = protocol::string_member(bytes, "method");
  const RequestFacts facts{
      method, has_session(session.get()), recovery::Phase::post, self->wire_.credentials_version()
  };
  auto answer = co_await self->wire_.post(
      std::move(bytes), session.get(), nullptr,
      self->after(std::min(self->timeout_, most_notice_time))
  );
  if (!answer) co_return from_broken_exchange(answer.error(), facts);
  const auto& response = *answer;
  const bool accepted = response->status() >= 200 && response->status() < 300;
  if (accepted && is_event_stream(response->header("content-type"))) co_return std::nullopt;
  auto text = co_await collect(*response, evidence_bytes, self->after(error_body_time));
  if (accepted && !holds_error(text.bytes)) co_return std::nullopt;
  co_return from_answer(*response, std::move(text.bytes), text.complete, facts);
}

awaitable<ListenEnd> HttpChannel::Impl::listen(
    Self self, std::shared_ptr<const SessionHeaders> session, std::string last_event_id, Sink& sink,
    io::AbortSource& abort
) {
  const RequestFacts facts{
      {}, has_session(session.get()), recovery::Phase::get_stream, self->wire_.credentials_version()
  };
  ListenEnd end;
  end.last_event_id = last_event_id;
  auto answer = co_await self->wire_.get(session.get(), last_event_id, &abort);
  if (!answer) {
    end.failure = from_broken_exchange(answer.error(), facts);
    co_return end;
  }
  const auto& response = *answer;
  const int status = response->status();
  if (status < 200 || status > 299 || !is_event_stream(response->header("content-type"))) {
    auto text = co_await collect(*response, evidence_bytes, self->after(error_body_time));
    end.offered = offers_stream(status, facts.with_session);
    if (end.offered) {
      end.failure = from_answer(*response, std::move(text.bytes), text.complete, facts);
    }
    co_return end;
  }
  SseStream stream(self->buffer_bytes_, {}, std::move(last_event_id));
  const auto why = co_await stream.follow(*response, sink);
  if (why == SseStream::End::oversized) {
    end.failure = from_broken_body(nullptr, over_limit("an event", self->buffer_bytes_), facts);
  } else if (stream.failure()) {
    end.failure = from_broken_body(&*stream.failure(), {}, facts);
    end.failure->response_begun = stream.events() > 0;
  }
  end.last_event_id = stream.last_event_id();
  end.retry = stream.retry();
  co_return end;
}

awaitable<void> HttpChannel::Impl::end_session(
    Self self, std::shared_ptr<const SessionHeaders> session
) {
  if (!has_session(session.get())) co_return;
  const auto deadline = self->after(goodbye_time);
  auto answer = co_await self->wire_.remove(*session, deadline);
  // Read, so that the connection can be used again; what it says changes nothing.
  if (answer) co_await collect(**answer, evidence_bytes, deadline);
}

HttpChannel::HttpChannel(
    io::Worker& worker, const UpstreamConfig& config, io::HttpClientOptions options,
    std::shared_ptr<const Credentials> credentials
)
    : impl_(std::make_shared<Impl>(worker, config, std::move(options), std::move(credentials))) {}

HttpChannel::~HttpChannel() { impl_->close(); }

awaitable<Outcome> HttpChannel::request(OutgoingRequest request, Sink& sink) {
  return Impl::request(impl_, std::move(request), sink);
}

awaitable<std::optional<Failure>> HttpChannel::notify(
    std::string bytes, std::shared_ptr<const SessionHeaders> session
) {
  return Impl::notify(impl_, std::move(bytes), std::move(session));
}

awaitable<ListenEnd> HttpChannel::listen(
    std::shared_ptr<const SessionHeaders> session, std::string last_event_id, Sink& sink,
    io::AbortSource& abort
) {
  return Impl::listen(impl_, std::move(session), std::move(last_event_id), sink, abort);
}

awaitable<void> HttpChannel::end_session(std::shared_ptr<const SessionHeaders> session) {
  return Impl::end_session(impl_, std::move(session));
}

}  // namespace mooring::transport
