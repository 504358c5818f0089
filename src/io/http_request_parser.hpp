#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/http_chunk_reader.hpp"
#include "io/http_head_reader.hpp"

namespace mooring::io {

/// Turns bytes into HTTP/1.1 requests (RFC 9112), one after the other. No I/O, no clock.
///
/// Stricter than the grammar where leniency is request smuggling: one Host in HTTP/1.1, no transfer
/// coding but chunked, no Content-Length beside it. A body over the limit is read and dropped, so
/// that the connection survives it.
class HttpRequestParser {
 public:
  struct Limits {
    std::size_t header_bytes = 32 * 1024;
    std::size_t body_bytes = std::size_t{10} << 20;
    std::size_t drain_bytes = std::size_t{64}
                              << 20;  ///< over `body_bytes`; beyond that the message fails
  };
  enum class State { head, body, done, failed };

  explicit HttpRequestParser(Limits limits);
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;

  /// Forgets the message for the next one; what memory most messages need is kept.
  void reset();
  /// Gives that away, too: for a connection that has been idle for a while. Between two messages
  /// only.
  void release();
  /// Takes bytes and returns how many; the rest has to be offered again, with more behind it. Stops
  /// after the head, so that the caller can look at it, and at the end of the message.
  std::size_t feed(std::string_view bytes);

  State state() const { return state_; }
  bool started() const { return started_; }  ///< a byte of the message was seen
  int error_status() const { return error_status_; }
  const std::string& error() const { return error_; }

  // From State::body on:
  std::string_view method() const { return head_.method(); }
  std::string_view target() const { return head_.target(); }
  const HttpFields& fields() const { return head_.fields(); }
  bool http_1_1() const { return head_.http_1_1(); }
  bool keep_alive() const { return state_ != State::failed && head_.keep_alive(); }
  bool expects_continue() const;
  /// The body is over the limit; `drainable` as long as what is over may still end within
  /// `drain_bytes`.
  bool too_large() const { return too_large_; }
  bool drainable() const { return drainable_; }
  std::string& body() { return body_; }

 private:
  std::size_t read_head(std::string_view bytes);
  std::size_t read_body(std::string_view bytes);
  void check_head();
  void take(std::string_view piece);
  void finish();
  void fail(int status, std::string text);
  void drop_body();

  Limits limits_;
  HttpHeadReader head_;
  HttpChunkReader chunks_;
  std::string body_;
  std::string error_;
  std::uint64_t body_seen_ = 0;
  int error_status_ = 400;
  State state_ = State::head;
  bool started_ = false;
  bool too_large_ = false;
  bool drainable_ = true;
};

}  // namespace mooring::io
