#include "transport/line_watch.hpp"

#include <utility>

namespace mooring::transport {

namespace {
constexpr std::size_t max_token = 512;
}

std::vector<std::string> LineWatch::feed(std::string_view bytes) {
  std::vector<std::string> oversized;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const bool whole = end != std::string_view::npos;
    const auto part = bytes.substr(0, end);
    bytes.remove_prefix(whole ? end + 1 : bytes.size());
    // Most lines come in one piece and are small: nothing to look at.
    if (whole && size_ == 0 && part.size() <= max_line_bytes_) continue;
    size_ += part.size();
    scan(part);
    if (!whole) continue;
    if (size_ > max_line_bytes_) oversized.push_back(std::move(id_));
    *this = LineWatch(max_line_bytes_);
  }
  return oversized;
}

void LineWatch::scan(std::string_view bytes) {
  for (const char c : bytes) {
    if (!in_string_) {
      scan_token(c);
      continue;
    }
    if (depth_ == 1 && expects_key_ && key_.size() < max_token) key_ += c;
    if (in_id_ && id_.size() < max_token) id_ += c;
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
  }
}

void LineWatch::scan_token(char c) {
  const bool top = depth_ == 1;
  switch (c) {
    case '"':
      in_string_ = true;
      if (top && expects_key_) key_.clear();
      break;
    case '{':
    case '[':
      if (++depth_ == 1) expects_key_ = c == '{';
      return;
    case '}':
    case ']':
      --depth_;
      if (depth_ == 0) in_id_ = false;
      return;
    case ':':
      if (top) {
        in_id_ = std::exchange(expects_key_, false) && key_ == "id\"";
      }
      return;
    case ',':
      if (top) {
        in_id_ = false;
        expects_key_ = true;
      }
      return;
    case ' ':
    case '\t':
    case '\r':
      return;
    default:
      break;
  }
  if (in_id_ && depth_ == 1 && id_.size() < max_token) id_ += c;
}

}  // namespace mooring::transport
