#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

#include "io/http_fields.hpp"

/// Only the two parsers' sources include this: Beast stays behind them.
namespace mooring::io {

namespace beast = boost::beast;

/// Beast's parser of one message, storing fields in an HttpFields and counting chunks. Trailer
/// fields are dropped.
template <bool is_request>
class BeastMessage : public beast::http::basic_parser<is_request> {
  using Base = beast::http::basic_parser<is_request>;

 public:
  using ErrorCode = beast::error_code;

  BeastMessage(HttpFields& fields, std::size_t header_bytes) : fields_(fields) {
    Base::body_limit(boost::none);
    // Beast looks at one buffer at a time; the callers count the whole header.
    Base::header_limit(static_cast<std::uint32_t>(header_bytes + 64));
  }

  /// Beast asserts that a buffer that begins with the last chunk's header has five bytes once it
  /// has seen that chunk.
  bool too_short(std::string_view bytes) const {
    return this->is_header_done() && this->chunked() && chunk_left_ == 0 && bytes.size() < 5 &&
           !bytes.empty() && (bytes.front() == '0' || bytes.front() == '\r');
  }
  /// Inside a chunk's data or a sized body, as opposed to chunk framing, which has to be buffered
  /// whole.
  bool in_framing() const { return this->chunked() && chunk_left_ == 0; }
  bool header_complete() const { return header_complete_; }

 protected:
  HttpFields& fields() { return fields_; }

  void
  on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, ErrorCode&)
      override {
    if (!header_complete_) fields_.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(ErrorCode& error) override {
    header_complete_ = true;
    // Any coding but chunked, or chunked where it is not the last one.
    const auto codings = fields_.count("transfer-encoding");
    if (codings > 1 ||
        (codings == 1 && !equals_ignoring_case(fields_.find("transfer-encoding"), "chunked"))) {
      error = beast::http::error::bad_transfer_encoding;
    }
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(beast::string_view body, ErrorCode& error) override {
    take_body({body.data(), body.size()}, error);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t size, beast::string_view, ErrorCode&) override {
    chunk_left_ = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, ErrorCode& error)
      override {
    chunk_left_ -= body.size();
    take_body({body.data(), body.size()}, error);
    return body.size();
  }
  void on_finish_impl(ErrorCode&) override {}

  virtual void take_body(std::string_view piece, ErrorCode& error) = 0;

 private:
  HttpFields& fields_;
  std::uint64_t chunk_left_ = 0;
  bool header_complete_ = false;
};

}  // namespace mooring::io
