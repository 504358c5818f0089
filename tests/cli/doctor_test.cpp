#include <filesystem>

#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

TEST_F(Cli, DoctorFindsNothingWrong) {
  configure({{"child", everything_over_stdio()}, {"web", at(serve_everything())}});
  const auto idle = mooring({"doctor"});
  EXPECT_EQ(idle.status, 0) << idle.out;
  EXPECT_THAT(idle.out, ContainsRegex("ok +configuration +.*mooring.json: 2 servers"));
  EXPECT_THAT(idle.out, ContainsRegex("ok +child +/"));
  EXPECT_THAT(idle.out, ContainsRegex("ok +web +http://127.0.0.1:[0-9]+ answers"));
  EXPECT_THAT(idle.out, ContainsRegex("ok +gateway +not running"));
  start_gateway({"child: ready", "web: ready"});
  const auto running = mooring({"doctor"});
  EXPECT_EQ(running.status, 0) << running.out;
  EXPECT_THAT(running.out, ContainsRegex("ok +gateway +runs at http://127.0.0.1:"));
}

TEST_F(Cli, DoctorSaysWhatToDo) {
  configure(
      {{"missing", json::object{{"command", "no-such-program-here"}}},
       {"astray", json::object{{"command", MOORING_EVERYTHING}, {"cwd", "/no/such/directory"}}},
       {"away", at("http://127.0.0.1:1/mcp")},
       {"wrong", json::object{{"comand", "x"}}}}
  );
  std::filesystem::create_directories(state());
  std::ofstream(state() + "/session.key") << "key";
  std::filesystem::permissions(state() + "/session.key", std::filesystem::perms(0644));
  const auto ended = mooring({"doctor"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(
      ended.out, ContainsRegex("FAILED +missing +no-such-program-here is not on PATH; install it")
  );
  EXPECT_THAT(ended.out, ContainsRegex("FAILED +astray +there is no directory /no/such/directory"));
  EXPECT_THAT(ended.out, ContainsRegex("FAILED +away +.*refused; is the server running"));
  EXPECT_THAT(ended.out, ContainsRegex("FAILED +wrong +.*command"));
  EXPECT_THAT(
      ended.out, ContainsRegex("FAILED +state +.*session.key can be read by others; chmod 600")
  );
  const auto checks = parsed(mooring({"doctor", "--json"}).out);
  EXPECT_EQ(checks.at(0).at("subject"), "configuration");
}

TEST_F(Cli, DoctorNamesAConfigurationThatCannotBeRead) {
  std::ofstream(config()) << "{ nonsense";
  const auto ended = mooring({"doctor"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, ContainsRegex("FAILED +configuration +.*mooring.json:1:"));
}

TEST_F(Cli, DoctorSeesAGatewayThatHangs) {
  configure({});
  start_gateway({});
  gateway->signal(SIGSTOP);
  const auto ended = mooring({"doctor"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.out, ContainsRegex("FAILED +gateway +.*does not answer.*restart it"));
  gateway->signal(SIGCONT);
}

}  // namespace
}  // namespace mooring::cli
