#include "protocol/header_value.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mooring::protocol {
namespace {

TEST(HeaderValue, visible_ascii_stays) {
  for (const std::string text : {"", "echo", "two words", "a=b?c", "=?base64?", "?="}) {
    EXPECT_EQ(encode_header_value(text), text);
    EXPECT_EQ(decode_header_value(text), text);
  }
}

TEST(HeaderValue, everything_else_is_base64) {
  EXPECT_EQ(encode_header_value("Größe"), "=?base64?R3LDtsOfZQ==?=");
  using namespace std::string_literals;
  for (const auto& text :
       {"Größe"s, " blank first"s, "blank last "s, "two\nlines"s, "nul\0byte"s, "\t"s,
        "=?base64?aGk=?="s}) {
    const auto value = encode_header_value(text);
    EXPECT_TRUE(value.starts_with("=?base64?")) << value;
    EXPECT_EQ(decode_header_value(value), text);
  }
}

TEST(HeaderValue, names_are_compared_in_lower_case) {
  EXPECT_EQ(lower_name("Mcp-Param-Région"), "mcp-param-région");
}

TEST(HeaderValue, what_is_neither_is_refused) {
  EXPECT_FALSE(decode_header_value("Größe"));
  EXPECT_FALSE(decode_header_value("=?base64?!!!?="));
  EXPECT_FALSE(decode_header_value("=?base64?aGk?="));
  EXPECT_FALSE(decode_header_value("a\tb"));
}

}  // namespace
}  // namespace mooring::protocol
