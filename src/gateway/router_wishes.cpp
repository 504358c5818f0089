// What clients want of a server from now on: log levels and subscriptions.
#include <fmt/format.h>

#include "gateway/log_level.hpp"
#include "gateway/own_sessions.hpp"
#include "gateway/relay.hpp"
#include "gateway/router.hpp"
#include "protocol/messages.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

using protocol::Frame;

namespace {

std::string refuse(const Frame& request, int code, std::string_view message) {
  return protocol::make_error(request.id(), code, message);
}

std::string too_many_subscriptions(const Frame& request) {
  return refuse(
      request, protocol::internal_error,
      "this session has too many subscriptions (gateway.limits.subscriptions); give some up"
  );
}

}  // namespace

awaitable<void> Router::set_level(
    const ClientSessionPtr& session, const Frame& request, const ResponderPtr& responder,
    Flight& flight
) {
  const auto severity = log_severity(protocol::string_member(request.params(), "level"));
  if (!severity) {
    co_await responder->finish(refuse(
        request, protocol::invalid_params,
        "level is one of debug, info, notice, warning, error, critical, alert, emergency"
    ));
    co_return;
  }
  set_level_of(*session, severity);
  // The aggregate answers for itself; one server that refuses the level, or hangs, is no reason to
  // refuse it for all.
  std::string answer = protocol::make_result(request.id(), "{}");
  for (const auto& to : links_of(*session)) {
    const auto wanted = co_await shared_.control->set_level(session, to->name(), *severity);
    const std::string level(log_level_name(wanted));
    if (const auto own = known_own(session->key, to->name())) {
      // Its level is nobody else's business; one that begins later is told of it.
      const auto mine = std::string(log_level_name(*severity));
      if (const auto supervisor = own->supervisor()) supervisor->remember_log_level(mine);
      relays_.spawn(send_level(own, mine));
      continue;
    }
    if (const auto supervisor = to->supervisor()) supervisor->remember_log_level(level);
    if (!to->snapshot().session) continue;
    if (session->endpoint.empty()) {
      if (to->snapshot().server.has("logging")) relays_.spawn(send_level(to, level));
      continue;
    }
    const auto params = fmt::format(R"({{"level":"{}"}})", level);
    const auto frame =
        Frame::parse(protocol::make_request(request.id(), "logging/setLevel", params));
    Relay relay(*this, session, responder, to);
    answer = co_await call_through(to, *frame, &flight, std::nullopt, &relay);
  }
  co_await responder->finish(std::move(answer));
}

awaitable<void> Router::send_level(std::shared_ptr<upstream::Link> to, std::string level) {
  const auto params = fmt::format(R"({{"level":"{}"}})", level);
  const auto frame = Frame::parse(protocol::make_request("0", "logging/setLevel", params));
  co_await call_through(std::move(to), *frame, nullptr, std::chrono::seconds(5));
}

awaitable<void> Router::subscribe(
    const ClientSessionPtr& session, const Frame& request, const ResponderPtr& responder,
    Flight& flight
) {
  const auto target = co_await target_of(*session, request, flight.abort);
  if (!target.error.empty()) {
    co_await responder->finish(target.error);
    co_return;
  }
  if (request.uri().size() > shared_.uri_bytes) {
    co_await responder->finish(refuse(
        request, protocol::invalid_params,
        "the uri is too long to subscribe to (gateway.limits.uri_bytes)"
    ));
    co_return;
  }
  Relay relay(*this, session, responder, target.link);
  if (known_own(session->key, target.link->name())) {
    co_return co_await responder->finish(
        co_await subscribe_own(session, request, target, flight, relay)
    );
  }
  co_await responder->finish(
      co_await subscribe_through(session, request, target, flight, std::nullopt, &relay)
  );
}

/// On the client's own session, where nobody else holds anything. The whole response.
awaitable<std::string> Router::subscribe_own(
    const ClientSessionPtr& session, const Frame& request, const Target& target, Flight& flight,
    transport::Sink& sink
) {
  const bool on = request.method() == "resources/subscribe";
  const auto& server = target.link->name();
  flight.use(target.link);
  if (!co_await shared_.own->subscribe(server, session->key, request.uri(), on))
    co_return too_many_subscriptions(request);
  auto answer = co_await call_through(target.link, request, &flight, std::nullopt, &sink);
  const auto parsed = Frame::parse(answer);
  const bool accepted = parsed && parsed->kind() == Frame::Kind::result;
  if (on && !accepted) co_await shared_.own->subscribe(server, session->key, request.uri(), false);
  if (const auto supervisor = target.link->supervisor(); supervisor && accepted)
    supervisor->remember_subscription(request.uri(), on);
  co_return answer;
}

awaitable<std::string> Router::subscribe_through(
    const ClientSessionPtr& session, const Frame& request, const Target& target, Flight& flight,
    std::optional<core::Duration> timeout, transport::Sink* sink
) {
  const bool on = request.method() == "resources/subscribe";
  flight.use(target.link);
  const auto& server = target.link->name();
  const auto supervisor = target.link->supervisor();
  auto& control = *shared_.control;
  const auto turn = on ? co_await control.subscribe(session, server, request.uri())
                       : co_await control.unsubscribe(session, server, request.uri());
  if (turn == Control::Subscribed::too_many) {
    co_return too_many_subscriptions(request);
  }
  // Others hold it, or nobody counted what is given up.
  if (turn == Control::Subscribed::done) co_return protocol::make_result(request.id(), "{}");
  auto answer = co_await call_through(target.link, request, &flight, timeout, sink);
  const auto parsed = Frame::parse(answer);
  const bool accepted = parsed && parsed->kind() == Frame::Kind::result;
  if (supervisor && accepted) supervisor->remember_subscription(request.uri(), on);
  co_await control.settle(session, server, request.uri(), on && accepted);
  co_return answer;
}

}  // namespace mooring::gateway
