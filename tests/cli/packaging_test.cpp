#include <algorithm>
#include <regex>
#include <set>

#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::HasSubstr;

std::string file(const std::string& name) {
  std::ifstream in(std::string(PACKAGING "/") + name);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_FALSE(text.str().empty()) << name;
  return text.str();
}

std::string help(std::vector<std::string> words) {
  words.insert(words.begin(), MOORING);
  words.push_back("--help");
  return test::run(words).out;
}

std::set<std::string> found(const std::string& text, const std::regex& pattern) {
  std::set<std::string> all;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
    all.insert((*at)[1]);
  return all;
}

std::set<std::string> commands() {
  const auto text = help({});
  return found(text.substr(text.find("Subcommands:")), std::regex("\n  ([a-z]+)  "));
}

std::set<std::string> options(const std::string& command) {
  return found(help({command}), std::regex("(--[a-z-]+)"));
}

/// Without the backslashes that roff wants before each hyphen.
std::string manual() {
  auto text = file("mooring.1");
  std::erase(text, '\\');
  return text;
}

TEST(Packaging, TheManualAndTheCompletionsKnowEveryCommandAndOption) {
  const auto man = manual();
  const auto bash = file("completions/mooring.bash");
  const auto zsh = file("completions/_mooring");
  const auto fish = file("completions/mooring.fish");
  ASSERT_GE(commands().size(), 11U);
  for (const auto& command : commands()) {
    for (const auto& text : {man, bash, zsh, fish}) EXPECT_THAT(text, HasSubstr(command));
    for (const auto& option : options(command)) {
      for (const auto& text : {man, bash, zsh}) EXPECT_THAT(text, HasSubstr(option)) << command;
      EXPECT_THAT(fish, HasSubstr("-l " + option.substr(2))) << command;
    }
  }
}

TEST(Packaging, TheCompletionsOfferNothingThatDoesNotExist) {
  std::set<std::string> known = {"--version"};
  for (const auto& command : commands()) {
    for (const auto& option : options(command)) known.insert(option);
  }
  for (const auto* name : {"completions/mooring.bash", "completions/_mooring"}) {
    // What the completions themselves call other programs with begins a word elsewhere.
    for (const auto& option : found(file(name), std::regex("[ '\"(](--[a-z-]+)"))) {
      EXPECT_TRUE(known.contains(option)) << name << ": " << option;
    }
  }
}

TEST(Packaging, TheBashCompletionCompletes) {
  const auto complete = [](const std::string& line) {
    return test::run({"/bin/bash", "-c",
                      "source " PACKAGING "/completions/mooring.bash; COMP_WORDS=(" + line +
                          "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _mooring; printf '%s\\n' "
                          "\"${COMPREPLY[@]}\""})
        .out;
  };
  EXPECT_EQ(complete("mooring do"), "doctor\n");
  EXPECT_THAT(complete("mooring call x y --t"), HasSubstr("--timeout\n"));
  EXPECT_THAT(complete("mooring logs x --f"), HasSubstr("--follow\n"));
  EXPECT_THAT(complete("mooring serve --log-level w"), HasSubstr("warn\n"));
}

}  // namespace
}  // namespace mooring::cli
