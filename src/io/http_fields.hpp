#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::io {

namespace ascii {

/// Whether eight bytes of each are the same letters, whatever their case.
inline bool same_word(std::uint64_t a, std::uint64_t b) {
  constexpr std::uint64_t each = 0x0101010101010101;
  const auto difference = a ^ b;
  if (difference == 0) return true;
  const auto low = (a | 0x20 * each) & 0x7f * each;  // a sum of two such bytes overflows into none
  const auto from_a = low + (0x80 - 'a') * each;
  const auto after_z = low + (0x7f - 'z') * each;
  const auto letters = from_a & ~after_z & ~a & 0x80 * each;
  return (difference & ~(letters >> 2)) == 0;
}

template <class Word>
std::uint64_t load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

}  // namespace ascii

/// ASCII, as header names and tokens are compared.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const auto size = a.size();
  const char* p = a.data();
  const char* q = b.data();
  const auto same = [&]<class Word>(Word, std::size_t i) {
    return ascii::same_word(ascii::load<Word>(p + i), ascii::load<Word>(q + i));
  };
  if (size >= 8) {  // the last word overlaps the one before
    for (std::size_t i = 0; i + 8 < size; i += 8) {
      if (!same(std::uint64_t{}, i)) return false;
    }
    return same(std::uint64_t{}, size - 8);
  }
  if (size >= 4) return same(std::uint32_t{}, 0) && same(std::uint32_t{}, size - 4);
  for (std::size_t i = 0; i < size; ++i) {
    if (!same(std::uint8_t{}, i)) return false;
  }
  return true;
}

/// The head of one message in one piece, and where in it the header fields are. The next message
/// reuses the memory: a connection in steady state allocates nothing for them.
class HttpFields {
 public:
  struct Slice {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  struct Field {
    std::uint32_t key;  ///< of its name
    Slice name;
    Slice value;
  };

  /// Almost a name: whatever its case, and nearly never another's.
  static constexpr std::uint32_t key_of(std::string_view name) {
    if (name.empty()) return 0;
    const auto letter = [](char c) { return static_cast<std::uint32_t>(c | 0x20) & 0xff; };
    return letter(name.front()) << 24 | letter(name.back()) << 16 |
           static_cast<std::uint32_t>(name.size() & 0xffff);
  }

  void clear() {
    if (bytes_.capacity() > kept_bytes || room_.size() > kept_fields) return release();
    bytes_.clear();
    size_ = 0;
  }
  void release() {  ///< the memory, too
    std::string().swap(bytes_);
    std::vector<Field>().swap(room_);
    size_ = 0;
  }

  void add(const Field& field) {
    if (size_ == room_.size()) room_.resize(size_ == 0 ? usual_fields : size_ * 2);
    room_.data()[size_++] = field;
  }
  /// The bytes that slices are of; those of a head follow one another.
  void append(std::string_view bytes) {
    if (bytes_.capacity() < usual_bytes) bytes_.reserve(usual_bytes);
    bytes_.append(bytes);
  }
  std::size_t byte_count() const { return bytes_.size(); }
  /// The last value goes on over a fold with this; `unfold` makes one line of it.
  void extend_last(Slice more) {
    auto& value = room_[size_ - 1].value;
    value.size = more.at + more.size - value.at;
  }
  void unfold();

  std::string_view text(Slice slice) const { return {bytes_.data() + slice.at, slice.size}; }
  std::size_t size() const { return size_; }
  std::string_view name(std::size_t i) const { return text(room_[i].name); }
  std::string_view value(std::size_t i) const { return text(room_[i].value); }
  std::span<const Field> all() const { return {room_.data(), size_}; }

  bool has(std::string_view name_wanted) const { return index(name_wanted) < size(); }
  /// The first value, empty where absent.
  std::string_view find(std::string_view name_wanted) const {
    const auto i = index(name_wanted);
    return i < size() ? value(i) : std::string_view();
  }

 private:
  // Less than a kilobyte for what clients send; of the heads that come with a token every time, the
  // memory is kept as well.
  static constexpr std::size_t usual_bytes = 512, kept_bytes = 4096;
  static constexpr std::size_t usual_fields = 16, kept_fields = 64;

  std::size_t index(std::string_view name_wanted) const {
    const auto key = key_of(name_wanted);
    std::size_t i = 0;
    for (const auto& field : all()) {
      if (field.key == key && equals_ignoring_case(text(field.name), name_wanted)) break;
      ++i;
    }
    return i;
  }

  std::string bytes_;
  std::vector<Field> room_;  // for more fields than there are
  std::size_t size_ = 0;
};

}  // namespace mooring::io
