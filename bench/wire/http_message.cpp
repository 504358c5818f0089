#include "wire/http_message.hpp"

#include <algorithm>
#include <charconv>

namespace mooring::bench {

namespace {

constexpr std::size_t longest_head = 64 * 1024;
constexpr std::size_t longest_line = 1024;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view text, std::string_view lowered) {
  return text.size() == lowered.size() &&
         std::equal(text.begin(), text.end(), lowered.begin(), [](char a, char b) {
           return lower(a) == b;
         });
}

template <class Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && at == end;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

void HttpMessage::reset() {
  state_ = State::head;
  framing_ = Framing::sized;
  chunk_ = Chunk::size;
  has_length_ = event_stream_ = expects_continue_ = false;
  keep_alive_ = true;
  status_ = 0;
  method_size_ = target_size_ = 0;
  left_ = 0;
  head_.clear();
  line_.clear();
  session_id_.clear();
  body_.clear();
}

void HttpMessage::closed() {
  const bool ends = state_ == State::body && framing_ == Framing::until_close;
  if (state_ != State::done) state_ = ends ? State::done : State::broken;
  keep_alive_ = false;
}

std::size_t HttpMessage::feed(std::string_view bytes) {
  std::size_t taken = 0;
  if (state_ == State::head) taken = take_head(bytes);
  bytes.remove_prefix(taken);
  if (state_ != State::body || bytes.empty()) return taken;
  if (framing_ == Framing::chunked) return taken + take_chunked(bytes);
  const auto size = framing_ == Framing::until_close
                        ? bytes.size()
                        : static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  body_.append(bytes.data(), size);
  if (framing_ == Framing::sized && (left_ -= size) == 0) state_ = State::done;
  return taken + size;
}

std::size_t HttpMessage::take_head(std::string_view bytes) {
  constexpr std::string_view blank = "\r\n\r\n";
  const auto before = head_.size();
  head_.append(bytes);
  const auto end = head_.find(blank, before < blank.size() ? 0 : before - blank.size() + 1);
  if (end == std::string::npos) {
    if (head_.size() > longest_head) state_ = State::broken;
    return bytes.size();
  }
  head_.resize(end + blank.size());
  const auto taken = head_.size() - before;
  read_head();
  return taken;
}

void HttpMessage::read_head() {
  std::string_view rest = head_;
  const auto next_line = [&rest] {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return line;
  };
  if (!read_start_line(next_line())) {
    state_ = State::broken;
    return;
  }
  for (auto line = next_line(); !line.empty(); line = next_line()) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    read_field(line.substr(0, colon), trimmed(line.substr(colon + 1)));
  }
  if (state_ != State::broken) end_head();
}

bool HttpMessage::read_start_line(std::string_view line) {
  if (kind_ == Kind::response) {
    return line.starts_with("HTTP/1.") && line.size() >= 12 &&
           read_number(line.substr(9, 3), status_);
  }
  method_size_ = line.find(' ');
  if (method_size_ == std::string_view::npos) return false;
  const auto end = line.find(' ', method_size_ + 1);
  if (end == std::string_view::npos) return false;
  target_size_ = end - method_size_ - 1;
  return line.substr(end + 1).starts_with("HTTP/1.");
}

void HttpMessage::read_field(std::string_view name, std::string_view value) {
  if (same(name, "content-length")) {
    has_length_ = read_number(value, left_);
    if (!has_length_) state_ = State::broken;
  } else if (same(name, "transfer-encoding")) {
    framing_ = Framing::chunked;
  } else if (same(name, "content-type")) {
    event_stream_ = value.starts_with("text/event-stream");
  } else if (same(name, "mcp-session-id")) {
    session_id_ = value;
  } else if (same(name, "connection")) {
    keep_alive_ = !same(value, "close");
  } else if (same(name, "expect")) {
    expects_continue_ = same(value, "100-continue");
  }
}

void HttpMessage::end_head() {
  state_ = State::body;
  if (kind_ == Kind::response && status_ / 100 == 1) {
    reset();  // an interim answer: the real one follows
    return;
  }
  if (framing_ == Framing::chunked) return;
  const bool bodiless = kind_ == Kind::request || status_ == 204 || status_ == 304;
  if (!has_length_ && !bodiless) {
    framing_ = Framing::until_close;
  } else if (left_ == 0) {
    state_ = State::done;
  }
}

std::size_t HttpMessage::take_chunked(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::body) {
    if (chunk_ == Chunk::data) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      body_.append(bytes.data() + at, size);
      at += size;
      if ((left_ -= size) == 0) chunk_ = Chunk::data_end;
      continue;
    }
    const char c = bytes[at++];
    if (c != '\n') {
      line_ += c;
      if (line_.size() > longest_line) state_ = State::broken;
      continue;
    }
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    if (chunk_ == Chunk::data_end) {
      chunk_ = Chunk::size;
    } else if (chunk_ == Chunk::trailer) {
      if (line_.empty()) state_ = State::done;
    } else if (!take_size_line()) {
      state_ = State::broken;
    }
    line_.clear();
  }
  return at;
}

bool HttpMessage::take_size_line() {
  const std::string_view digits = trimmed(std::string_view(line_).substr(0, line_.find(';')));
  if (!read_number(digits, left_, 16)) return false;
  chunk_ = left_ == 0 ? Chunk::trailer : Chunk::data;
  return true;
}

}  // namespace mooring::bench
