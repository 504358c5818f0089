#pragma once

#include <string>
#include <string_view>

namespace mooring::protocol {

/// Replaces the top-level `id` of a JSON-RPC response while the bytes flow through, wherever in the
/// object it stands, and turns line breaks between tokens into blanks so that the output fits one
/// SSE data line. Holds nothing back but the id token itself. The JSON is not validated beyond what
/// is needed to know the depth.
class IdSplicer {
 public:
  explicit IdSplicer(std::string id) : id_(std::move(id)) {}

  /// Appends the rewritten form of `bytes` to `out`. False: not an object, unbalanced, or more
  /// after its end; stop then.
  bool feed(std::string_view bytes, std::string& out);
  /// True once the object is closed and its id was replaced.
  bool complete() const { return state_ == State::done && replaced_; }

 private:
  enum class State {
    before,
    first_key,
    key,
    in_key,
    colon,
    value,
    in_scalar,
    in_string,
    nested,
    after_value,
    done,
    broken
  };

  bool step(std::string_view bytes, std::size_t& at, std::string& out);
  void finish_key();
  bool begin_value(char c);
  void end_value();
  bool in_text(std::string_view bytes, std::size_t& at, std::string* out);
  bool in_nested(std::string_view bytes, std::size_t& at, std::string* out);
  /// Where the bytes of the current value go: nowhere when it is an id.
  std::string* sink(std::string& out) { return key_is_id_ ? nullptr : &out; }

  std::string id_;
  State state_ = State::before;
  std::string key_;       ///< the key being read, as far as it can still mean "id"
  bool quoted_ = false;   ///< inside a string of a nested value
  bool escaped_ = false;  ///< the last byte was a backslash
  bool key_is_id_ = false;
  bool replaced_ = false;
  int depth_ = 0;  ///< brackets open inside the current value
};

}  // namespace mooring::protocol
