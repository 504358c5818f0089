#include "io/http_response_parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mooring::io {

void HttpResponseParser::reset(bool without_body) {
  head_.reset();
  chunks_.reset();
  error_.clear();
  piece_ = {};
  left_ = 0;
  body_ = Body::sized;
  state_ = State::head;
  without_body_ = without_body;
  started_ = false;
  keep_alive_ = false;
}

std::size_t HttpResponseParser::feed(std::string_view bytes) {
  piece_ = {};
  if (bytes.empty() || state_ == State::done || state_ == State::failed) return 0;
  started_ = true;
  return state_ == State::head ? read_head(bytes) : read_body(bytes);
}

std::size_t HttpResponseParser::read_head(std::string_view bytes) {
  const auto taken = head_.feed(bytes);
  switch (head_.state()) {
    case HttpHeadReader::State::done:
      begin_body();
      break;
    case HttpHeadReader::State::failed:
      fail(fmt::format("malformed response: {}", head_.error()));
      break;
    case HttpHeadReader::State::too_large:
      fail(fmt::format("response header over {} bytes", head_.limit()));
      break;
    default:
      break;
  }
  return taken;
}

/// RFC 9112 §6.3
void HttpResponseParser::begin_body() {
  const bool none = without_body_ || informational() || status() == 204 || status() == 304;
  keep_alive_ = head_.keep_alive();
  state_ = State::body;
  if (none) {
    state_ = State::done;
  } else if (head_.chunked()) {
    body_ = Body::chunked;
  } else if (const auto length = head_.content_length()) {
    left_ = *length;
    if (left_ == 0) state_ = State::done;
  } else {
    body_ = Body::until_close;
    keep_alive_ = false;
  }
}

std::size_t HttpResponseParser::read_body(std::string_view bytes) {
  if (body_ == Body::until_close) {
    piece_ = bytes;
    return bytes.size();
  }
  if (body_ == Body::sized) {
    piece_ = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
    left_ -= piece_.size();
    if (left_ == 0) state_ = State::done;
    return piece_.size();
  }
  const auto taken = chunks_.feed(bytes);
  piece_ = chunks_.piece();
  if (chunks_.state() == HttpChunkReader::State::done) state_ = State::done;
  if (chunks_.state() == HttpChunkReader::State::failed && piece_.empty()) {
    // What came before a mistake is handed out first.
    fail(fmt::format("malformed response: {}", chunks_.error()));
  }
  return taken;
}

void HttpResponseParser::finish() {
  piece_ = {};
  if (state_ == State::done || state_ == State::failed) return;
  if (!started_) return fail("connection closed before a response");
  if (state_ == State::head) return fail("connection closed within the response header");
  if (body_ != Body::until_close) return fail("connection closed before the end of the response");
  state_ = State::done;
}

void HttpResponseParser::fail(std::string text) {
  state_ = State::failed;
  error_ = std::move(text);
  keep_alive_ = false;
}

}  // namespace mooring::io
