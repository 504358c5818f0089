// Requests of modern clients (from 2026-07-28): each stands for itself.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "gateway/header_check.hpp"
#include "gateway/leg.hpp"
#include "gateway/listen_filter.hpp"
#include "gateway/modern_responder.hpp"
#include "gateway/router.hpp"
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"

namespace mooring::gateway {

using protocol::Frame;

namespace {

constexpr core::Duration subscribe_time = std::chrono::seconds(5);  ///< a listen waits for it

/// As every upstream may see it: what the envelope said is in the session by now.
Frame without_envelope(const Frame& request) {
  const auto params = protocol::without_envelope(request.params());
  return Frame::parse(request.spliced({{request.params_span(), params}})).value();
}

/// As an upstream of the legacy era may see it. Its tasks would be those of another wire.
Frame for_legacy(const Frame& request) {
  std::string params(request.params());
  for (const std::string_view key : {"inputResponses", "requestState", "task"})
    params = protocol::without_member(params, key);
  return Frame::parse(request.spliced({{request.params_span(), params}})).value();
}

/// A legacy server may want something of this client while the request runs, or has wanted it
/// before.
bool may_be_asked(const ClientSession& session, const Frame& request) {
  constexpr std::array<std::string_view, 3> asked = {"elicitation", "sampling", "roots"};
  return protocol::member(request.params(), "requestState") ||
         std::ranges::any_of(asked, [&](std::string_view capability) {
           return protocol::member(session.capabilities, capability).has_value();
         });
}

}  // namespace

awaitable<void> Router::modern_request(
    ClientSessionPtr session, Frame request, ResponderPtr responder
) {
  const auto& method = request.method();
  const auto answer = std::make_shared<ModernResponder>(responder, session, request, false);
  if (method == "server/discover") {
    co_return co_await answer->finish(
        protocol::make_result(request.id(), co_await discover_result(session->endpoint))
    );
  }
  if (protocol::is_removed(method)) {
    co_return co_await answer->finish(protocol::make_error(
        request.id(), protocol::method_not_found, fmt::format("Method not found: {}", method)
    ));
  }
  if (const auto kind = list_kind(method))
    co_return co_await list(*session, request, *kind, *responder, *answer);
  Flight flight(*this, *session, request);
  if (!flight.refusal.empty()) co_return co_await answer->finish(flight.refusal);
  if (method == "subscriptions/listen") {
    co_await listen_until(session, request, responder, flight);
  } else {
    co_await modern_call(session, request, responder, answer, flight);
  }
}

/// Between modern peers a question is a result like any other, and what the retry brings is for the
/// server. A legacy server asks while the call runs: that is bridged.
awaitable<void> Router::modern_call(
    ClientSessionPtr session, const Frame& request, ResponderPtr responder, ResponderPtr answer,
    Flight& flight
) {
  const auto plain = without_envelope(request);
  if (!protocol::may_require_input(request.method()))
    co_return co_await call(session, plain, answer, flight);
  const auto token = protocol::member(request.params(), "requestState");
  const bool suspended =
      token && bridged_state(*session, request, protocol::unescape(*token)).has_value();
  if (!suspended) {
    const auto target = co_await target_of(*session, plain, flight.abort);
    // Whose state it is that a retry brings, only the server that is met can tell.
    const bool retry = token || protocol::member(request.params(), "inputResponses");
    if (retry && target.link && target.link->snapshot().server.protocol_version.empty()) {
      const auto until = worker_.timers().now() + target.link->config().connect_timeout;
      co_await target.link->wait_for_catalogue(until, &flight.abort);
    }
    if (target.link && target.link->snapshot().server.modern())
      co_return co_await call(session, plain, answer, flight);
  }
  auto legacy = for_legacy(plain);
  if (may_be_asked(*session, request)) {
    co_await bridge(session, request, std::move(legacy), responder, flight);
  } else {
    co_await call(session, legacy, answer, flight);
  }
}

awaitable<std::string> Router::discover_result(const std::string& endpoint) {
  const auto about = co_await describe(endpoint);
  auto result = fmt::format(
      R"({{"supportedVersions":["{}"],"capabilities":{}}})",
      protocol::to_string(protocol::latest_modern),
      protocol::without_member(about.capabilities, "tasks")
  );
  if (!about.instructions.empty())
    result = protocol::with_member(result, "instructions", protocol::quote(about.instructions));
  co_return protocol::with_meta(result, protocol::meta_server_info, about.info);
}

std::string Router::mismatched_params(
    const ClientSession& session, const Frame& request, const Target& target
) const {
  if (!session.param_headers || request.method() != "tools/call") return {};
  const auto* tool = tool_of(target, request);
  const auto schema = tool != nullptr ? protocol::member(tool->json, "inputSchema") : std::nullopt;
  return schema ? header_mismatch(session, request, *schema) : std::string();
}

/// Stands until the client gives it up, or the gateway ends.
awaitable<void> Router::listen_until(
    ClientSessionPtr session, const Frame& request, ResponderPtr responder, Flight& flight
) {
  auto filter = ListenFilter::read(request.params());
  if (!filter) {
    co_return co_await responder->finish(
        protocol::make_error(request.id(), protocol::invalid_params, filter.error())
    );
  }
  const std::string id(request.id());
  const auto leg = std::make_shared<Leg>(worker_, request, session->log_level);
  shared_.control->listen(session, [leg, id, filter = *filter](std::string message) {
    const auto frame = Frame::parse(std::move(message));
    if (frame && filter.wants(*frame)) leg->put(tagged(*frame, id));
  });
  std::vector<std::string> honoured;
  for (const auto& uri : filter->uris) {
    if (flight.abort.aborted()) break;
    if (co_await subscribe_for(session, uri, flight)) honoured.push_back(uri);
  }
  flight.use(nullptr);  // The subscriptions move with the server when it is configured anew.
  filter->uris = std::move(honoured);
  const auto acknowledged = fmt::format(R"({{"notifications":{}}})", filter->to_json());
  co_await responder->send(protocol::make_notification(
      "notifications/subscriptions/acknowledged",
      protocol::with_meta(acknowledged, protocol::meta_subscription_id, id)
  ));
  co_await leg->deliver(*responder, flight.abort);
  shared_.control->end(session);
  co_await responder->finish(protocol::make_result(
      id, protocol::with_meta(R"({"resultType":"complete"})", protocol::meta_subscription_id, id)
  ));
}

/// False: no server has such a resource, or it takes no subscription.
awaitable<bool> Router::subscribe_for(
    ClientSessionPtr session, const std::string& uri, Flight& flight
) {
  if (uri.size() > shared_.uri_bytes) co_return false;
  const auto params = fmt::format(R"({{"uri":{}}})", protocol::quote(uri));
  const auto request = Frame::parse(protocol::make_request("0", "resources/subscribe", params));
  const auto target = co_await target_of(*session, *request, flight.abort);
  if (!target.error.empty()) co_return false;
  const auto answer =
      co_await subscribe_through(session, *request, target, flight, subscribe_time, nullptr);
  const auto parsed = Frame::parse(answer);
  co_return parsed && parsed->kind() == Frame::Kind::result;
}

}  // namespace mooring::gateway
