#include "core/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace mooring::core::log {
namespace {

/// What `write` puts on stderr.
template <class Write>
std::string captured(Level level, Format format, Write write) {
  configure(level, format);
  testing::internal::CaptureStderr();
  write();
  std::string out = testing::internal::GetCapturedStderr();
  configure(Level::info, Format::text);
  return out;
}

TEST(Log, text_lines_carry_time_level_component_and_message) {
  const std::string out = captured(Level::debug, Format::text, [] {
    warn("upstream", "gave up after {} attempts", 3);
  });
  ASSERT_EQ(std::ranges::count(out, '\n'), 1);
  EXPECT_EQ(out.substr(24), " warn  upstream: gave up after 3 attempts\n");
  EXPECT_EQ(out[10], 'T');
  EXPECT_EQ(out[23], 'Z');
}

TEST(Log, json_lines) {
  const std::string out =
      captured(Level::info, Format::json, [] { error("io", "said \"no\"\nand \xFF left"); });
  EXPECT_EQ(out.substr(0, 9), R"({"time":")");
  EXPECT_EQ(
      out.substr(33),
      std::string(R"(","level":"error","component":"io","message":"said \"no\"\nand )") +
          "\uFFFD left\"}\n"
  );
}

TEST(Log, an_entry_is_one_line_whatever_a_peer_wrote) {
  const std::string out =
      captured(Level::info, Format::text, [] { info("x", "{}", "a\nb\r\x1B[31mc"); });
  EXPECT_EQ(std::ranges::count(out, '\n'), 1);
  EXPECT_NE(out.find("a\\nb\\r\\x1b[31mc"), std::string::npos);
}

TEST(Log, levels_below_the_set_one_are_silent) {
  const auto all = [] {
    debug("x", "d");
    info("x", "i");
    warn("x", "w");
    error("x", "e");
  };
  EXPECT_EQ(std::ranges::count(captured(Level::debug, Format::text, all), '\n'), 4);
  EXPECT_EQ(std::ranges::count(captured(Level::warn, Format::text, all), '\n'), 2);
  EXPECT_EQ(captured(Level::off, Format::text, all), "");
}

TEST(Log, TOOL_11_lines_are_redacted) {
  const std::string out =
      captured(Level::info, Format::text, [] { info("x", "sent {}", "Bearer abc and token=xyz"); });
  EXPECT_NE(out.find("sent Bearer [REDACTED] and token=[REDACTED]"), std::string::npos);
  EXPECT_EQ(out.find("xyz"), std::string::npos);
}

TEST(Log, level_names) {
  Level level = Level::off;
  EXPECT_TRUE(parse_level("trace", level));
  EXPECT_EQ(level, Level::trace);
  EXPECT_TRUE(parse_level("error", level));
  EXPECT_EQ(level, Level::error);
  EXPECT_FALSE(parse_level("loud", level));
  EXPECT_EQ(level, Level::error);
}

}  // namespace
}  // namespace mooring::core::log
