#include <filesystem>

#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

namespace fs = std::filesystem;

class Logs : public Cli {
 protected:
  void write_log(const std::string& name, const std::string& text) const {
    fs::create_directories(logs());
    std::ofstream(logs() / name, std::ios::app) << text;
  }
  fs::path logs() const { return fs::path(state()) / "logs"; }
};

TEST_F(Logs, ShowsWhatAChildWrote) {
  configure(
      {{"noisy",
        json::object{
            {"command", "/bin/sh"},
            {"args",
             json::array{"-c", "echo hello from the child >&2; exec " MOORING_EVERYTHING " --stdio"}
            }
        }}}
  );
  EXPECT_EQ(mooring({"call", "noisy", "echo", R"({"text":"x"})"}).status, 0);
  const auto shown = mooring({"logs", "noisy"});
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_THAT(shown.out, ContainsRegex("=== .* pid [0-9]+: /bin/sh"));
  EXPECT_THAT(shown.out, HasSubstr("hello from the child\n"));
}

TEST_F(Logs, ShowsTheLastLinesOverARotation) {
  configure({{"files", everything_over_stdio()}});
  write_log("files.log.1", "1\n2\n3\n");
  write_log("files.log", "4\n5\n");
  EXPECT_EQ(mooring({"logs", "files", "-n", "1"}).out, "5\n");
  EXPECT_EQ(mooring({"logs", "files", "-n", "2"}).out, "4\n5\n");
  EXPECT_EQ(mooring({"logs", "files", "-n", "4"}).out, "2\n3\n4\n5\n");
  EXPECT_EQ(mooring({"logs", "files", "-n", "0"}).out, "");
  EXPECT_EQ(mooring({"logs", "files"}).out, "1\n2\n3\n4\n5\n");
}

TEST_F(Logs, FollowsOverARotation) {
  configure({{"files", everything_over_stdio()}});
  write_log("files.log", "first\n");
  test::Program follower(words({"logs", "files", "-f"}), home());
  follower.out_until("first\n");
  write_log("files.log", "second\n");
  follower.out_until("second\n");
  fs::rename(logs() / "files.log", logs() / "files.log.1");
  write_log("files.log", "third\n");
  EXPECT_EQ(follower.out_until("third\n"), "first\nsecond\nthird\n");
}

TEST_F(Logs, SaysWhyThereAreNone) {
  configure({{"files", everything_over_stdio()}, {"web", at("http://127.0.0.1:1/mcp")}});
  const auto none = mooring({"logs", "files"});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("was not started yet"));
  const auto web = mooring({"logs", "web"});
  EXPECT_EQ(web.status, 1);
  EXPECT_THAT(web.err, HasSubstr("over HTTP"));
}

}  // namespace
}  // namespace mooring::cli
