#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "io/http_field_line.hpp"
#include "io/http_fields.hpp"

namespace mooring::io {

/// Reads the head of one message after the other (RFC 9112 §2 to §6): the start line, the fields,
/// and what they say about where the message ends. Lines are taken whole and once.
///
/// Refused is what leaves that in doubt: a transfer coding other than `chunked`, or one beside a
/// Content-Length; lengths that differ. Equal ones are one (§6.3).
class HttpHeadReader {
 public:
  enum class Of { request, response };
  enum class State { start_line, fields, done, failed, too_large };

  HttpHeadReader(Of of, std::size_t limit) : limit_(limit), of_(of) {}

  /// Forgets the head for the next one; memory is kept.
  void reset();
  /// Takes bytes until the head is done, and returns how many; the rest has to be offered again,
  /// with more behind it.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  const char* error() const { return error_; }
  std::size_t limit() const { return limit_; }

  std::string_view method() const { return fields_.text(method_); }
  std::string_view target() const { return fields_.text(target_); }
  int status() const { return status_; }
  bool http_1_1() const { return http_1_1_; }
  const HttpFields& fields() const { return fields_; }
  HttpFields& fields() { return fields_; }

  std::size_t hosts() const { return hosts_; }  ///< how many Host fields there are
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  bool chunked() const { return codings_ > 0; }
  /// As far as the head can tell: a body that ends with the connection is not considered.
  bool keep_alive() const { return http_1_1_ ? !close_ : kept_alive_ && !chunked(); }

 private:
  // These return where to go on; null where more is needed or it has failed.
  const char* read_request_line(const char* p, const char* last);
  const char* read_status_line(const char* p, const char* last);
  const char* read_version(const char* p, const char* last);
  const char* read_line_end(const char* p, const char* last, const char* otherwise);
  const char* read_fields(const char* line, const char* last);  ///< the first line not taken
  void read_framing();
  void read_content_length(std::string_view value);
  void read_connection(std::string_view value);
  const char* fail(const char* error);
  HttpFields::Slice slice(std::string_view text) const;

  HttpFields fields_;
  HttpFields::Slice method_;
  HttpFields::Slice target_;
  std::optional<std::uint64_t> content_length_;
  const char* error_ = nullptr;
  const char* first_ = nullptr;  ///< of the bytes that are being read
  std::size_t limit_;
  std::size_t looked_ = 0;  ///< bytes of a line whose end was not among them
  std::size_t hosts_ = 0;
  std::size_t codings_ = 0;
  int status_ = 0;
  State state_ = State::start_line;
  Of of_;
  bool http_1_1_ = true;
  bool close_ = false;
  bool kept_alive_ = false;
  bool folded_ = false;
};

}  // namespace mooring::io
