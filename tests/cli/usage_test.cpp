#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

test::Ended plainly(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), MOORING);
  return test::run(arguments);
}

TEST(Usage, HelpListsEveryCommandAndNothingHidden) {
  const auto help = plainly({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_EQ(help.err, "");
  for (const auto* command :
       {"serve", "connect", "wrap",   "tools",  "resources", "prompts", "call",
        "read",  "prompt",  "status", "logs",   "login",     "logout",  "token",
        "test",  "doctor",  "add",    "remove", "import",    "explain", "chaos"}) {
    EXPECT_THAT(help.out, HasSubstr(std::string("\n  ") + command + " "));
    const auto more = plainly({command, "--help"});
    EXPECT_EQ(more.status, 0);
    EXPECT_THAT(more.out, HasSubstr(std::string("\n  mooring ") + command));
  }
  EXPECT_THAT(help.out, Not(HasSubstr("guard")));
}

TEST(Usage, VersionIsTheProgramsName) {
  const auto version = plainly({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, StartsWith("mooring 0."));
}

TEST(Usage, MistakesAreOneLineAndExit2) {
  const std::vector<std::vector<std::string>> mistakes = {
      {},
      {"nonsense"},
      {"call"},
      {"call", "x"},
      {"tools", "--nope"},
      {"read", "x"},
      {"logs"},
      {"call", "x", "y", "--timeout", "-1"},
      {"tools", "x", "--timeout", "soon"},
      {"status", "--header", "a: b"},
      {"logs", "x", "-n", "many"},
      {"login"},
      {"login", "x", "--device", "--headless"},
      {"token"},
      {"add"},
      {"add", "x"},
      {"add", "x", "y", "--transport", "stdio"},
      {"remove"},
      {"remove", "x", "y"},
      {"import", "nobody"},
      {"doctor", "x"},
      {"serve", "--threads", "0"},
  };
  for (const auto& mistake : mistakes) {
    const auto ended = plainly(mistake);
    EXPECT_EQ(ended.status, 2) << testing::PrintToString(mistake);
    EXPECT_THAT(ended.err, StartsWith("mooring: "));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(Cli, WithoutAConfigurationItSaysHowToGiveOne) {
  const auto ended =
      test::run({"/bin/sh", "-c", "cd \"$HOME\" && exec " MOORING " tools files"}, home());
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("--config FILE"));
}

TEST_F(Cli, ABrokenConfigurationIsNamedWithItsPlace) {
  std::ofstream(config()) << "{\"mcpServers\": {\n  oops";
  const auto ended = mooring({"tools", "files"});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("mooring.json:2:"));
}

TEST_F(Cli, AServerWhoseEntryIsWrongFailsByItself) {
  configure({{"broken", json::object{{"comand", "x"}}}, {"good", everything_over_stdio()}});
  const auto broken = mooring({"tools", "broken"});
  EXPECT_EQ(broken.status, 1);
  EXPECT_THAT(broken.err, HasSubstr("command"));
  EXPECT_EQ(mooring({"tools", "good"}).status, 0);
}

TEST_F(Cli, HeadersGoWithAUrl) {
  configure({{"files", everything_over_stdio()}});
  const auto named = mooring({"tools", "files", "--header", "A: b"});
  EXPECT_EQ(named.status, 2);
  EXPECT_THAT(named.err, HasSubstr("--header goes with a URL"));
  const auto odd = mooring({"tools", "http://127.0.0.1:1/mcp", "--header", "nonsense"});
  EXPECT_EQ(odd.status, 2);
  const auto other = mooring({"tools", "ftp://127.0.0.1/mcp"});
  EXPECT_EQ(other.status, 2);
}

}  // namespace
}  // namespace mooring::cli
