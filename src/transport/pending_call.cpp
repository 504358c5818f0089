#include "transport/pending_call.hpp"

namespace mooring::transport {

using recovery::Delivery;
using recovery::Failure;

std::shared_ptr<PendingCall> make_pending(
    OutgoingRequest request, asio::any_io_executor caller, std::size_t buffer_bytes
) {
  auto call = std::make_shared<PendingCall>();
  call->id = std::move(request.id);
  call->method = std::move(request.method);
  call->progress_token = std::move(request.progress_token);
  call->from_client = request.from_client;
  call->bytes = std::move(request.bytes);
  call->mailbox = std::make_shared<Mailbox>(std::move(caller), buffer_bytes);
  return call;
}

awaitable<std::optional<Outcome>> outcome_of(
    std::shared_ptr<PendingCall> call, Sink& sink, io::AbortSource* abort
) {
  io::AbortSource::Subscription subscription;
  if (abort != nullptr) {
    subscription = abort->subscribe([box = call->mailbox] { box->interrupt(); });
  }
  Outcome outcome;
  for (;;) {
    auto item = co_await call->mailbox->next();
    if (auto* message = std::get_if<Mailbox::Message>(&item)) {
      co_await sink.message(std::move(message->frame));
    } else if (auto* response = std::get_if<Mailbox::Response>(&item)) {
      outcome.response = std::move(response->frame);
      co_return outcome;
    } else if (auto* failure = std::get_if<Failure>(&item)) {
      outcome.failure = std::move(*failure);
      co_return outcome;
    } else {
      co_return std::nullopt;
    }
  }
}

awaitable<bool> listen_to(
    std::shared_ptr<Mailbox> box, Sink& sink, io::AbortSource& abort, ListenEnd& end
) {
  const auto subscription = abort.subscribe([box] { box->interrupt(); });
  for (;;) {
    auto item = co_await box->next();
    if (auto* message = std::get_if<Mailbox::Message>(&item)) {
      co_await sink.message(std::move(message->frame));
    } else if (auto* failure = std::get_if<Failure>(&item)) {
      end.failure = std::move(*failure);
      co_return true;
    } else {
      co_return false;
    }
  }
}

Failure given_up(std::string method, recovery::Stage stage, bool handed_over) {
  Failure failure;
  failure.method = std::move(method);
  failure.delivery = handed_over ? Delivery::unknown : Delivery::not_sent;
  failure.stage = stage;
  failure.aborted = true;
  failure.error = "given up by the caller";
  return failure;
}

}  // namespace mooring::transport
