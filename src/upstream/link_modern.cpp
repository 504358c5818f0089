// How a call goes out to a server of the modern era (from 2026-07-28).
#include "protocol/messages.hpp"
#include "protocol/modern.hpp"
#include "protocol/request_headers.hpp"
#include "upstream/attempt.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::upstream {

using protocol::Frame;

awaitable<transport::Outcome> Link::send_modern(Attempt& attempt, const SessionView& session) {
  const auto& frame = attempt.frame();
  transport::OutgoingRequest out;
  out.id = attempt.id;
  out.method = frame.method();
  out.session = session.headers;
  out.from_client = true;  // and whole: what a result is has to be seen in it
  out.abort = &attempt.abort;
  if (auto own = co_await own_answer(attempt)) {
    transport::Outcome outcome;
    outcome.response = Frame::parse(std::move(*own)).value();
    co_return outcome;
  }
  std::string params(frame.params());
  if (attempt.request.name && frame.name_span())
    params = protocol::with_member(params, "name", protocol::quote(*attempt.request.name));
  if (frame.progress_token_span()) {
    out.progress_token = attempt.id;
    params = protocol::with_meta(params, "progressToken", attempt.id);
  }
  protocol::Envelope envelope;
  envelope.version = session.server.protocol_version;
  envelope.capabilities = capabilities_of(attempt, session);
  envelope.client_info = session.client.info;
  envelope.log_level = attempt.request.log_level;
  params = protocol::with_envelope(params, envelope);
  if (!session.process)
    out.headers = protocol::request_headers(out.method, params, input_schema(attempt));
  out.bytes = protocol::make_request(attempt.id, out.method, params);
  co_return co_await channel(session).request(std::move(out), attempt);
}

/// The whole response to what went with the legacy era: levels travel with each request, and
/// subscriptions are those of the one listen of the Supervisor.
awaitable<std::optional<std::string>> Link::own_answer(const Attempt& attempt) const {
  const auto& method = attempt.frame().method();
  if (method == "ping" || method == "logging/setLevel")
    co_return protocol::make_result(attempt.id, "{}");
  const bool on = method == "resources/subscribe";
  if (!on && method != "resources/unsubscribe") co_return std::nullopt;
  const auto supervisor = supervisor_.lock();
  if (supervisor && co_await supervisor->subscribe(attempt.frame().uri(), on))
    co_return protocol::make_result(attempt.id, "{}");
  co_return protocol::make_error(
      attempt.id, protocol::invalid_params, "the server takes no subscription to this resource"
  );
}

/// Of the tool that is called, raw; empty: none is, or it is not listed.
std::string_view Link::input_schema(const Attempt& attempt) const {
  if (attempt.frame().method() != "tools/call" || !snapshot_.catalogue) return {};
  const auto* item = (*snapshot_.catalogue)[ListKind::tools].find(attempt.name());
  if (item == nullptr) return {};
  return protocol::member(item->json, "inputSchema").value_or(std::string_view());
}

/// What the caller can do, as far as we let it through.
std::string Link::capabilities_of(const Attempt& attempt, const SessionView& session) const {
  const auto& of_caller = attempt.request.client_capabilities;
  // A legacy client means the tasks of another wire.
  auto all = protocol::without_member(
      of_caller.empty() ? session.client.capabilities : of_caller, "tasks"
  );
  if (!config_->sampling_enabled) all = protocol::without_member(all, "sampling");
  if (!config_->elicitation_enabled) all = protocol::without_member(all, "elicitation");
  if (!attempt.request.takes_tasks) return all;
  const auto extensions = protocol::member(all, "extensions").value_or("{}");
  return protocol::with_member(
      all, "extensions", protocol::with_member(extensions, protocol::tasks_extension, "{}")
  );
}

/// True: the server refused the request for its Mcp-Param-* headers, and what it wants there has
/// been asked anew (2026-07-28 "Transports").
awaitable<bool> Link::mended_headers(
    const Attempt& attempt, const SessionView& session, const Frame& answer
) const {
  const auto code = protocol::member(answer.error(), "code").value_or("");
  const auto supervisor = supervisor_.lock();
  if (!session.server.modern() || attempt.repeats > 0 || !supervisor ||
      code != std::to_string(protocol::header_mismatch) ||
      attempt.frame().method() != "tools/call" || replay_policy(attempt) == ReplayPolicy::never) {
    co_return false;
  }
  co_await supervisor->list_again(ListKind::tools);
  co_return true;
}

}  // namespace mooring::upstream
