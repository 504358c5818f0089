#pragma once

#include <string>
#include <string_view>

namespace mooring::protocol {

/// Replaces the top-level `id` of a JSON-RPC response while the bytes flow through, wherever in the object it stands, and
/// turns line breaks between tokens into blanks so that the output fits one SSE data line. Holds back at most one key or
/// one id token. The JSON is not validated beyond what is needed to know the depth.
class IdSplicer {
 public:
  explicit IdSplicer(std::string id) : id_(std::move(id)) {}

  /// Appends the rewritten form of `bytes` to `out`. False: not an object, unbalanced, or more after its end; stop then.
  bool feed(std::string_view bytes, std::string& out);
  /// True once the object is closed and its id was replaced.
  bool complete() const { return state_ == State::done && replaced_; }

 private:
  enum class State { before, key_or_end, in_key, colon, value_start, in_id, nested, comma_or_end, done, broken };

  std::string id_;
  State state_ = State::before;
  std::string held_;        ///< the key being read
  bool in_string_ = false;
  bool escaped_ = false;
  bool replaced_ = false;
  bool key_is_id_ = false;
  int depth_ = 0;           ///< inside the current top-level value
};

}  // namespace mooring::protocol
