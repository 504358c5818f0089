#include "protocol/line_framer.hpp"

#include <algorithm>
#include <utility>

namespace mooring::protocol {

void LineFramer::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    append(bytes.substr(0, end));
    if (end == bytes.size()) return;
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

std::optional<std::string> LineFramer::next() {
  if (ready_.empty()) return std::nullopt;
  std::string line = std::move(ready_.front());
  ready_.pop_front();
  return line;
}

bool LineFramer::too_long() const {
  if (partial_.size() <= max_line_bytes_) return false;
  return partial_.size() > max_line_bytes_ + 1 || partial_.back() != '\r';
}

void LineFramer::append(std::string_view piece) {
  if (skipping_) return;
  partial_.append(piece.substr(0, max_line_bytes_ + 2)
  );  // one over what a line may have with its '\r'
  if (!too_long()) return;
  skipping_ = true;
  std::string().swap(partial_);  // an assignment would keep the memory
}

void LineFramer::end_line() {
  if (std::exchange(skipping_, false)) {
    ++dropped_;
    return;
  }
  if (partial_.ends_with('\r')) partial_.pop_back();
  if (partial_.empty()) return;
  ready_.push_back(std::exchange(partial_, std::string()));
}

}  // namespace mooring::protocol
