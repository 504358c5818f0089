#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {

/// Copies a raw JSON text and replaces pieces of it on the way. The pieces are views into the text
/// and come in ascending order; what is not named passes byte for byte.
class JsonEdit {
 public:
  explicit JsonEdit(std::string_view text) : text_(text) {}

  void replace(std::string_view piece, std::string_view by) {
    const auto at = static_cast<std::size_t>(piece.data() - text_.data());
    out_.append(text_, copied_, at - copied_);
    out_ += by;
    copied_ = at + piece.size();
    touched_ = true;
  }
  bool touched() const { return touched_; }
  std::string finish() && {
    out_.append(text_, copied_);
    return std::move(out_);
  }

 private:
  std::string_view text_;
  std::string out_;
  std::size_t copied_ = 0;
  bool touched_ = false;
};

/// True where the raw key token (with quotes) spells `name`, escapes or not.
inline bool is_key(std::string_view raw_key, std::string_view name) {
  if (raw_key.size() == name.size() + 2) return raw_key.substr(1, name.size()) == name;
  return raw_key.size() > name.size() + 2 && raw_key.find('\\') != std::string_view::npos &&
         protocol::unescape(raw_key) == name;
}

}  // namespace mooring::gateway
