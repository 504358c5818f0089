#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mooring::protocol {

/// stdio framing: one message a line, '\n' ends it, a '\r' before it is dropped, empty lines are skipped.
class LineFramer {
 public:
  explicit LineFramer(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  void feed(std::string_view bytes);
  /// The next whole line. A line over the limit is dropped as it flows in (its memory is not kept) and counted.
  std::optional<std::string> next();
  std::size_t dropped() const { return dropped_; }

 private:
  std::size_t max_line_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;    ///< start of the first line not yet handed out
  std::size_t scanned_ = 0;  ///< searched for '\n' up to here
  bool skipping_ = false;
  std::size_t dropped_ = 0;
};

}  // namespace mooring::protocol
