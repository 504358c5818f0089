#include "transport/http_body.hpp"

#include <fmt/format.h>

#include <array>

#include "protocol/sse.hpp"
#include "transport/incoming.hpp"

namespace mooring::transport {

using recovery::Failure;

namespace {

constexpr std::string_view blanks = " \t\r\n";

class HttpBodyStream final : public BodyStream {
 public:
  HttpBodyStream(
      std::unique_ptr<io::IncomingHttpResponse> response, std::string head,
      const RequestFacts& facts
  )
      : response_(std::move(response)),
        head_(std::move(head)),
        method_(facts.method),
        with_session_(facts.with_session) {}

  awaitable<std::expected<std::string_view, Failure>> read_some() override {
    if (!head_given_) {
      head_given_ = true;
      co_return std::string_view(head_);
    }
    head_ = {};
    auto piece = co_await response_->read_some();
    if (!piece) {
      const RequestFacts facts{method_, with_session_};
      co_return std::unexpected(from_broken_body(&piece.error(), {}, facts));
    }
    co_return *piece;
  }

 private:
  std::unique_ptr<io::IncomingHttpResponse> response_;
  std::string head_;
  bool head_given_ = false;
  std::string method_;
  bool with_session_;
};

/// The messages of an error body: JSON, or events that hold JSON.
std::vector<protocol::Frame> messages_in(const std::string& body, std::string_view content_type) {
  if (!is_event_stream(content_type)) {
    auto messages = parse_messages(body);
    if (!messages) return {};
    return std::move(*messages);
  }
  std::vector<protocol::Frame> all;
  protocol::SseDecoder decoder(evidence_bytes);
  // The end of the body ends an event that lacks its empty line.
  if (!decoder.feed(body) || !decoder.feed("\n\n")) return all;
  while (auto event = decoder.next()) {
    auto messages = parse_messages(std::move(event->data));
    if (!messages) continue;
    for (auto& message : *messages) all.push_back(std::move(message));
  }
  return all;
}

}  // namespace

awaitable<Collected> collect(
    io::IncomingHttpResponse& response, std::size_t limit, core::TimePoint deadline
) {
  Collected collected;
  for (;;) {
    auto piece = co_await response.read_some(deadline);
    if (!piece) co_return collected;
    if (piece->empty()) break;
    const auto room = limit - collected.bytes.size();
    collected.bytes += piece->substr(0, room);
    if (piece->size() > room) co_return collected;
  }
  collected.complete = true;
  co_return collected;
}

bool looks_like_events(std::string_view bytes, std::string_view content_type) {
  if (bytes.starts_with('{') || bytes.starts_with('[')) return false;
  if (is_json(content_type) || media_type(content_type) == "text/html") return false;
  constexpr std::array<std::string_view, 5> starts = {"data:", "event:", "id:", "retry:", ":"};
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const auto begin = bytes.find_first_not_of("\r\n");
  if (begin == std::string_view::npos) return false;
  bytes.remove_prefix(begin);
  for (const auto start : starts) {
    if (bytes.starts_with(start)) return true;
  }
  return false;
}

bool looks_like_object(std::string_view bytes) {
  const auto begin = bytes.find_first_not_of(blanks);
  return begin != std::string_view::npos && bytes[begin] == '{';
}

bool holds_error(const std::string& bytes) {
  const auto messages = messages_in(bytes, {});
  return messages.size() == 1 && messages.front().kind() == protocol::Frame::Kind::error;
}

std::string not_an_answer(const Failure& failure, std::string_view content_type) {
  const auto type = media_type(content_type);
  if (failure.body.find_first_not_of(blanks) == std::string::npos) {
    return fmt::format("HTTP {} without an answer in it", failure.http_status.value_or(0));
  }
  return fmt::format(
      "not an MCP endpoint: answered {}: {}", type.empty() ? "without a content type" : type,
      excerpt(failure.body)
  );
}

bool offers_stream(int status, bool with_session) {
  if (status == 405 || status == 501 || (status >= 200 && status < 300)) return false;
  if (status == 400 || status == 404 || status == 406) return with_session;
  return true;
}

std::unique_ptr<BodyStream> make_body_stream(
    std::unique_ptr<io::IncomingHttpResponse> response, std::string head, const RequestFacts& facts
) {
  return std::make_unique<HttpBodyStream>(std::move(response), std::move(head), facts);
}

}  // namespace mooring::transport
