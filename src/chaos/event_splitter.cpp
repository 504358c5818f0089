#include "chaos/event_splitter.hpp"

#include "protocol/sse.hpp"

namespace mooring::chaos {
namespace {

protocol::SseEvent decoded(std::string_view event) {
  protocol::SseDecoder decoder(event.size() + 1);
  decoder.feed(event);
  return decoder.next().value_or(protocol::SseEvent{});
}

}  // namespace

std::optional<std::string> EventSplitter::next() {
  for (;;) {
    const auto end = rest_.find_first_of("\r\n", line_);
    if (end == std::string::npos) return std::nullopt;
    std::size_t after = end + 1;
    if (rest_[end] == '\r') {
      if (after == rest_.size()) return std::nullopt;  // a line feed may belong to it
      if (rest_[after] == '\n') ++after;
    }
    const bool empty_line = end == line_;
    line_ = after;
    if (!empty_line) continue;
    auto event = rest_.substr(0, after);
    rest_.erase(0, after);
    line_ = 0;
    return event;
  }
}

std::string data_of(std::string_view event) { return decoded(event).data; }

std::string with_data(std::string_view event, std::string_view data) {
  const auto old = decoded(event);
  return protocol::encode_sse(data, old.id.value_or(""), old.event);
}

}  // namespace mooring::chaos
