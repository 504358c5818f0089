#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "io/http_chunk_reader.hpp"
#include "io/http_head_reader.hpp"

namespace mooring::io {

/// Turns bytes into one HTTP/1.1 response at a time. The body is handed out piece by piece and
/// never stored. No I/O, no clock.
class HttpResponseParser {
 public:
  enum class State { head, body, done, failed };

  /// `without_body`: the answer to a HEAD request.
  HttpResponseParser(std::size_t header_bytes, bool without_body)
      : head_(HttpHeadReader::Of::response, header_bytes), without_body_(without_body) {}
  HttpResponseParser(const HttpResponseParser&) = delete;
  HttpResponseParser& operator=(const HttpResponseParser&) = delete;

  /// Forgets the response for the next one; what memory most need is kept.
  void reset(bool without_body);
  /// Takes bytes and returns how many; stops after the head and after every piece of the body. The
  /// rest has to be offered again, with more behind it when nothing was taken.
  std::size_t feed(std::string_view bytes);
  /// The peer closed. Ends a body without a length; anything else that is unfinished has failed.
  void finish();

  State state() const { return state_; }
  bool started() const { return started_; }
  const std::string& error() const { return error_; }
  /// The piece of the body that the last `feed` found, a view into its argument.
  std::string_view piece() const { return piece_; }

  // From State::body on:
  int status() const { return head_.status(); }
  const HttpFields& fields() const { return head_.fields(); }
  bool keep_alive() const { return keep_alive_; }
  std::optional<std::uint64_t> content_length() const { return head_.content_length(); }
  bool informational() const { return status() >= 100 && status() < 200; }

 private:
  std::size_t read_head(std::string_view bytes);
  std::size_t read_body(std::string_view bytes);
  void begin_body();
  void fail(std::string text);

  enum class Body { sized, chunked, until_close };

  HttpHeadReader head_;
  HttpChunkReader chunks_;
  std::string error_;
  std::string_view piece_;
  std::uint64_t left_ = 0;  ///< of a sized body
  Body body_ = Body::sized;
  State state_ = State::head;
  bool without_body_;
  bool started_ = false;
  bool keep_alive_ = false;
};

}  // namespace mooring::io
