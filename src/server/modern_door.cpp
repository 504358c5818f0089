#include "server/modern_door.hpp"

#include <fmt/format.h>

#include "io/http_fields.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "server/answer_headers.hpp"
#include "server/modern_post.hpp"
#include "server/modern_request.hpp"

namespace mooring::server {

using io::HttpExchange;
using protocol::Frame;

namespace {

constexpr core::Duration farewell = std::chrono::seconds(1);  ///< for clients that do not read

}  // namespace

bool ModernDoor::is_meant(const HttpExchange& exchange, const Frame& frame) {
  return protocol::claims_modern(frame) || names_modern_version(exchange);
}

awaitable<void> ModernDoor::post(
    HttpExchange& exchange, Frame frame, std::string endpoint, std::string principal
) {
  if (frame.is_response()) {
    co_await exchange.respond(
        400, json_headers,
        protocol::make_error(
            {}, protocol::invalid_request,
            "responses are not posted in this revision: answer in inputResponses of a new request"
        )
    );
    co_return;
  }
  if (frame.is_notification()) {  // the core defines none; a stream is closed to cancel
    co_await exchange.respond(202, {}, {});
    co_return;
  }
  ModernRefusal refusal;
  if (!protocol::claims_modern(frame)) {
    refusal = protocol::make_error(
        frame.id(), protocol::invalid_params,
        fmt::format("Missing or invalid _meta {}", protocol::meta_protocol_version)
    );
  } else {
    refusal = check_headers(exchange, frame);
  }
  if (refusal.empty()) {
    auto session = modern_session(
        frame, fmt::format("{}.{}.{}", boot_, worker_.index(), ++requests_), std::move(endpoint),
        std::move(principal)
    );
    if (session) co_return co_await request(exchange, std::move(frame), std::move(*session));
    refusal = std::move(session.error());
  }
  co_await exchange.respond(400, json_headers, refusal);
}

awaitable<void> ModernDoor::request(
    HttpExchange& exchange, Frame frame, gateway::ClientSession session
) {
  session.param_headers = param_headers_of(exchange);
  const auto shared = std::make_shared<const gateway::ClientSession>(std::move(session));
  const auto answer = std::make_shared<ModernPost>(worker_, tasks_, exchange, keepalive_);
  answer->begin();
  // The client's only way to cancel.
  const std::string id(frame.id());
  exchange.on_peer_gone([this, shared, id] {
    cancel(shared, id, "the client closed the connection");
  });
  // Nobody would be told any more that it has gone.
  if (exchange.peer_gone()) co_return co_await answer->close();
  const bool listens = frame.method() == "subscriptions/listen";
  if (listens) listens_.emplace(shared->key, std::pair(shared, id));
  co_await service_.request(shared, std::move(frame), answer);
  co_await answer->close();
  if (listens && listens_.erase(shared->key) > 0) listen_ended_.notify();
}

awaitable<void> ModernDoor::stop() {
  const auto until = worker_.timers().now() + farewell;
  while (!listens_.empty() && worker_.timers().now() < until) {
    end_listening();
    co_await listen_ended_.wait(until);
  }
}

void ModernDoor::end_listening() {
  const auto all = listens_;
  for (const auto& [key, listen] : all) cancel(listen.first, listen.second, "shutting down");
}

void ModernDoor::cancel(
    gateway::ClientSessionPtr session, std::string_view id, std::string_view reason
) {
  auto cancelled = Frame::parse(protocol::make_notification(
      "notifications/cancelled", fmt::format(R"({{"requestId":{},"reason":"{}"}})", id, reason)
  ));
  if (cancelled) service_.notice(std::move(session), std::move(*cancelled));
}

}  // namespace mooring::server
