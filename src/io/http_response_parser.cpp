#include "io/http_response_parser.hpp"

#include <fmt/format.h>

#include "io/http_beast.hpp"

namespace mooring::io {

namespace {
constexpr std::size_t chunk_framing_bytes = 8 * 1024;
}

class HttpResponseParser::Message final : public BeastMessage<false> {
 public:
  Message(HttpResponseParser& owner, bool without_body)
      : BeastMessage(owner.fields_, owner.header_bytes_), owner_(owner) {
    skip(without_body);
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int, ErrorCode&)
      override {}
  void on_response_impl(int status, beast::string_view, int, ErrorCode&) override {
    owner_.status_ = status;
  }
  void take_body(std::string_view piece, ErrorCode&) override { owner_.piece_ = piece; }

  HttpResponseParser& owner_;
};

HttpResponseParser::HttpResponseParser(std::size_t header_bytes, bool without_body)
    : header_bytes_(header_bytes), message_(std::make_unique<std::optional<Message>>()) {
  fields_.reserve();
  reset(without_body);
}

HttpResponseParser::~HttpResponseParser() = default;

void HttpResponseParser::reset(bool without_body) {
  message_->emplace(*this, without_body);
  fields_.clear();
  error_.clear();
  piece_ = {};
  content_length_.reset();
  head_seen_ = 0;
  status_ = 0;
  state_ = State::head;
  started_ = false;
  keep_alive_ = false;
}

std::size_t HttpResponseParser::feed(std::string_view bytes) {
  piece_ = {};
  if (bytes.empty() || state_ == State::done || state_ == State::failed) return 0;
  started_ = true;
  auto& message = **message_;
  if (message.too_short(bytes)) return 0;
  beast::error_code error;
  const auto count = message.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  const bool need_more = error == beast::http::error::need_more;
  if (state_ == State::head) {
    head_seen_ += count;
    const auto size = message.header_complete() ? head_seen_ : head_seen_ + bytes.size() - count;
    if (size > header_bytes_ || error == beast::http::error::header_limit) {
      fail(fmt::format("response header over {} bytes", header_bytes_));
      return count;
    }
  } else if (need_more && bytes.size() - count > chunk_framing_bytes) {
    fail("malformed response: chunk header too long");
    return count;
  }
  if (error && !need_more) {
    fail("malformed response: " + error.message());
    return count;
  }
  if (state_ == State::head && message.header_complete()) {
    state_ = State::body;
    keep_alive_ = message.keep_alive();
    if (auto length = message.content_length()) content_length_ = *length;
  }
  if (state_ == State::body && message.is_done()) state_ = State::done;
  return count;
}

void HttpResponseParser::finish() {
  piece_ = {};
  if (state_ == State::done || state_ == State::failed) return;
  if (!started_) return fail("connection closed before a response");
  if (state_ == State::head) return fail("connection closed within the response header");
  beast::error_code error;
  (*message_)->put_eof(error);
  if (error) return fail("connection closed before the end of the response");
  state_ = State::done;
}

void HttpResponseParser::fail(std::string text) {
  state_ = State::failed;
  error_ = std::move(text);
  keep_alive_ = false;
}

}  // namespace mooring::io
