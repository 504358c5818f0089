#include "evidence.hpp"

#include <algorithm>
#include <array>

#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"
#include "transport/http_body.hpp"
#include "transport/http_evidence.hpp"
#include "transport/incoming.hpp"

namespace mooring::simulation {

using protocol::Frame;
using recovery::Delivery;
using recovery::Failure;
using transport::Outcome;

namespace {

bool with_session(const Exchange& exchange) {
  return exchange.headers && !exchange.headers->session_id.empty();
}

Failure about(const Exchange& exchange) {
  Failure failure;
  failure.method = exchange.method;
  failure.sent_session_id = with_session(exchange);
  failure.credentials = exchange.credentials;
  return failure;
}

Outcome response(Frame frame) {
  Outcome made;
  made.response = std::move(frame);
  return made;
}

std::string data_of_events(std::string_view body) {
  constexpr std::string_view field = "data: ";
  const auto begin = body.find(field);
  if (begin == std::string_view::npos) return {};
  body.remove_prefix(begin + field.size());
  return std::string(body.substr(0, body.find('\n')));
}

/// The response in a 2xx answer; nothing where there is none.
std::optional<Frame> own_response(const Exchange& exchange, std::string body) {
  auto messages = transport::parse_messages(std::move(body));
  if (!messages || messages->size() != 1) return std::nullopt;
  auto& only = messages->front();
  const bool ours = transport::answers(only, exchange.id) || only.kind() == Frame::Kind::error;
  if (!ours) return std::nullopt;
  return transport::with_id(std::move(only), exchange.id);
}

}  // namespace

Outcome outcome(Failure failure) {
  Outcome made;
  made.failure = std::move(failure);
  return made;
}

Outcome answered(const Exchange& exchange, std::string_view result) {
  return response(*Frame::parse(protocol::make_result(exchange.id, result)));
}

Outcome http_answer(
    const Exchange& exchange, int status, std::string_view content_type, std::string body,
    std::vector<std::pair<std::string, std::string>> headers
) {
  auto failure = about(exchange);
  failure.http_status = status;
  failure.headers = std::move(headers);
  if (!content_type.empty()) failure.headers.emplace_back("Content-Type", content_type);
  failure.body = body;
  failure.bytes_sent = 200;
  failure.response_begun = status < 300;
  if (status >= 300) return outcome(std::move(failure));
  const bool events = transport::is_event_stream(content_type);
  if (events) body = data_of_events(body);
  if (auto own = own_response(exchange, body)) return response(std::move(*own));
  failure.error = events ? "the event stream ended before the response"
                         : transport::not_an_answer(failure, content_type);
  if (events) {
    failure.body = std::move(body);
    failure.stage = recovery::Stage::body;
    failure.http_status.reset();
  }
  return outcome(std::move(failure));
}

Outcome expired(const Exchange& exchange, const chaos::ExpiryDialect& dialect) {
  const auto& form = dialect.post;
  const auto& session = exchange.headers->session_id;
  std::vector<std::pair<std::string, std::string>> headers;
  if (!form.header_name.empty()) {
    headers.emplace_back(form.header_name, chaos::fill_in(form.header_value, exchange.id, session));
  }
  auto body = chaos::fill_in(form.body, exchange.id, session);
  return http_answer(exchange, form.status, form.content_type, std::move(body), std::move(headers));
}

transport::ListenEnd stream_expired(const chaos::ExpiryDialect& dialect, bool with_session) {
  transport::ListenEnd end;
  const auto& form = dialect.get;
  end.offered = transport::offers_stream(form.status, with_session);
  if (!end.offered) return end;
  Failure failure;
  failure.phase = recovery::Phase::get_stream;
  failure.sent_session_id = with_session;
  failure.http_status = form.status;
  failure.body = chaos::fill_in(form.body, {}, {});
  end.failure = std::move(failure);
  return end;
}

Failure not_sent(const Exchange& exchange, recovery::Stage stage, std::string error) {
  auto failure = about(exchange);
  failure.delivery = Delivery::not_sent;
  failure.stage = stage;
  failure.error = std::move(error);
  return failure;
}

Failure broken(const Exchange& exchange, recovery::Stage stage, std::string error) {
  auto failure = not_sent(exchange, stage, std::move(error));
  failure.delivery = Delivery::unknown;
  failure.bytes_sent = 200;
  return failure;
}

Failure stream_broken(recovery::Stage stage, std::string error) {
  Failure failure;
  failure.delivery = Delivery::not_sent;
  failure.phase = recovery::Phase::get_stream;
  failure.stage = stage;
  failure.error = std::move(error);
  return failure;
}

Failure given_up(const Exchange& exchange) {
  auto failure = broken(exchange, recovery::Stage::headers, "given up by the caller");
  if (!exchange.written) {
    failure.delivery = Delivery::not_sent;
    failure.bytes_sent = 0;
  }
  failure.aborted = true;
  return failure;
}

std::string words_of_error(std::string_view error) {
  const auto code = protocol::member(error, "code");
  if (!code) return {};
  return fmt::format("{} {}", *code, protocol::string_member(error, "message"));
}

std::string words_in(const Outcome& outcome) {
  if (outcome.response) return words_of_error(outcome.response->error());
  if (!outcome.failure || protocol::validate(outcome.failure->body)) return {};
  const auto error = protocol::member(outcome.failure->body, "error");
  return error && protocol::is_object(*error) ? words_of_error(*error) : std::string();
}

bool is_odd(const chaos::ExpiryDialect& dialect) {
  constexpr std::array<std::string_view, 6> odd = {"python-200-32602", "html-404",
                                                   "empty-404",        "rmcp-500",
                                                   "keryx-200-sse",    "csharp-400-stateless"};
  return std::ranges::find(odd, dialect.name) != odd.end();
}

}  // namespace mooring::simulation
