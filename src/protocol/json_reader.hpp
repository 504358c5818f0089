#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/json_cursor.hpp"

/// Inside this room only.
namespace mooring::protocol {

/// Goes over JSON text that nobody has looked at and checks every byte on the way (RFC 8259:
/// grammar, UTF-8, numbers, nesting). Each function takes the position of something and returns the
/// position behind it, or `failed`: then `wrong` tells what is wrong, and nothing more may be read.
/// No recursion but that of a caller who reads an object inside an object.
class JsonReader {
 public:
  /// Wants a string, since nothing in JSON is a null: the one behind the end stops every loop.
  JsonReader(const std::string& text, std::size_t max_depth);

  static constexpr std::size_t failed = cursor::stop;
  /// What is wrong, with the byte offset; empty while nothing is.
  std::string wrong() const;

  /// At the end of the text: a null.
  char peek(std::size_t at) const { return data_[at]; }
  std::size_t space(std::size_t at) const {
    while (cursor::is_space(peek(at))) ++at;
    return at;
  }
  /// A value of any kind, with all that is in it.
  std::size_t value(std::size_t at);
  /// The object that begins at `at`. `take(key_begin, key_end, value_begin)` reads the value of
  /// each member, and returns what the function that it read it with returned.
  template <class Take>
  std::size_t object(std::size_t at, Take&& take);
  /// Nothing but white space follows: the end of the text.
  std::size_t end(std::size_t at);

 private:
  std::size_t fail(const char* what, std::size_t at) {
    what_ = what;
    wrong_at_ = at;
    return failed;
  }
  std::size_t string(std::size_t at) {
    at = cursor::plain_run<true>({data_, size_}, at + 1);
    return peek(at) == '"' ? at + 1 : rest_of_string(at);
  }
  std::size_t rest_of_string(std::size_t at);
  std::size_t escape(std::size_t at);
  std::size_t beyond_ascii(std::size_t at);
  std::size_t nested(std::size_t at);
  std::size_t word(std::string_view expected, std::size_t at);
  std::size_t number(std::size_t at);
  std::size_t digits(std::size_t at);
  std::size_t end_of_token(std::size_t at);
  /// From where a key is expected to where its value begins.
  std::size_t key(std::size_t at) {
    if (peek(at) != '"') return fail("a key in quotes is expected", at);
    at = string(at);
    return at == failed ? failed : colon(at);
  }
  std::size_t colon(std::size_t at) {
    at = space(at);
    return peek(at) == ':' ? space(at + 1) : fail("a colon is expected", at);
  }
  /// Where neither a comma nor the closing bracket stands.
  std::size_t no_separator(std::size_t at) {
    return fail(
        at < size_ ? "a comma or a closing bracket is expected" : "the text ends inside a value", at
    );
  }

  const char* data_;
  std::size_t size_;
  std::size_t max_depth_;
  std::size_t depth_ = 0;  ///< of `object` inside `object`
  bool sound_;             ///< the text is known to be UTF-8
  const char* what_ = nullptr;
  std::size_t wrong_at_ = 0;
};

template <class Take>
std::size_t JsonReader::object(std::size_t at, Take&& take) {
  if (depth_ >= max_depth_) return fail("nested too deeply", at);
  ++depth_;
  at = space(at + 1);
  if (peek(at) != '}') {
    for (;;) {
      if (peek(at) != '"') return fail("a key in quotes is expected", at);
      const std::size_t key_end = string(at);
      if (key_end == failed) return failed;
      const std::size_t value_begin = colon(key_end);
      if (value_begin == failed) return failed;
      const std::size_t value_end = take(at, key_end, value_begin);
      if (value_end == failed) return failed;
      at = space(value_end);
      if (peek(at) != ',') break;
      at = space(at + 1);
    }
    if (peek(at) != '}') return no_separator(at);
  }
  --depth_;
  return at + 1;
}

}  // namespace mooring::protocol
