#include "io/http_request_parser.hpp"

#include <fmt/format.h>

#include "io/http_beast.hpp"

namespace mooring::io {

namespace {
constexpr std::size_t chunk_framing_bytes = 8 * 1024;   // of one chunk header, or of all trailers
constexpr std::size_t kept_body_capacity = 256 * 1024;  // between two requests
}  // namespace

class HttpRequestParser::Message final : public BeastMessage<true> {
 public:
  Message(HttpRequestParser& owner, std::size_t header_bytes)
      : BeastMessage(owner.fields_, header_bytes), owner_(owner) {}

 private:
  void
  on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version, ErrorCode&)
      override {
    owner_.method_ = fields().keep({method.data(), method.size()});
    owner_.target_ = fields().keep({target.data(), target.size()});
    owner_.version_ = version;
  }
  void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}
  void take_body(std::string_view piece, ErrorCode&) override { owner_.count_body(piece); }

  HttpRequestParser& owner_;
};

HttpRequestParser::HttpRequestParser(Limits limits)
    : limits_(limits), message_(std::make_unique<std::optional<Message>>()) {
  reset();
}

HttpRequestParser::~HttpRequestParser() = default;

void HttpRequestParser::reset() {
  message_->emplace(*this, limits_.header_bytes);
  fields_.clear();
  if (body_.capacity() > kept_body_capacity) body_ = std::string();
  body_.clear();
  error_.clear();
  method_ = {};
  target_ = {};
  version_ = 11;
  body_seen_ = 0;
  head_seen_ = 0;
  state_ = State::head;
  started_ = false;
  keep_alive_ = true;
  too_large_ = false;
  drainable_ = true;
}

std::size_t HttpRequestParser::feed(std::string_view bytes) {
  std::size_t taken = 0;
  if (!started_) {
    // RFC 9112 §2.2: empty lines before a request line are ignored.
    while (bytes.substr(taken).starts_with("\r\n")) taken += 2;
    if (taken == bytes.size() || bytes.substr(taken) == "\r") return taken;
    started_ = true;
  }
  while (taken < bytes.size() && (state_ == State::head || state_ == State::body)) {
    const bool in_head = state_ == State::head;
    const auto count = put(bytes.substr(taken));
    taken += count;
    if (in_head || count == 0) break;
  }
  return taken;
}

std::size_t HttpRequestParser::put(std::string_view bytes) {
  auto& message = **message_;
  if (message.too_short(bytes)) return 0;
  beast::error_code error;
  const auto count = message.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  const bool need_more = error == beast::http::error::need_more;
  if (state_ == State::head) {
    head_seen_ += count;
    const auto size = message.header_complete() ? head_seen_ : head_seen_ + bytes.size() - count;
    if (size > limits_.header_bytes || error == beast::http::error::header_limit) {
      fail(431, fmt::format("request header over {} bytes", limits_.header_bytes));
      return count;
    }
  } else if (need_more && bytes.size() - count > chunk_framing_bytes) {
    fail(400, "malformed request: chunk header too long");
    return count;
  }
  if (error && !need_more) {
    fail(400, "malformed request: " + error.message());
    return count;
  }
  if (state_ == State::head && message.header_complete()) check_head();
  if (state_ == State::body && message.is_done()) finish();
  return count;
}

void HttpRequestParser::check_head() {
  auto& message = **message_;
  const auto hosts = fields_.count("host");
  if (hosts > 1 || (hosts == 0 && http_1_1())) {
    return fail(400, "malformed request: exactly one Host header is required");
  }
  if (message.chunked() && !http_1_1()) {
    return fail(400, "malformed request: chunked body in HTTP/1.0");
  }
  state_ = State::body;
  keep_alive_ = message.keep_alive();
  const auto length = message.content_length();
  if (!length) return;
  too_large_ = *length > limits_.body_bytes;
  drainable_ = !too_large_ || *length - limits_.body_bytes <= limits_.drain_bytes;
  if (!too_large_) {
    // A length is only a promise: what is large is allocated as it comes.
    body_.reserve(std::min<std::size_t>(*length, 1024 * 1024) + body_padding);
  }
}

void HttpRequestParser::count_body(std::string_view piece) {
  body_seen_ += piece.size();
  if (body_seen_ > limits_.body_bytes) {
    too_large_ = true;
    drainable_ = body_seen_ - limits_.body_bytes <= limits_.drain_bytes;
    if (body_.capacity() > kept_body_capacity) body_ = std::string();
    body_.clear();
  }
  if (!too_large_) body_.append(piece);
}

void HttpRequestParser::finish() {
  state_ = State::done;
  if (body_.capacity() - body_.size() < body_padding) body_.reserve(body_.size() + body_padding);
}

bool HttpRequestParser::expects_continue() const {
  return http_1_1() && equals_ignoring_case(fields_.find("expect"), "100-continue");
}

void HttpRequestParser::fail(int status, std::string text) {
  state_ = State::failed;
  error_status_ = status;
  error_ = std::move(text);
  keep_alive_ = false;
}

}  // namespace mooring::io
