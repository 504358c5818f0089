#include "config/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/nearest.hpp"

namespace mooring::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Values, durations_in_every_form) {
  const std::pair<std::string_view, Duration> cases[] = {
      {"60", 60s},    {"2.5", 2500ms}, {"500ms", 500ms}, {"2s", 2s},       {"5m", 5min},
      {"5min", 5min}, {"24h", 24h},    {"1d", 24h},      {"1m30s", 90s},   {" 7 s ", 7s},
      {"0", 0ms},     {"0.0001", 1ms}, {"10S", 10s},     {"1h 30m", 90min}
  };
  for (const auto& [text, expected] : cases) {
    const auto value = parse_duration(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*value, expected) << text;
  }
}

TEST(Values, durations_that_are_none) {
  for (const auto* text : {"", "abc", "-1", "5x", "1m30", "ms", "1e9", "1..2", "nan", "inf"}) {
    const auto value = parse_duration(text);
    ASSERT_FALSE(value) << text;
    EXPECT_THAT(value.error(), HasSubstr("\"5m\"")) << text;
  }
  EXPECT_THAT(parse_duration("400d").error(), HasSubstr("longer than a year"));
}

TEST(Values, sizes_in_every_form) {
  const std::pair<std::string_view, std::uint64_t> cases[] = {
      {"4096", 4096}, {"10MiB", 10U << 20}, {"32 KiB", 32768},
      {"1KB", 1000},  {"1.5mib", 1572864},  {"2GiB", std::uint64_t{2} << 30},
      {"7B", 7}
  };
  for (const auto& [text, expected] : cases) {
    const auto value = parse_size(text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*value, expected) << text;
  }
  for (const auto* text : {"", "ten", "-1", "10M", "1e3", "99999999GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Values, what_is_written_back_reads_the_same) {
  for (const Duration value : {0ms, 1ms, 1500ms, 1000ms, 60000ms, 120000ms, 300000ms, 86400000ms}) {
    EXPECT_EQ(parse_duration(format_duration(value)), value);
  }
  for (const std::uint64_t value : {0ULL, 1000ULL, 1024ULL, 32768ULL, 1536ULL, 64ULL << 20}) {
    EXPECT_EQ(parse_size(format_size(value)), value);
  }
  EXPECT_EQ(format_duration(5min), "5m");
  EXPECT_EQ(format_duration(60s), "60s");
  EXPECT_EQ(format_duration(24h), "24h");
  EXPECT_EQ(format_size(std::size_t{10} << 20), "10MiB");
}

TEST(Values, counts_keep_their_range) {
  EXPECT_EQ(parse_count("7", 1, 10), 7);
  EXPECT_THAT(parse_count("11", 1, 10).error(), HasSubstr("from 1 to 10"));
  for (const auto* text : {"", "0", "1.5", "x", "1x", "99999999999999999999"}) {
    EXPECT_FALSE(parse_count(text, 1, 10)) << text;
  }
}

TEST(Values, words_split_as_a_shell_does) {
  EXPECT_THAT(*split_words("a b"), ElementsAre("a", "b"));
  EXPECT_THAT(
      *split_words(R"( -x "two words" 'it''s' a\ b "" )"),
      ElementsAre("-x", "two words", "its", "a b", "")
  );
  EXPECT_THAT(*split_words(R"("a\"b\n")"), ElementsAre(R"(a"b\n)"));
  EXPECT_THAT(*split_words(""), ElementsAre());
  EXPECT_FALSE(split_words("it's"));
}

TEST(Values, names_that_usually_hold_secrets) {
  for (const auto* name :
       {"Authorization", "X-Api-Key", "API_KEY", "DB_PASSWORD", "GH_TOKEN", "Cookie",
        "client-secret", "GITHUB_PAT", "BASIC_AUTH"}) {
    EXPECT_TRUE(looks_secret(name)) << name;
  }
  for (const auto* name : {"HOME", "PATH", "LOG_LEVEL", "GIT_AUTHOR_NAME", "X-Trace", "HOST"}) {
    EXPECT_FALSE(looks_secret(name)) << name;
  }
}

TEST(Nearest, finds_what_was_meant) {
  const std::vector<std::string> known = {
      "timeout", "timeout_max", "connect_timeout", "command", "breaker.failures", "url", "env"
  };
  const std::pair<std::string_view, std::string> cases[] = {
      {"tiemout", "timeout"},         {"connectTimeout", "connect_timeout"},
      {"Timeout", "timeout"},         {"failures", "breaker.failures"},
      {"comand", "command"},          {"uri", "url"},
      {"timeout-max", "timeout_max"}, {"breakerfailures", "breaker.failures"}
  };
  for (const auto& [written, expected] : cases) EXPECT_EQ(nearest_key(written, known), expected);
  EXPECT_EQ(nearest_key("something_else", known), std::nullopt);
}

TEST(Nearest, distance_counts_a_swap_once) {
  EXPECT_EQ(edit_distance("abcd", "abdc"), 1U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

}  // namespace
}  // namespace mooring::config
