#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "protocol/json_scan.hpp"

namespace mooring::protocol {
namespace {

/// Blanks before a text change nothing about it, but make it long enough for its UTF-8 to be looked
/// at in one go.
std::string padded(const std::string& text) { return std::string(5000, ' ') + text; }

std::string nested(std::size_t depth, char open, char close) {
  std::string out;
  for (std::size_t i = 0; i < depth; ++i) out += open == '{' ? "{\"a\":" : std::string(1, open);
  out += "1";
  return out + std::string(depth, close);
}

TEST(JsonReader, accepts_what_RFC_8259_allows) {
  const std::vector<std::string> table = {
      "{}",
      "[]",
      "null",
      "true",
      "false",
      "0",
      "-0",
      "-1.5e+10",
      "1E5",
      "\"\"",
      " \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
      "123456789012345678901234567890",
      "1e400",
      "-1e-400",
      "0.1000000000000000000000000000000000001",
      R"("\"\\\/\b\f\n\r\t\u00e9\uD83D\uDEA2")",
      R"("lone \ud800 surrogate")",
      R"("\udc00")",
      "\"grüße 🚢 \x7f\"",
      R"({"a":1,"a":2})",
      R"({"":[[],{}]})",
      "\"\xF4\x8F\xBF\xBF\"",
      R"(["\u0000"])",
  };
  for (const std::string& text : table) {
    EXPECT_EQ(validate(text), std::nullopt) << text;
    EXPECT_EQ(validate(padded(text)), std::nullopt) << text;
  }
}

TEST(JsonReader, refuses_the_rest) {
  const std::vector<std::string> table = {
      "",
      " ",
      "{",
      "}",
      "[",
      "]",
      "[1",
      "[1,",
      "[1,]",
      "[,1]",
      "[1 2]",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "{'a':1}",
      "{\"a\":1 \"b\":2}",
      "{1:2}",
      "[1]]",
      "{}{}",
      "1 2",
      "nul",
      "nulll",
      "True",
      "NaN",
      "Infinity",
      "-",
      "+1",
      "01",
      "-01",
      "1.",
      ".5",
      "1e",
      "1e+",
      "0x10",
      "1_000",
      "\"",
      "\"a",
      "\"\\",
      "\"\\x\"",
      "\"\\u12\"",
      "\"\\u12g4\"",
      "\"a\nb\"",
      "\"a\tb\"",
      std::string("\"a\0b\"", 5),
      "[1}",
      "{\"a\":1]",
      "\"\xFF\"",
      "\"\xC0\xAF\"",
      "\"\xED\xA0\x80\"",
      "\"\xF4\x90\x80\x80\"",
      "\"\xE2\x82\"",
      "\"\x80\"",
      "// c\n1",
      "/**/1",
      "\xEF\xBB\xBF{}",
      std::string("1\0", 2),
      "\"a\"b",
      "[1,,2]",
      "{,}",
      "[\"a\":1]",
      "truefalse",
      "--1",
      "1-",
      "\v1",
  };
  for (const std::string& text : table) {
    EXPECT_NE(validate(text), std::nullopt) << text;
    EXPECT_NE(validate(padded(text)), std::nullopt) << text;
  }
}

TEST(JsonReader, both_ways_agree_on_the_depth) {
  for (const char open : {'[', '{'}) {
    const char close = open == '[' ? ']' : '}';
    for (const std::size_t limit : {1U, 2U, 64U, 256U}) {
      const JsonLimits limits{.max_depth = limit};
      EXPECT_EQ(validate(nested(limit, open, close), limits), std::nullopt) << open << limit;
      EXPECT_EQ(validate(padded(nested(limit, open, close)), limits), std::nullopt)
          << open << limit;
      EXPECT_NE(validate(nested(limit + 1, open, close), limits), std::nullopt) << open << limit;
      EXPECT_NE(validate(padded(nested(limit + 1, open, close)), limits), std::nullopt)
          << open << limit;
    }
  }
  EXPECT_NE(validate(std::string(1'000'000, '[')), std::nullopt);
  EXPECT_NE(validate(std::string(1'000'000, '[') + std::string(1'000'000, ']')), std::nullopt);
}

TEST(JsonReader, says_what_is_wrong_and_where) {
  EXPECT_EQ(validate("{\"a\" 1}"), "a colon is expected at byte 5");
  EXPECT_EQ(validate("[1 2]"), "a comma or a closing bracket is expected at byte 3");
  EXPECT_EQ(validate("\"a\nb\""), "a control character stands in a string at byte 2");
  EXPECT_EQ(validate("\"\xFF\""), "a string is not UTF-8 at byte 1");
  EXPECT_EQ(validate("[tru]"), "an unknown word at byte 1");
  EXPECT_EQ(validate("[nulll]"), "a comma or a closing bracket is expected at byte 5");
  EXPECT_EQ(validate("["), "the text ends where a value is expected at byte 1");
  EXPECT_EQ(validate("[1"), "the text ends inside a value at byte 2");
  EXPECT_EQ(validate("\"a"), "the text ends inside a string at byte 2");
  EXPECT_EQ(validate("{} x"), "something follows the end of the value at byte 3");
  EXPECT_EQ(validate("[[]]", {.max_depth = 1}), "nested too deeply at byte 1");
  EXPECT_EQ(validate(std::string("[\0]", 3)), "a value is expected at byte 1");
  EXPECT_EQ(validate(padded("[1 2]")), "a comma or a closing bracket is expected at byte 5003");
  EXPECT_EQ(validate(padded("\"\xFF\"")), "a string is not UTF-8 at byte 5001");
  EXPECT_EQ(validate(padded("\xFF")), "a value is expected at byte 5000");
}

TEST(JsonReader, every_cut_of_a_text_is_refused) {
  const std::string text = R"({"a":[1.5e3,true,null,"x\u00e9\n🚢",{"b":{}}],"c":-0})";
  for (std::size_t n = 0; n < text.size(); ++n) {
    EXPECT_NE(validate(text.substr(0, n)), std::nullopt) << n;
    EXPECT_NE(validate(padded(text.substr(0, n))), std::nullopt) << n;
  }
}

TEST(JsonReader, changing_any_byte_gets_one_verdict_from_both_ways) {
  const std::string text = R"({"a":[1.5e3,true,null,"x\u00e9\n🚢",{"b":{}}],"c":-0})";
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string changed = text;
      changed[i] = static_cast<char>(byte);
      EXPECT_EQ(validate(changed).has_value(), validate(padded(changed)).has_value()) << changed;
    }
  }
}

TEST(JsonReader, texts_of_any_size_one_after_the_other) {
  for (const std::size_t size : {10U, 5'000U, 100U, 3'000'000U, 4'000U, 200'000U, 5'000U}) {
    const std::string text = "[\"" + std::string(size, 'x') + "\"]";
    EXPECT_EQ(validate(text), std::nullopt) << size;
    EXPECT_NE(validate(text.substr(0, text.size() - 1)), std::nullopt) << size;
  }
}

}  // namespace
}  // namespace mooring::protocol
