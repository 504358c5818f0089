#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/http_fields.hpp"

namespace mooring::io {

/// Turns bytes into one HTTP/1.1 response at a time. The body is handed out piece by piece and
/// never stored. No I/O, no clock.
class HttpResponseParser {
 public:
  enum class State { head, body, done, failed };

  /// `without_body`: the answer to a HEAD request.
  HttpResponseParser(std::size_t header_bytes, bool without_body);
  ~HttpResponseParser();
  HttpResponseParser(const HttpResponseParser&) = delete;
  HttpResponseParser& operator=(const HttpResponseParser&) = delete;

  /// Forgets the response for the next one; memory is kept.
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
  int status() const { return status_; }
  const HttpFields& fields() const { return fields_; }
  bool keep_alive() const { return keep_alive_; }
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  bool informational() const { return status_ >= 100 && status_ < 200; }

 private:
  class Message;
  void fail(std::string text);

  std::size_t header_bytes_;
  HttpFields fields_;
  std::unique_ptr<std::optional<Message>> message_;  // one place in memory for all messages
  std::string error_;
  std::string_view piece_;
  std::optional<std::uint64_t> content_length_;
  std::size_t head_seen_ = 0;
  int status_ = 0;
  State state_ = State::head;
  bool started_ = false;
  bool keep_alive_ = false;
};

}  // namespace mooring::io
