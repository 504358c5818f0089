#include "config/expand.hpp"

#include <gmock/gmock.h>

#include "config/support.hpp"

namespace mooring::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string expanded(std::string_view text) {
  return expand(text, env_of({{"A", "one"}, {"B", "two"}, {"EMPTY", ""}, {"NESTED", "${A}"}})).text;
}

TEST(Expand, every_form) {
  EXPECT_EQ(expanded("x${A}y${B}z"), "xoneytwoz");
  EXPECT_EQ(expanded("${env:A}"), "one");
  EXPECT_EQ(expanded("${A:-other}"), "one");
  EXPECT_EQ(expanded("${NO:-other}"), "other");
  EXPECT_EQ(expanded("${env:NO:-other}"), "other");
  EXPECT_EQ(expanded("${NO:-}"), "");
  EXPECT_EQ(expanded("${EMPTY}"), "");
  EXPECT_EQ(expanded("${EMPTY:-other}"), "other");
  EXPECT_EQ(expanded("${NO:-http://127.0.0.1:1/x}"), "http://127.0.0.1:1/x");
  EXPECT_EQ(expanded("${NO:-${ALSO:-${B}}}!"), "two!");
}

TEST(Expand, a_value_is_not_expanded_again) { EXPECT_EQ(expanded("${NESTED}"), "${A}"); }

TEST(Expand, what_cannot_be_replaced_stays) {
  for (const std::string text : {"$A", "${", "${}", "${A", "${1A}", "${A-b}", "$${", "a$b{c}"}) {
    EXPECT_EQ(expanded(text), text);
  }
}

TEST(Expand, says_what_was_used_and_what_is_missing) {
  const auto result = expand("${A} ${NO} ${input:token}", env_of({{"A", "one"}}));
  ASSERT_EQ(result.used.size(), 1U);
  EXPECT_EQ(result.used[0].name, "A");
  EXPECT_THAT(result.unset, ElementsAre("${NO}"));
  EXPECT_THAT(result.inputs, ElementsAre("${input:token}"));
  EXPECT_EQ(result.text, "one ${NO} ${input:token}");
  EXPECT_THAT(expand("plain", env_of({})).unset, IsEmpty());
}

TEST(Expand, files_are_secrets) {
  const SecretFiles files = [](const std::string& path) -> std::expected<std::string, std::string> {
    if (path == "/run/token") return "planted";
    if (path == "/run/empty") return "";
    return std::unexpected("cannot read " + path);
  };
  const auto with = [&](std::string_view text) {
    return expand(text, env_of({{"A", "one"}}), files);
  };
  EXPECT_EQ(with("Bearer ${file:/run/token}!").text, "Bearer planted!");
  EXPECT_EQ(with("${file:/run/none:-${A}}").text, "one");
  EXPECT_EQ(with("${file:/run/empty:-x}").text, "x");
  EXPECT_EQ(with("${NO:-${file:/run/token}}").text, "planted");
  ASSERT_EQ(with("${file:/run/token}").used.size(), 1U);
  EXPECT_TRUE(with("${file:/run/token}").used[0].from_file);
  const auto gone = with("${file:/run/none}");
  EXPECT_EQ(gone.text, "${file:/run/none}");
  EXPECT_THAT(gone.unset, ElementsAre("${file:/run/none}"));
  EXPECT_THAT(gone.problem().value_or(""), testing::HasSubstr("cannot read /run/none"));
}

using SecretFile = ConfigFiles;

TEST_F(SecretFile, is_trimmed_small_and_a_file) {
  EXPECT_EQ(*read_secret_file(write("a", " planted\r\n")), "planted");
  EXPECT_TRUE(read_secret_file(write("most", std::string(64 << 10, 'x'))));
  EXPECT_THAT(
      read_secret_file(write("more", std::string((64 << 10) + 1, 'x'))).error(),
      testing::HasSubstr("larger")
  );
  EXPECT_THAT(
      read_secret_file(write("nul", std::string_view("a\0b", 3))).error(), testing::HasSubstr("NUL")
  );
  EXPECT_THAT(read_secret_file(directory_).error(), testing::HasSubstr("no regular file"));
  EXPECT_THAT(read_secret_file(directory_ / "none").error(), testing::HasSubstr("none"));
}

TEST(Expand, paths_of_files_are_made_absolute) {
  const auto absolute = [](std::string_view path) { return "/etc/" + std::string(path); };
  EXPECT_EQ(
      with_file_paths("a ${file:t} ${A:-${file:u:-x}} ${V}", absolute),
      "a ${file:/etc/t} ${A:-${file:/etc/u:-x}} ${V}"
  );
  EXPECT_EQ(with_file_paths("${file:t", absolute), "${file:t");
}

TEST(Expand, deep_nesting_ends) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "${N:-";
  text += std::string(1000, '}');
  EXPECT_LE(expanded(text).size(), text.size());
}

}  // namespace
}  // namespace mooring::config
