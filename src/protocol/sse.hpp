#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::protocol {

/// One server-sent event (WHATWG HTML §9.2).
struct SseEvent {
  std::string event;              ///< "message" when the stream names none
  std::string data;               ///< lines joined by '\n'
  std::optional<std::string> id;  ///< as given with this event; empty text is a given id
  std::optional<int> retry_ms;
  bool has_data = false;  ///< false: only id or retry were given (a priming event has empty data,
                          ///< has_data true)
};

/// Bytes in, events out. Takes \n, \r and \r\n, a leading BOM, comments, fields without colon;
/// input may be cut anywhere. Events that carry neither data nor id nor retry are not reported.
class SseDecoder {
 public:
  explicit SseDecoder(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  /// Appends bytes. False once an event outgrew the limit; the decoder is then unusable.
  bool feed(std::string_view bytes);
  /// The next complete event. What was complete before the limit was reached still comes.
  std::optional<SseEvent> next();
  /// The id to resume from: that of the last event that was complete, told or not.
  const std::string& last_event_id() const { return last_event_id_; }

 private:
  void line(std::string_view text);
  void dispatch();

  std::size_t max_event_bytes_;
  std::string partial_;   ///< the beginning of a line whose end has not come yet
  bool at_start_ = true;  ///< a BOM may still come
  bool skip_lf_ = false;  ///< the last byte was a '\r' that ended a line
  bool overflow_ = false;
  SseEvent current_;
  bool pending_ = false;  ///< current_ carries something
  std::string last_event_id_;
  std::deque<SseEvent> ready_;
};

/// The wire form of an event, ready to be written. `data` may contain line breaks; `event` is left
/// out when empty or "message".
std::string encode_sse(
    std::string_view data, std::string_view id = {}, std::string_view event = {}
);
/// An event with an id and empty data (and `retry:` where given), so that a client can resume
/// before anything was said.
std::string encode_sse_priming(std::string_view id, std::optional<int> retry_ms);

}  // namespace mooring::protocol
