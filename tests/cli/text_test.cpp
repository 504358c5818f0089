#include "cli/text.hpp"

#include <gtest/gtest.h>

#include "cli/blocks.hpp"

namespace mooring::cli {
namespace {

TEST(Text, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("plain"), 5U);
  EXPECT_EQ(display_width("Grüße"), 5U);
  EXPECT_EQ(display_width("日本"), 4U);
  EXPECT_EQ(display_width("e\u0301"), 1U);
  EXPECT_EQ(display_width("🚀"), 2U);
  EXPECT_EQ(display_width("\xFF"), 1U);
}

TEST(Text, CutsAtACharacter) {
  EXPECT_EQ(cut("short", 10), "short");
  EXPECT_EQ(cut("just right", 10), "just right");
  EXPECT_EQ(cut("a bit longer", 6), "a bit…");
  EXPECT_EQ(cut("日本語", 5), "日本…");
  EXPECT_EQ(cut("日本語", 4), "日…");
  EXPECT_EQ(cut("whatever", 0), "whatever");
}

TEST(Text, OneLineHoldsNoBreakAndNoControl) {
  EXPECT_EQ(one_line("  a\n\n b\tc \r\n"), "a b c");
  EXPECT_EQ(one_line("red \x1b[31malert\x1b[0m\x07"), "red [31malert[0m");
  EXPECT_EQ(
      one_line("c1 \xC2\x9B"
               "31m"),
      "c1 31m"
  );
}

TEST(Text, HarmlessKeepsLinesAndTabs) {
  EXPECT_EQ(harmless("a\n\tb\x1b]0;title\x07"), "a\n\tb]0;title");
}

TEST(Text, AlignsColumnsAndCutsTheLast) {
  const std::vector<std::vector<std::string>> rows = {
      {"a", "first one"}, {"längere", "second, which is too long for the line"}, {"c", ""}
  };
  EXPECT_EQ(
      table(rows, 30),
      "a        first one\n"
      "längere  second, which is too…\n"
      "c\n"
  );
  EXPECT_EQ(
      table(rows, 0, 2),
      "  a        first one\n"
      "  längere  second, which is too long for the line\n"
      "  c\n"
  );
}

TEST(Blocks, TextIsWholeAnythingElseALine) {
  EXPECT_EQ(shown_block(R"({"type":"text","text":"a\nb"})"), "a\nb");
  EXPECT_EQ(
      shown_block(R"({"type":"image","mimeType":"image/png","data":"AAAA"})"),
      "[image: image/png, 3 bytes]"
  );
  EXPECT_EQ(
      shown_block(R"({"type":"resource_link","uri":"file:///x","name":"x"})"), "[link: file:///x x]"
  );
  EXPECT_EQ(
      shown_block(
          R"({"type":"resource","resource":{"uri":"file:///x","mimeType":"text/plain","text":"abc"}})"
      ),
      "[resource: file:///x text/plain, 3 bytes]"
  );
  EXPECT_EQ(shown_block(R"({"type":"hologram"})"), "[hologram]");
  EXPECT_EQ(shown_block(R"({})"), "[a block without type]");
}

TEST(Blocks, StructuredContentStandsInForNone) {
  EXPECT_EQ(shown_tool_result(R"({"content":[],"structuredContent":{"a": 1}})"), "{\"a\": 1}\n");
  EXPECT_EQ(
      shown_tool_result(
          R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b\n"}],"structuredContent":{"a":1}})"
      ),
      "a\nb\n"
  );
}

TEST(Blocks, SizesAreReadable) {
  EXPECT_EQ(shown_size(0), "0 bytes");
  EXPECT_EQ(shown_size(1536), "1.5 KB");
  EXPECT_EQ(shown_size(5 << 20), "5.0 MB");
  EXPECT_EQ(decoded_size("AAA="), 2U);
}

}  // namespace
}  // namespace mooring::cli
