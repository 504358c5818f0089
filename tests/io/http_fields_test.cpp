#include "io/http_fields.hpp"

#include <array>
#include <cctype>

#include "io/http_syntax.hpp"
#include "io/support.hpp"

namespace mooring::io {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

TEST(HttpFields, names_are_the_same_in_any_case_of_their_letters_and_of_nothing_else) {
  for (std::size_t size = 1; size <= 18; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int a = 0; a < 256; ++a) {
        for (const int b : {a, a ^ 0x20, a ^ 0x80, a ^ 0x01, a ^ 0xa0, (a + 1) & 0xff}) {
          std::string one(size, 'x');
          std::string other(size, 'X');
          one[at] = static_cast<char>(a);
          other[at] = static_cast<char>(b);
          ASSERT_EQ(equals_ignoring_case(one, other), lower(one[at]) == lower(other[at]))
              << size << " " << at << ": " << a << " " << b;
        }
      }
    }
  }
  EXPECT_TRUE(equals_ignoring_case({}, ""));
  EXPECT_FALSE(equals_ignoring_case("host", "hosts"));
}

TEST(HttpFields, names_that_share_a_key_are_told_apart) {
  HttpFields fields;
  const std::string_view text = "x-one: 1\nx-ane: 2\nX-ONE: 3\n";
  fields.append(text);
  for (std::uint32_t at = 0; at < text.size(); at += 9) {
    fields.add({HttpFields::key_of(text.substr(at, 5)), {at, 5}, {at + 7, 1}});
  }
  EXPECT_EQ(HttpFields::key_of("x-one"), HttpFields::key_of("X-anE"));
  EXPECT_EQ(fields.find("X-Ane"), "2");
  EXPECT_EQ(fields.find("X-One"), "1");
  EXPECT_FALSE(fields.has("x-bne"));
  EXPECT_FALSE(fields.has(""));
}

/// Every byte at every place of what is looked at sixteen bytes at a time, and of what is not.
TEST(HttpSyntax, runs_end_where_the_tables_say) {
  using namespace http_syntax;
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        const char* const first = text.data();
        const char* const last = first + size;
        const auto expected = [&](bool belongs) {
          return static_cast<std::ptrdiff_t>(belongs ? size : at);
        };
        const char c = text[at];
        ASSERT_EQ(skip_token(first, last) - first, expected(is_token_character(c))) << byte;
        ASSERT_EQ(skip_text(first, last) - first, expected(is_text(c))) << byte;
        ASSERT_EQ(skip_visible(first, last) - first, expected(is_text(c) && !is_blank(c))) << byte;
      }
    }
  }
}

}  // namespace
}  // namespace mooring::io
