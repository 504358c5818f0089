#include "protocol/id_splicer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/json_cursor.hpp"

namespace mooring::protocol {
namespace {

/// The longest spelling of the key is "\u0069\u0064".
constexpr std::size_t longest_id_key = 12;
constexpr int max_depth = 10'000;

bool is_line_break(char c) { return c == '\n' || c == '\r'; }

void put(std::string* out, char c) {
  if (out != nullptr) out->push_back(is_line_break(c) ? ' ' : c);
}

void append(std::string* out, std::string_view bytes) {
  if (out != nullptr) out->append(bytes);
}

void append_on_one_line(std::string* out, std::string_view bytes) {
  if (out == nullptr) return;
  const std::size_t begin = out->size();
  out->append(bytes);
  for (char& c : std::span(*out).subspan(begin)) c = is_line_break(c) ? ' ' : c;
}

}  // namespace

bool IdSplicer::feed(std::string_view bytes, std::string& out) {
  out.reserve(out.size() + bytes.size() + id_.size());
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (state_ == State::broken || !step(bytes, at, out)) {
      state_ = State::broken;
      return false;
    }
  }
  return state_ != State::broken;
}

/// Takes at least one byte, or changes the state.
bool IdSplicer::step(std::string_view bytes, std::size_t& at, std::string& out) {
  const char c = bytes[at];
  switch (state_) {
    case State::in_key:
      return in_text(bytes, at, &out);
    case State::in_string:
      return in_text(bytes, at, sink(out));
    case State::nested:
      return in_nested(bytes, at, sink(out));
    case State::in_scalar:
      if (cursor::is_space(c) || c == ',' || c == '}') {
        end_value();
        return true;
      }
      if (c == '"' || c == '{' || c == '[' || c == ']' || c == ':') return false;
      put(sink(out), c);
      ++at;
      return true;
    default:
      break;
  }
  ++at;
  if (cursor::is_space(c)) {
    if (state_ != State::before && state_ != State::done) put(&out, c);
    return true;
  }
  switch (state_) {
    case State::before:
      if (c != '{') return false;
      state_ = State::first_key;
      break;
    case State::first_key:
    case State::key:
      if (c == '}' && state_ == State::first_key) {
        state_ = State::done;
      } else if (c == '"') {
        state_ = State::in_key;
        key_.clear();
      } else {
        return false;
      }
      break;
    case State::colon:
      if (c != ':') return false;
      state_ = State::value;
      break;
    case State::value:
      if (!begin_value(c)) return false;
      if (key_is_id_) {
        out.append(id_);
        replaced_ = true;
        return true;
      }
      break;
    case State::after_value:
      if (c != ',' && c != '}') return false;
      state_ = c == ',' ? State::key : State::done;
      break;
    default:
      return false;  // more after the end
  }
  out.push_back(c);
  return true;
}

void IdSplicer::finish_key() {
  key_is_id_ = false;
  if (key_.size() <= longest_id_key) {
    std::string meant;
    cursor::append_unescaped(meant, key_);
    key_is_id_ = meant == "id";
  }
  state_ = State::colon;
}

bool IdSplicer::begin_value(char c) {
  depth_ = 0;
  switch (c) {
    case '"':
      state_ = State::in_string;
      return true;
    case '{':
    case '[':
      state_ = State::nested;
      depth_ = 1;
      return true;
    case '}':
    case ']':
    case ',':
    case ':':
      return false;
    default:
      state_ = State::in_scalar;
      return true;
  }
}

void IdSplicer::end_value() { state_ = State::after_value; }

/// Inside a key or a string value of the object itself: up to its closing quote.
bool IdSplicer::in_text(std::string_view bytes, std::size_t& at, std::string* out) {
  const std::size_t begin = at;
  bool closed = false;
  while (at < bytes.size() && !closed) {
    if (escaped_) {
      escaped_ = false;
      if (is_line_break(bytes[at])) return false;
      ++at;
      continue;
    }
    at = cursor::plain_run<false>(bytes, at);
    if (at == bytes.size()) break;
    if (is_line_break(bytes[at])) return false;
    escaped_ = bytes[at] == '\\';
    closed = bytes[at] == '"';
    ++at;
  }
  const std::string_view taken = bytes.substr(begin, at - begin);
  append(out, taken);
  if (state_ == State::in_key) {
    const std::string_view name = closed ? taken.substr(0, taken.size() - 1) : taken;
    key_.append(name.substr(0, longest_id_key + 1));
    if (closed) finish_key();
  } else if (closed) {
    end_value();
  }
  return true;
}

/// Inside a nested value: up to the bracket that closes it. Copied in one piece, since no line
/// break can stand in its strings.
bool IdSplicer::in_nested(std::string_view bytes, std::size_t& at, std::string* out) {
  const std::size_t begin = at;
  while (at < bytes.size()) {
    if (quoted_) {
      if (!escaped_) at = cursor::plain_run<false>(bytes, at);
      if (at == bytes.size()) break;
      const char c = bytes[at++];
      if (is_line_break(c)) return false;
      quoted_ = escaped_ || c != '"';
      escaped_ = !escaped_ && c == '\\';
      continue;
    }
    const char c = bytes[at++];
    if (cursor::structure[static_cast<std::uint8_t>(c)] == 0) continue;
    if (c == '"') {
      quoted_ = true;
    } else if (c == '{' || c == '[') {
      if (++depth_ > max_depth) return false;
    } else if (--depth_ == 0) {
      end_value();
      break;
    }
  }
  append_on_one_line(out, bytes.substr(begin, at - begin));
  return true;
}

}  // namespace mooring::protocol
