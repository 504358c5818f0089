#include "transport/sse_channel.hpp"

#include "transport/pending_call.hpp"
#include "transport/sse_core.hpp"

namespace mooring::transport {

using recovery::Failure;

awaitable<Result<std::shared_ptr<ProcessChannel>>> SseChannel::open(
    io::Worker& home, UpstreamConfig config, io::HttpClientOptions options, io::AbortSource& abort,
    std::shared_ptr<const Credentials> credentials
) {
  auto core = std::make_shared<Core>(home, config, std::move(options), std::move(credentials));
  const auto subscription = abort.subscribe([core] { core->hang_up(); });
  if (auto connected = co_await Core::connect(core); !connected) {
    co_return std::unexpected(std::move(connected.error()));
  }
  Core::start(core);
  co_return std::shared_ptr<SseChannel>(new SseChannel(std::move(core)));
}

SseChannel::~SseChannel() {
  if (core_->closed()) return;
  // Only a caller that failed half-way comes here; the stream must not stay behind for it.
  asio::co_spawn(
      core_->home().executor(), Core::close(core_), [core = core_](const std::exception_ptr&) {}
  );
}

awaitable<Outcome> SseChannel::request(OutgoingRequest request, Sink& sink) {
  const auto core = core_;
  auto* const abort = request.abort;
  auto session = std::move(request.session);
  const auto call =
      make_pending(std::move(request), co_await asio::this_coro::executor, core->buffer_bytes());
  at_home(core->home(), [core, call, session] { Core::submit(core, call, session); });
  if (auto outcome = co_await outcome_of(call, sink, abort)) co_return std::move(*outcome);
  const bool handed_over = !call->claim(PendingCall::Way::withdrawn);
  if (handed_over) {
    at_home(core->home(), [core, call] { core->forget(*call); });
  }
  Outcome outcome;
  outcome.failure = given_up(call->method, recovery::Stage::body, handed_over);
  co_return outcome;
}

awaitable<std::optional<Failure>> SseChannel::notify(
    std::string bytes, std::shared_ptr<const SessionHeaders> session
) {
  const auto core = core_;
  co_return co_await run_at_home(
      core->home(), Core::notify(core, std::move(bytes), std::move(session))
  );
}

awaitable<ListenEnd> SseChannel::listen(
    std::shared_ptr<const SessionHeaders>, std::string, Sink& sink, io::AbortSource& abort
) {
  const auto core = core_;
  const auto box =
      std::make_shared<Mailbox>(co_await asio::this_coro::executor, core->buffer_bytes());
  at_home(core->home(), [core, box] { core->listen(box); });
  ListenEnd end;
  if (co_await listen_to(box, sink, abort, end)) co_return end;
  at_home(core->home(), [core, box] { core->unlisten(box); });
  end.failure = given_up({}, recovery::Stage::body, false);
  co_return end;
}

awaitable<void> SseChannel::end_session(std::shared_ptr<const SessionHeaders>) { return close(); }

awaitable<void> SseChannel::close() {
  const auto core = core_;
  co_await run_at_home(core->home(), Core::close(core));
}

}  // namespace mooring::transport
