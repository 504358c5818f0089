#include "protocol/json_cursor.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mooring::protocol::cursor {
namespace {

template <bool Ascii>
std::size_t one_by_one(const std::string& text, std::size_t at) {
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c == '"' || c == '\\' || c < 0x20 || (Ascii && c > 0x7F)) break;
    ++at;
  }
  return at;
}

/// Both ways to look at several bytes in one go, whichever this machine takes.
template <class Block>
void expect_same(const std::string& text, std::size_t at) {
  EXPECT_EQ((plain_run<true, Block>(text, at)), one_by_one<true>(text, at)) << text << " at " << at;
  EXPECT_EQ((plain_run<false, Block>(text, at)), one_by_one<false>(text, at))
      << text << " at " << at;
}

template <class Block>
void expect_same_everywhere() {
  for (std::size_t size = 0; size < 3 * Block::size; ++size) {
    for (std::size_t place = 0; place <= size; ++place) {
      std::string text(size, 'x');
      if (place < size) text[place] = '"';
      // What follows is one more than what is looked for: no carry may reach it.
      if (place + 1 < size) text[place + 1] = '#';
      for (std::size_t at = 0; at <= size; ++at) expect_same<Block>(text, at);
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    for (const std::size_t size : {std::size_t{1}, Block::size, 2 * Block::size - 1}) {
      std::string text(size, static_cast<char>(byte));
      expect_same<Block>(text, 0);
      text[0] = '!';
      expect_same<Block>(text, 0);
      expect_same<Block>(text, size - 1);
    }
  }
}

TEST(JsonCursor, a_plain_run_ends_where_byte_by_byte_it_would) {
  expect_same_everywhere<WordBlock>();
  expect_same_everywhere<Block>();
}

}  // namespace
}  // namespace mooring::protocol::cursor
