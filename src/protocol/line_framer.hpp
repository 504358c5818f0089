#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::protocol {

/// stdio framing: one message a line, '\n' ends it, a '\r' before it is dropped, empty lines are
/// skipped.
class LineFramer {
 public:
  explicit LineFramer(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  void feed(std::string_view bytes);
  /// The next whole line. A line over the limit is dropped as it flows in (its memory is not kept)
  /// and counted.
  std::optional<std::string> next();
  std::size_t dropped() const { return dropped_; }

 private:
  void append(std::string_view piece);
  void end_line();
  bool too_long() const;

  std::size_t max_line_bytes_;
  std::string partial_;  ///< the line whose end has not come yet
  bool skipping_ = false;
  std::size_t dropped_ = 0;
  std::deque<std::string> ready_;
};

}  // namespace mooring::protocol
