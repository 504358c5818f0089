#include "protocol/sse.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace mooring::protocol {
namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

std::size_t find_line_end(std::string_view bytes) {
  // Two searches that run at memory speed beat one that looks at each byte twice.
  const std::size_t lf = std::min(bytes.find('\n'), bytes.size());
  return std::min(bytes.substr(0, lf).find('\r'), lf);
}

void append_lines(std::string& out, std::string_view data) {
  for (;;) {
    const std::size_t end = find_line_end(data);
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.size()) return;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  // A line break would let the value write fields of its own.
  out.append(name).append(": ").append(value.substr(0, value.find_first_of("\r\n"))).append("\n");
}

}  // namespace

bool SseDecoder::feed(std::string_view bytes) {
  while (!overflow_ && !bytes.empty()) {
    if (skip_lf_) {
      skip_lf_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = find_line_end(bytes);
    if (current_.data.size() + partial_.size() + end > max_event_bytes_ + std::strlen("data: ")) {
      overflow_ = true;
      break;
    }
    if (end == bytes.size()) {
      partial_.append(bytes);
      break;
    }
    if (partial_.empty()) {
      line(bytes.substr(0, end));
    } else {
      partial_.append(bytes.substr(0, end));
      line(partial_);
      partial_.clear();
    }
    skip_lf_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
  }
  return !overflow_;
}

std::optional<SseEvent> SseDecoder::next() {
  if (ready_.empty()) return std::nullopt;
  SseEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

void SseDecoder::line(std::string_view text) {
  if (std::exchange(at_start_, false) && text.starts_with(bom)) text.remove_prefix(bom.size());
  if (text.empty()) {
    dispatch();
    return;
  }
  const std::size_t colon = text.find(':');
  if (colon == 0) return;
  const std::string_view field = text.substr(0, colon);
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (current_.has_data) current_.data += '\n';
    current_.data.append(value);
    current_.has_data = true;
    pending_ = true;
  } else if (field == "event") {
    current_.event = value;
  } else if (field == "id") {
    if (value.find('\0') != std::string_view::npos) return;
    current_.id = std::string(value);
    pending_ = true;
  } else if (field == "retry") {
    int milliseconds = 0;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (error != std::errc() || end != value.data() + value.size() || milliseconds < 0) return;
    current_.retry_ms = milliseconds;
    pending_ = true;
  }
}

void SseDecoder::dispatch() {
  if (current_.id) last_event_id_ = *current_.id;
  if (pending_) {
    if (current_.event.empty()) current_.event = "message";
    ready_.push_back(std::move(current_));
  }
  current_ = SseEvent();
  pending_ = false;
}

std::string encode_sse(std::string_view data, std::string_view id, std::string_view event) {
  std::string out;
  out.reserve(data.size() + id.size() + event.size() + 48);
  if (!event.empty() && event != "message") append_field(out, "event", event);
  if (!id.empty()) append_field(out, "id", id);
  append_lines(out, data);
  return out += '\n';
}

std::string encode_sse_priming(std::string_view id, std::optional<int> retry_ms) {
  std::string out;
  append_field(out, "id", id);
  if (retry_ms) append_field(out, "retry", std::to_string(*retry_ms));
  return out += "data: \n\n";
}

}  // namespace mooring::protocol
