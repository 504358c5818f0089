#include "transport/http_evidence.hpp"

#include <algorithm>
#include <array>

#include "io/http_fields.hpp"

namespace mooring::transport {

using recovery::Delivery;
using recovery::Failure;
using recovery::Stage;

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::string_view bare(std::string_view content_type) {
  return content_type.substr(0, content_type.find_first_of("; \t,"));
}

Stage stage_of(io::HttpFailure::Stage stage) {
  switch (stage) {
    case io::HttpFailure::Stage::resolve:
      return Stage::resolve;
    case io::HttpFailure::Stage::connect:
      return Stage::connect;
    case io::HttpFailure::Stage::tls:
      return Stage::tls;
    case io::HttpFailure::Stage::proxy:
      return Stage::proxy;
    case io::HttpFailure::Stage::write:
      return Stage::write;
    case io::HttpFailure::Stage::headers:
      return Stage::headers;
    case io::HttpFailure::Stage::body:
      break;
  }
  return Stage::body;
}

Failure about(const RequestFacts& facts) {
  Failure failure;
  failure.phase = facts.phase;
  failure.method = facts.method;
  failure.sent_session_id = facts.with_session;
  failure.credentials = facts.credentials;
  return failure;
}

}  // namespace

Failure from_broken_exchange(const io::HttpFailure& broken, const RequestFacts& facts) {
  Failure failure = about(facts);
  failure.stage = stage_of(broken.stage);
  failure.bytes_sent = broken.bytes_sent;
  failure.connection_reused = broken.connection_reused;
  failure.timed_out = broken.timed_out;
  failure.aborted = broken.aborted;
  failure.error = broken.message;
  failure.delivery = broken.bytes_sent == 0 ? Delivery::not_sent : Delivery::unknown;
  return failure;
}

Failure from_answer(
    const io::IncomingHttpResponse& response, std::string body, bool complete,
    const RequestFacts& facts
) {
  Failure failure = about(facts);
  failure.http_status = response.status();
  for (auto& header : response.headers()) {
    failure.headers.emplace_back(std::move(header.name), std::move(header.value));
  }
  failure.bytes_sent = response.bytes_sent();
  failure.connection_reused = response.connection_reused();
  failure.response_begun = response.status() < 300;
  failure.body = std::move(body);
  if (failure.body.size() > evidence_bytes) failure.body.resize(evidence_bytes);
  if (!complete) failure.stage = Stage::body;
  return failure;
}

Failure from_broken_body(
    const io::HttpFailure* broken, std::string error, const RequestFacts& facts
) {
  Failure failure = about(facts);
  failure.stage = Stage::body;
  failure.response_begun = true;
  failure.error = std::move(error);
  if (broken != nullptr) {
    failure.bytes_sent = broken->bytes_sent;
    failure.connection_reused = broken->connection_reused;
    failure.timed_out = broken->timed_out;
    failure.aborted = broken->aborted;
    if (failure.error.empty()) failure.error = broken->message;
  }
  return failure;
}

Failure from_abort(const RequestFacts& facts) {
  Failure failure = from_broken_body(nullptr, "given up by the caller", facts);
  failure.aborted = true;
  return failure;
}

std::string media_type(std::string_view content_type) { return lower(bare(content_type)); }

bool is_event_stream(std::string_view content_type) {
  return io::equals_ignoring_case(bare(content_type), "text/event-stream");
}

bool is_json(std::string_view content_type) {
  constexpr std::string_view suffix = "+json";
  const auto type = bare(content_type);
  if (io::equals_ignoring_case(type, "application/json")) return true;
  return type.size() >= suffix.size() &&
         io::equals_ignoring_case(type.substr(type.size() - suffix.size()), suffix);
}

}  // namespace mooring::transport
