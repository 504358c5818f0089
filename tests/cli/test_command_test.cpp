#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST_F(Cli, CLI_01_test_exits_0_1_2_3) {
  configure(
      {{"good", everything_over_stdio()},
       {"missing", json::object{{"command", "no-such-program-here"}}},
       {"silent",
        json::object{
            {"command", "/bin/sh"},
            {"args", json::array{"-c", "echo broken on purpose >&2; exit 7"}}
        }},
       {"away", at("http://127.0.0.1:1/mcp")},
       {"wrong", json::object{{"url", 5}}}}
  );
  const auto good = mooring({"test", "good"});
  EXPECT_EQ(good.status, 0) << good.out;
  EXPECT_THAT(good.out, ContainsRegex("ok +command +/"));
  EXPECT_THAT(good.out, ContainsRegex("ok +handshake +[0-9.]+ s"));
  EXPECT_THAT(good.out, ContainsRegex("ok +protocol +2026-07-28"));
  EXPECT_THAT(good.out, ContainsRegex("ok +server +mooring-everything "));
  EXPECT_THAT(good.out, ContainsRegex("ok +lists +52 tools, 3 resources, 5 prompts"));
  const auto missing = mooring({"test", "missing"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.out, ContainsRegex("FAILED +command +no-such-program-here is not on PATH"));
  const auto silent = mooring({"test", "silent"});
  EXPECT_EQ(silent.status, 1);
  EXPECT_THAT(silent.out, ContainsRegex("FAILED +handshake .*its stderr: broken on purpose"));
  const auto away = mooring({"test", "away"});
  EXPECT_EQ(away.status, 1);
  EXPECT_THAT(away.out, ContainsRegex("FAILED +handshake +connect: "));
  EXPECT_EQ(mooring({"test", "wrong"}).status, 1);
  EXPECT_EQ(mooring({"test"}).status, 2);
  EXPECT_EQ(mooring({"test", "nobody"}).status, 3);
}

TEST_F(Cli, CLI_02a_a_secret_header_is_masked_in_test) {
  const auto url = serve_everything();
  configure(
      {{"web",
        json::object{
            {"url", url},
            {"headers",
             json::object{{"Authorization", "Bearer topsecrettoken"}, {"X-Plain", "visible?no"}}}
        }},
       {"child",
        json::object{
            {"command", MOORING_EVERYTHING},
            {"args", json::array{"--stdio"}},
            {"env", json::object{{"API_KEY", "topsecretkey"}}}
        }}}
  );
  const auto web = mooring({"test", "web"});
  EXPECT_EQ(web.status, 0) << web.out;
  EXPECT_THAT(web.out, HasSubstr("Authorization: [REDACTED]"));
  EXPECT_THAT(web.out + web.err, Not(HasSubstr("topsecret")));
  EXPECT_THAT(web.out, Not(HasSubstr("visible?no")));
  const auto child = mooring({"test", "child"});
  EXPECT_THAT(child.out, HasSubstr("sets API_KEY"));
  EXPECT_THAT(child.out + child.err, Not(HasSubstr("topsecret")));
}

TEST_F(Cli, CLI_03_test_leaves_the_session_in_use_alone) {
  const auto url = serve_everything();
  configure({{"web", at(url)}, {"child", everything_over_stdio()}});
  start_gateway({"web: ready", "child: ready"});
  const auto status = [this](const std::string& server) {
    const auto ended = mooring({"status", server, "--json"});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return parsed(ended.out);
  };
  const auto count = [this](const std::string& server) {
    return mooring({"call", server, "count", R"({"key":"k"})"}).out;
  };
  const auto first = count("child");
  const auto pid = status("child").at("pid");
  EXPECT_EQ(mooring({"test", "web"}).status, 0);
  EXPECT_EQ(mooring({"test", "child"}).status, 0);
  for (const auto* server : {"web", "child"}) {
    const auto after = status(server);
    EXPECT_EQ(after.at("state"), "ready");
    EXPECT_EQ(after.at("generation"), 1);
    EXPECT_EQ(after.at("recoveries"), 0);
  }
  EXPECT_EQ(status("child").at("pid"), pid);
  // The counter lives in the child's memory: it is the same process still.
  EXPECT_NE(count("child"), first);
  EXPECT_EQ(mooring({"call", "web", "echo", R"({"text":"x"})"}).status, 0);
}

TEST_F(Cli, TestSpeaksJson) {
  configure({{"good", everything_over_stdio()}});
  const auto steps = parsed(mooring({"test", "good", "--json"}).out);
  EXPECT_EQ(steps.at(0).at("subject"), "target");
  for (const auto& step : steps.as_array()) EXPECT_EQ(step.at("verdict"), "ok");
}

}  // namespace
}  // namespace mooring::cli
