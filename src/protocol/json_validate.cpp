#include "protocol/json_validate.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/utf8.hpp"
#include "protocol/json_cursor.hpp"

namespace mooring::protocol {
namespace {

/// Below this the plain validator is as fast as simdjson and needs no padding.
constexpr std::size_t small = 2048;
/// A parser keeps about six times the size of the largest text it saw; beyond this it is not kept
/// for the thread.
constexpr std::size_t kept = std::size_t{1} << 20;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// RFC 8259, without recursion: `open_` holds one character for each bracket that is open.
class Validator {
 public:
  Validator(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  std::optional<std::string> run() {
    skip_space();
    do {
      if (!value()) return report();
      while (!open_.empty() && closes_here()) {
      }
      if (!open_.empty() && !separator()) return report();
    } while (!open_.empty());
    skip_space();
    if (at_ < text_.size()) {
      fail("something follows the end of the value");
      return report();
    }
    return std::nullopt;
  }

 private:
  bool fail(const char* what) {
    if (what_ == nullptr) what_ = what;
    return false;
  }
  std::optional<std::string> report() const {
    return fmt::format("{} at byte {}", what_ == nullptr ? "invalid JSON" : what_, at_);
  }

  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  void skip_space() { at_ = cursor::skip_space(text_, at_); }

  /// A scalar, or the way into a container up to its first scalar or its closing bracket.
  bool value() {
    for (;;) {
      if (at_end()) return fail("the text ends where a value is expected");
      switch (text_[at_]) {
        case '{':
          if (!enter('{')) return false;
          if (peek() == '}') return true;
          if (!key()) return false;
          break;
        case '[':
          if (!enter('[')) return false;
          if (peek() == ']') return true;
          break;
        case '"':
          return string();
        case 't':
          return word("true");
        case 'f':
          return word("false");
        case 'n':
          return word("null");
        default:
          return number();
      }
    }
  }

  bool enter(char bracket) {
    if (open_.size() >= max_depth_) return fail("nested too deeply");
    open_.push_back(bracket);
    ++at_;
    skip_space();
    return true;
  }

  /// Takes the closing bracket of the innermost container, if it is the next thing.
  bool closes_here() {
    skip_space();
    if (peek() != (open_.back() == '{' ? '}' : ']') || at_end()) return false;
    ++at_;
    open_.pop_back();
    return true;
  }

  bool separator() {
    if (at_end()) return fail("the text ends inside a value");
    if (text_[at_] != ',') return fail("a comma or a closing bracket is expected");
    ++at_;
    skip_space();
    return open_.back() == '[' || key();
  }

  bool key() {
    if (peek() != '"') return fail("a key in quotes is expected");
    if (!string()) return false;
    skip_space();
    if (peek() != ':') return fail("a colon is expected");
    ++at_;
    skip_space();
    return true;
  }

  bool string() {
    ++at_;
    for (;;) {
      at_ = cursor::plain_run<true>(text_, at_);
      if (at_end()) return fail("the text ends inside a string");
      const auto c = static_cast<std::uint8_t>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return fail("a control character stands in a string");
      if (c == '\\') {
        if (!escape()) return false;
      } else {
        const core::Utf8Step taken = core::utf8_step(text_, at_);
        if (!taken.valid) return fail("a string is not UTF-8");
        at_ += taken.size;
      }
    }
  }

  bool escape() {
    const char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == 'u') {
      if (at_ + 6 > text_.size() || !std::ranges::all_of(text_.substr(at_ + 2, 4), is_hex)) {
        return fail("a \\u escape needs four hex digits");
      }
      at_ += 6;
      return true;
    }
    if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
      return fail("an unknown escape stands in a string");
    }
    at_ += 2;
    return true;
  }

  bool word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return fail("an unknown word");
    at_ += expected.size();
    return ends_token();
  }

  bool digits() {
    if (!is_digit(peek())) return fail("a value is expected");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    if (peek() == '-') ++at_;
    if (peek() == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    if (peek() == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      if (!digits()) return false;
    }
    return ends_token();
  }

  bool ends_token() {
    const char c = peek();
    if (at_end() || cursor::is_space(c) || c == ',' || c == '}' || c == ']') return true;
    return fail("a comma or a closing bracket is expected");
  }

  std::string_view text_;
  std::size_t max_depth_;
  std::size_t at_ = 0;
  const char* what_ = nullptr;
  std::string open_;
};

/// simdjson's verdict: true is reliable, false is not.
bool accepted_by_simdjson(const char* data, std::size_t size, std::size_t max_depth) {
  struct Kept {
    simdjson::dom::parser parser;
    std::size_t depth = 0;
  };
  thread_local Kept kept_for_thread;
  Kept passing;
  Kept& use = size > kept ? passing : kept_for_thread;
  if (use.depth != max_depth || use.parser.capacity() < size) {
    const std::size_t capacity = size > kept ? size : std::min(kept, std::max(size * 2, 4 * small));
    if (use.parser.allocate(capacity, max_depth) != simdjson::SUCCESS) return false;
    use.depth = max_depth;
  }
  return use.parser.parse(data, size, false).error() == simdjson::SUCCESS;
}

}  // namespace

std::optional<std::string> validate_slowly(std::string_view text, const JsonLimits& limits) {
  return Validator(text, limits.max_depth).run();
}

std::optional<std::string> validate_padded(std::string& text, const JsonLimits& limits) {
  if (text.size() < small) return validate_slowly(text, limits);
  // The padding is written, not only reserved: its bytes must not be able to change the verdict.
  const std::size_t size = text.size();
  text.append(simdjson::SIMDJSON_PADDING, ' ');
  const bool accepted = accepted_by_simdjson(text.data(), size, limits.max_depth);
  text.resize(size);
  return accepted ? std::nullopt : validate_slowly(text, limits);
}

std::optional<std::string> validate(std::string_view text, const JsonLimits& limits) {
  if (text.size() < small) return validate_slowly(text, limits);
  std::string padded;
  padded.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  padded.assign(text);
  return validate_padded(padded, limits);
}

}  // namespace mooring::protocol
