#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::transport {

/// Notices lines that are over the limit while they flow past, and which response they were: the
/// message itself is dropped unread, but the call it belongs to has to be told. Keeps nothing of a
/// line but its id.
class LineWatch {
 public:
  explicit LineWatch(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  /// The raw top-level `id` tokens of the oversized lines that ended in `bytes`; empty text where a
  /// line had none.
  std::vector<std::string> feed(std::string_view bytes);

 private:
  void scan(std::string_view bytes);
  void scan_token(char c);

  std::size_t max_line_bytes_;
  std::size_t size_ = 0;  ///< of the line so far
  int depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool expects_key_ = false;
  bool in_id_ = false;  ///< inside the value of the top-level id
  std::string key_;
  std::string id_;
};

}  // namespace mooring::transport
