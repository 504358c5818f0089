#include "io/http_request_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mooring::io {

namespace {
constexpr std::size_t kept_body = 512;         // between two requests
constexpr std::size_t promised = 1024 * 1024;  // what is larger is allocated as it comes
}  // namespace

HttpRequestParser::HttpRequestParser(Limits limits)
    : limits_(limits), head_(HttpHeadReader::Of::request, limits.header_bytes) {}

void HttpRequestParser::reset() {
  head_.reset();
  chunks_.reset();
  drop_body();
  error_.clear();
  body_seen_ = 0;
  state_ = State::head;
  started_ = false;
  too_large_ = false;
  drainable_ = true;
}

void HttpRequestParser::release() {
  reset();
  head_.fields().release();
  std::string().swap(body_);  // an assignment would keep the memory
  std::string().swap(error_);
}

std::size_t HttpRequestParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  if (!started_) {
    // RFC 9112 §2.2: empty lines before a request line are ignored.
    while (bytes.substr(taken).starts_with("\r\n")) taken += 2;
    if (taken == bytes.size() || bytes.substr(taken) == "\r") return taken;
    started_ = true;
  }
  if (state_ == State::head) return taken + read_head(bytes.substr(taken));
  return state_ == State::body ? read_body(bytes) : taken;
}

std::size_t HttpRequestParser::read_head(std::string_view bytes) {
  const auto taken = head_.feed(bytes);
  switch (head_.state()) {
    case HttpHeadReader::State::done:
      check_head();
      break;
    case HttpHeadReader::State::failed:
      fail(400, fmt::format("malformed request: {}", head_.error()));
      break;
    case HttpHeadReader::State::too_large:
      fail(431, fmt::format("request header over {} bytes", limits_.header_bytes));
      break;
    default:
      break;
  }
  return taken;
}

void HttpRequestParser::check_head() {
  const auto hosts = head_.hosts();
  if (hosts > 1 || (hosts == 0 && http_1_1())) {
    return fail(400, "malformed request: exactly one Host header is required");
  }
  if (head_.chunked() && !http_1_1()) {
    return fail(400, "malformed request: chunked body in HTTP/1.0");
  }
  state_ = State::body;
  if (head_.chunked()) return;
  const auto length = head_.content_length().value_or(0);
  if (length == 0) return finish();
  too_large_ = length > limits_.body_bytes;
  drainable_ = !too_large_ || length - limits_.body_bytes <= limits_.drain_bytes;
  if (!too_large_) body_.reserve(std::min<std::size_t>(length, promised));
}

std::size_t HttpRequestParser::read_body(std::string_view bytes) {
  if (!head_.chunked()) {
    const auto left = *head_.content_length() - body_seen_;
    const auto piece = bytes.substr(0, std::min<std::uint64_t>(left, bytes.size()));
    take(piece);
    if (piece.size() == left) finish();
    return piece.size();
  }
  std::size_t taken = 0;
  while (taken < bytes.size() && state_ == State::body) {
    const auto count = chunks_.feed(bytes.substr(taken));
    taken += count;
    take(chunks_.piece());
    if (chunks_.state() == HttpChunkReader::State::done) {
      finish();
    } else if (chunks_.state() == HttpChunkReader::State::failed) {
      fail(400, fmt::format("malformed request: {}", chunks_.error()));
    } else if (count == 0) {
      break;
    }
  }
  return taken;
}

void HttpRequestParser::take(std::string_view piece) {
  body_seen_ += piece.size();
  if (body_seen_ > limits_.body_bytes) {
    too_large_ = true;
    drainable_ = body_seen_ - limits_.body_bytes <= limits_.drain_bytes;
    drop_body();
  }
  if (!too_large_) body_.append(piece);
}

void HttpRequestParser::finish() { state_ = State::done; }

bool HttpRequestParser::expects_continue() const {
  return http_1_1() && equals_ignoring_case(fields().find("expect"), "100-continue");
}

void HttpRequestParser::drop_body() {
  if (body_.capacity() > kept_body) std::string().swap(body_);
  body_.clear();
}

void HttpRequestParser::fail(int status, std::string text) {
  state_ = State::failed;
  error_status_ = status;
  error_ = std::move(text);
}

}  // namespace mooring::io
