#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mooring::io {

/// ASCII, as header names and tokens are compared.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0) return true;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// The start line's strings and the header fields of one message, copied into one arena that the
/// next message reuses: a connection in steady state allocates nothing for them.
class HttpFields {
 public:
  struct Slice {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };

  void reserve() {  ///< what most messages need
    bytes_.reserve(384);
    fields_.reserve(12);
  }
  void clear() {
    bytes_.clear();
    fields_.clear();
  }
  Slice keep(std::string_view text) {
    const Slice slice{
        static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(text.size())
    };
    bytes_.append(text);
    return slice;
  }
  void add(std::string_view name, std::string_view value) {
    const auto kept_name = keep(name);
    fields_.emplace_back(kept_name, keep(value));
  }

  std::string_view text(Slice slice) const {
    return std::string_view(bytes_).substr(slice.at, slice.size);
  }
  std::size_t size() const { return fields_.size(); }
  std::string_view name(std::size_t i) const { return text(fields_[i].first); }
  std::string_view value(std::size_t i) const { return text(fields_[i].second); }

  std::size_t count(std::string_view name_wanted) const {
    std::size_t found = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (equals_ignoring_case(name(i), name_wanted)) ++found;
    }
    return found;
  }
  bool has(std::string_view name_wanted) const { return index(name_wanted) < size(); }
  /// The first value, empty where absent.
  std::string_view find(std::string_view name_wanted) const {
    const auto i = index(name_wanted);
    return i < size() ? value(i) : std::string_view();
  }

 private:
  std::size_t index(std::string_view name_wanted) const {
    std::size_t i = 0;
    for (const auto& [name, value] : fields_) {
      // Most names differ in length: looked at before anything is built.
      if (name.size == name_wanted.size() && equals_ignoring_case(text(name), name_wanted)) break;
      ++i;
    }
    return i;
  }

  std::string bytes_;
  std::vector<std::pair<Slice, Slice>> fields_;
};

}  // namespace mooring::io
