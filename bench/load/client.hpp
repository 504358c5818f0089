#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "load/options.hpp"
#include "wire/http_message.hpp"
#include "wire/socket.hpp"

namespace mooring::bench {

/// One connection and its MCP session: what is sent and how the answers are judged. Does not wait;
/// the loop around it does.
class Client {
 public:
  enum class Step : std::uint8_t {
    attach,  ///< HTTP+SSE alone: the stream is asked for, and says where to post
    initialize,
    initialized,
    call,
  };
  enum class Form : std::uint8_t { json, events };

  /// `first_id` and the ids after it are this client's own; all have the same number of digits.
  Client(const LoadOptions& options, std::uint64_t first_id);

  /// A new connection; what was under way on the last one is forgotten.
  Result<void> connect();
  int fd() const { return socket_.get(); }
  /// The event stream of HTTP+SSE, on which all answers come. Once for each client.
  Result<void> attach();
  int stream_fd() const { return stream_.get(); }

  /// Puts the next message of the session in the outbox.
  void begin();
  /// Writes what is left of the outbox. False: the connection broke.
  bool write();
  bool has_unsent() const { return sent_ < outbox_->size(); }

  enum class Read : std::uint8_t { more, answer, broken };
  Read read(std::string& buffer);

  /// Once an answer is whole: what is wrong with it; empty: nothing, and the session moves on.
  std::string judge();
  bool wants_new_connection() const { return !answer_.keep_alive(); }

  Step step() const { return step_; }
  std::size_t answer_bytes() const {
    return options_.sse ? streamed_.size() : answer_.body().size();
  }
  Form form() const {
    return options_.sse || answer_.is_event_stream() ? Form::events : Form::json;
  }
  bool waiting() const { return waiting_; }
  void forget_call() { waiting_ = false; }

  std::int64_t began = 0;  ///< nanoseconds, the loop's clock
  bool polls_out = false;  ///< the loop's note of what it waits for

 private:
  std::string post(std::string_view session_headers, std::string_view body) const;
  void build_initialize();
  void build_session_messages();
  Read read_streamed(std::string& buffer);
  std::string_view current_id() const;
  /// The JSON-RPC message that answers the current id, wherever it stands in the body.
  std::string_view find_answer();
  bool is_answer(std::string_view message) const;

  const LoadOptions& options_;
  std::uint64_t next_id_;
  std::string path_;  ///< where messages are posted
  Step step_ = Step::initialize;
  Fd socket_;
  HttpMessage answer_{HttpMessage::Kind::response};
  std::string nothing_, initialize_, initialized_, call_;
  std::size_t id_at_ = 0;  ///< place of the id in call_
  const std::string* outbox_ = &initialize_;
  std::size_t sent_ = 0;
  bool waiting_ = false;
  std::string session_id_;
  Fd stream_;
  HttpMessage stream_in_{HttpMessage::Kind::response};
  std::string streamed_;  ///< the awaited event
  std::string joined_;    ///< data of an event that came in several lines
};

}  // namespace mooring::bench
