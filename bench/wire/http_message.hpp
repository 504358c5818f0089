#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mooring::bench {

/// One HTTP/1.1 message after the other, read piece by piece. Keeps its buffers, so that a message
/// in steady state allocates nothing. Knows as much of HTTP as a peer on loopback needs, in code
/// that is not the code under test.
class HttpMessage {
 public:
  enum class Kind : std::uint8_t { request, response };
  enum class State : std::uint8_t { head, body, done, broken };

  explicit HttpMessage(Kind kind) : kind_(kind) {}

  /// Takes bytes from the front; returns how many. Stops at the end of the message.
  std::size_t feed(std::string_view bytes);
  /// The peer closed. A body without length ends properly that way.
  void closed();
  /// Makes ready for the next message.
  void reset();

  State state() const { return state_; }
  bool done() const { return state_ == State::done; }
  bool started() const { return !head_.empty(); }

  int status() const { return status_; }
  std::string_view method() const { return {head_.data(), method_size_}; }
  std::string_view target() const { return {head_.data() + method_size_ + 1, target_size_}; }
  bool keep_alive() const { return keep_alive_; }
  bool is_event_stream() const { return event_stream_; }
  bool expects_continue() const { return expects_continue_; }
  const std::string& session_id() const { return session_id_; }
  const std::string& body() const { return body_; }
  /// Of a body that is read while it comes: its first bytes are not needed any more.
  void drop(std::size_t size) { body_.erase(0, size); }

 private:
  enum class Framing : std::uint8_t { sized, chunked, until_close };
  enum class Chunk : std::uint8_t { size, data, data_end, trailer };

  std::size_t take_head(std::string_view bytes);
  std::size_t take_chunked(std::string_view bytes);
  bool take_size_line();
  void read_head();
  bool read_start_line(std::string_view line);
  void read_field(std::string_view name, std::string_view value);
  void end_head();

  Kind kind_;
  State state_ = State::head;
  Framing framing_ = Framing::sized;
  Chunk chunk_ = Chunk::size;
  bool has_length_ = false;
  bool keep_alive_ = true;
  bool event_stream_ = false;
  bool expects_continue_ = false;
  int status_ = 0;
  std::size_t method_size_ = 0;
  std::size_t target_size_ = 0;
  std::uint64_t left_ = 0;  ///< of the body or of the chunk
  std::string head_;
  std::string line_;
  std::string session_id_;
  std::string body_;
};

}  // namespace mooring::bench
