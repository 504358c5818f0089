#include "gateway/rewrites.hpp"

#include <gtest/gtest.h>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {
namespace {

TEST(Rewrites, TOOL_08b_prompt_arguments_become_strings_and_nulls_are_left_out) {
  EXPECT_EQ(stringify_prompt_arguments(R"({"n": 1, "x": null})"), R"({"n":"1"})");
  EXPECT_EQ(
      stringify_prompt_arguments(R"({"s":"a\u0062","t":true,"f":1.50,"o":{"k":["v"]},"a":[]})"),
      R"({"s":"a\u0062","t":"true","f":"1.50","o":"{\"k\":[\"v\"]}","a":"[]"})"
  );
  EXPECT_EQ(stringify_prompt_arguments("{}"), "{}");
  EXPECT_EQ(stringify_prompt_arguments("null"), "{}");
}

std::string text_of(std::string_view result) {
  std::string text;
  const auto content = protocol::member(result, "content").value_or("[]");
  protocol::for_each_element(content, [&](std::string_view block) {
    text = protocol::string_member(block, "text");
    return false;
  });
  return text;
}

TEST(Rewrites, TOOL_13b_head_and_tail_are_kept_and_the_cut_is_stated) {
  const std::string text =
      std::string(1'500'000, 'a') + std::string(1'499'990, 'b') + "\xC3\xA4 the end";
  const auto result = R"({"_meta":{"k":1.0},"content":[{"type":"text","text":)" +
                      protocol::quote(text) + R"(}],"isError":false})";
  const auto trimmed = trim_result(result, 2'000'000);
  ASSERT_TRUE(trimmed);
  const auto shorter = text_of(*trimmed);
  EXPECT_TRUE(shorter.starts_with("aaaa"));
  EXPECT_TRUE(shorter.ends_with("bb\xC3\xA4 the end"));
  EXPECT_NE(shorter.find("of 2999999 characters cut: limits.result_chars"), std::string::npos);
  EXPECT_LE(shorter.size(), 2'000'010U);
  EXPECT_GT(shorter.size(), 1'999'900U);
  EXPECT_TRUE(trimmed->starts_with(R"({"_meta":{"k":1.0},"content":[{"type":"text","text":)"));
  EXPECT_TRUE(trimmed->ends_with(R"(}],"isError":false})"));
  EXPECT_FALSE(protocol::validate(*trimmed));
}

TEST(Rewrites, a_result_within_the_limit_is_left_alone) {
  constexpr std::string_view result =
      R"({"content":[{"type":"text","text":"\u00e4\u00e4\u00e4\u00e4"},{"type":"image","data":"AAAAAAAAAAAA"}]})";
  EXPECT_FALSE(trim_result(result, 4)) << "four characters, however they are spelled";
  EXPECT_TRUE(trim_result(result, 3));
  EXPECT_FALSE(trim_result(R"({"content":"a string of some length"})", 3));
  EXPECT_FALSE(trim_result("{}", 0));
}

TEST(Rewrites, a_small_limit_never_splits_a_character) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\xF0\x9F\x98\x80";
  const auto result = R"({"content":[{"type":"text","text":)" + protocol::quote(text) + "}]}";
  for (const std::size_t limit : {0U, 1U, 2U, 7U, 60U, 99U}) {
    const auto trimmed = trim_result(result, limit);
    ASSERT_TRUE(trimmed) << limit;
    EXPECT_FALSE(protocol::validate(*trimmed)) << limit;
    EXPECT_NE(text_of(*trimmed).find("characters cut"), std::string::npos);
  }
}

TEST(Rewrites, only_the_text_blocks_that_are_too_long_change) {
  const std::string text(300, 'x');
  const auto quoted = protocol::quote(text);
  const auto result =
      R"({"content":[{"type":"text","text":"short","_meta":{}},{"type":"text","text":)" + quoted +
      R"(,"annotations":{"priority":1}},{"type":"resource","resource":{"text":)" + quoted +
      R"(}}],"structuredContent":{"text":)" + quoted + "}}";
  const auto trimmed = trim_result(result, 200);
  ASSERT_TRUE(trimmed);
  EXPECT_NE(trimmed->find(R"({"type":"text","text":"short","_meta":{}})"), std::string::npos);
  EXPECT_NE(trimmed->find(R"("annotations":{"priority":1})"), std::string::npos);
  EXPECT_NE(trimmed->find(R"("resource":{"text":)" + quoted), std::string::npos);
  EXPECT_NE(trimmed->find(R"("structuredContent":{"text":)" + quoted), std::string::npos);
}

TEST(Rewrites, SAMP_01b_max_tokens_are_capped) {
  EXPECT_EQ(
      cap_max_tokens(R"({"messages":[], "maxTokens": 100000,"temperature":0.50})", 4096),
      R"({"messages":[], "maxTokens": 4096,"temperature":0.50})"
  );
  EXPECT_EQ(cap_max_tokens(R"({"maxTokens":4096})", 4096), R"({"maxTokens":4096})");
  EXPECT_EQ(cap_max_tokens(R"({"maxTokens":1e2})", 4096), R"({"maxTokens":1e2})");
  EXPECT_EQ(cap_max_tokens(R"({"maxTokens":1e5})", 4096), R"({"maxTokens":4096})");
  EXPECT_EQ(cap_max_tokens(R"({"maxTokens":1e999})", 4096), R"({"maxTokens":4096})");
  EXPECT_EQ(cap_max_tokens(R"({"maxTokens":"many"})", 4096), R"({"maxTokens":4096})");
  EXPECT_EQ(cap_max_tokens(R"({"a":1})", 4096), R"({"a":1,"maxTokens":4096})");
}

TEST(Rewrites, SAMP_01b_no_spelling_of_the_key_gets_past_the_cap) {
  EXPECT_EQ(
      cap_max_tokens(R"({"maxTokens":9999,"max\u0054okens":8888,"maxTokens":1})", 4096),
      R"({"maxTokens":4096,"max\u0054okens":4096,"maxTokens":1})"
  );
}

}  // namespace
}  // namespace mooring::gateway
