#include "transport/sse_stream.hpp"

#include "core/log.hpp"
#include "transport/incoming.hpp"

namespace mooring::transport {

awaitable<SseStream::End> SseStream::follow(
    io::IncomingHttpResponse& body, Sink& sink, std::string head
) {
  protocol::SseDecoder decoder(max_event_bytes_);
  failure_.reset();
  if (!head.empty()) {
    if (!decoder.feed(head)) co_return End::oversized;
    if (co_await drain(decoder, sink)) co_return End::response;
  }
  for (;;) {
    auto piece = co_await body.read_some();
    if (!piece) {
      failure_ = std::move(piece.error());
      co_return End::broken;
    }
    if (piece->empty()) co_return End::closed;
    if (!decoder.feed(*piece)) co_return End::oversized;
    if (co_await drain(decoder, sink)) co_return End::response;
  }
}

awaitable<bool> SseStream::drain(protocol::SseDecoder& decoder, Sink& sink) {
  while (auto event = decoder.next()) {
    ++events_;
    if (event->retry_ms) retry_ = core::Duration(*event->retry_ms);
    if (event->id) last_event_id_ = std::move(*event->id);
    if (!event->has_data || event->data.empty() || event->event != "message") continue;
    co_await take(std::move(event->data), sink);
    if (response_) co_return true;
  }
  co_return false;
}

awaitable<void> SseStream::take(std::string data, Sink& sink) {
  auto beginning = data.substr(0, 512);
  auto messages = parse_messages(std::move(data));
  if (!messages) {
    core::log::debug(
        "transport", "event that is no JSON-RPC ({}): {}", messages.error().message,
        excerpt(beginning)
    );
    if (garbage_.empty()) garbage_ = std::move(beginning);
    co_return;
  }
  for (auto& message : *messages) {
    if (!message.is_response()) {
      co_await sink.message(std::move(message));
    } else if (!awaited_.empty() && !response_ &&
               (answers(message, awaited_) || is_anonymous_error(message))) {
      response_ = with_id(std::move(message), awaited_);
    }
  }
}

}  // namespace mooring::transport
