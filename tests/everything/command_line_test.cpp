#include "everything/command_line.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "chaos/expiry_dialect.hpp"

namespace mooring::everything {
namespace {

using namespace std::chrono_literals;

Parsed parse(std::vector<std::string> words) {
  words.insert(words.begin(), "mooring-everything");
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  return parse_command_line(static_cast<int>(pointers.size()), pointers.data());
}

/// What is printed while `words` are parsed, and the status they end with.
struct Refused {
  std::string text;
  int exit_code;
};
Refused refused(std::vector<std::string> words) {
  testing::internal::CaptureStderr();
  auto parsed = parse(std::move(words));
  auto text = testing::internal::GetCapturedStderr();
  return {text, parsed.line ? -1 : parsed.exit_code};
}

TEST(EverythingCommandLine, defaults) {
  auto parsed = parse({});
  ASSERT_TRUE(parsed.line);
  EXPECT_EQ(parsed.line->host, "127.0.0.1");
  EXPECT_EQ(parsed.line->port, 0);
  EXPECT_FALSE(parsed.line->stdio);
  EXPECT_FALSE(parsed.line->options.session_ttl);
  EXPECT_EQ(parsed.line->options.expiry_dialect, "ts-404");
}

TEST(EverythingCommandLine, everything_at_once) {
  auto parsed = parse(
      {"--listen", "[::1]:8080", "--era", "legacy", "--session-ttl", "0.25", "--drop-every", "20",
       "--expiry-dialect", "go-404-text", "--json-response", "--page-size", "5", "--extra-tools",
       "3", "--task-ttl", "30"}
  );
  ASSERT_TRUE(parsed.line);
  EXPECT_EQ(parsed.line->host, "::1");
  EXPECT_EQ(parsed.line->port, 8080);
  EXPECT_EQ(parsed.line->options.session_ttl, 250ms);
  EXPECT_EQ(parsed.line->options.drop_every, 20s);
  EXPECT_TRUE(parsed.line->options.json_response);
  EXPECT_EQ(parsed.line->options.page_size, 5U);
  EXPECT_EQ(parsed.line->options.extra_tools, 3U);
  EXPECT_EQ(parsed.line->options.task_ttl, 30s);
}

TEST(EverythingCommandLine, eras) {
  EXPECT_EQ(parse({}).line->options.era, Era::both);
  EXPECT_EQ(parse({"--era", "legacy"}).line->options.era, Era::legacy);
  EXPECT_EQ(parse({"--era", "modern"}).line->options.era, Era::modern);
  EXPECT_EQ(refused({"--era", "stone"}).exit_code, 2);
}

TEST(EverythingCommandLine, nonsense_is_refused_with_one_line) {
  const std::vector<std::vector<std::string>> lines{
      {"--no-such"},
      {"--listen", "nowhere"},
      {"--listen", "host:99999"},
      {"--listen", ":1"},
      {"--session-ttl", "0"},
      {"--session-ttl", "-1"},
      {"--drop-every", "soon"},
      {"--task-ttl", "0"},
      {"--expiry-dialect", "klingon"},
      {"--stdio", "--drop-every", "1"},
      {"--json-response", "--stream-response"},
      {"--extra-tools", "-1"},
      {"surplus"}
  };
  for (const auto& line : lines) {
    auto answer = refused(line);
    EXPECT_EQ(answer.exit_code, 2) << line.front();
    EXPECT_TRUE(answer.text.starts_with("mooring-everything: ")) << answer.text;
    EXPECT_EQ(answer.text.find('\n'), answer.text.size() - 1) << answer.text;
  }
}

TEST(EverythingCommandLine, dialects_are_listed) {
  testing::internal::CaptureStdout();
  auto parsed = parse({"--expiry-dialect", "list"});
  auto text = testing::internal::GetCapturedStdout();
  EXPECT_FALSE(parsed.line);
  EXPECT_EQ(parsed.exit_code, 0);
  for (const auto& dialect : chaos::expiry_dialects()) {
    EXPECT_NE(text.find(dialect.name), std::string::npos) << dialect.name;
  }
}

}  // namespace
}  // namespace mooring::everything
