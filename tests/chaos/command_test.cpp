#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "harness/client.hpp"
#include "support/program.hpp"

namespace mooring::chaos {
namespace {

using integration::Client;
using integration::Headers;
using integration::Response;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

constexpr auto initialize_body =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},)"
    R"("clientInfo":{"name":"t","version":"1"}}})";
constexpr auto call_body =
    R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"test_simple_text","arguments":{}}})";

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

/// `mooring chaos` before `mooring-everything`, both as programs.
class ChaosCommand : public testing::Test {
 protected:
  void begin(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = {MOORING,      "chaos",    "--upstream",
                                      upstream_url, "--listen", "127.0.0.1:0"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    chaos.emplace(words);
    url = test::announced_url(*chaos);
  }
  Response post(const std::string& body) {
    Headers headers = {
        {"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}
    };
    if (!session.empty()) headers.emplace_back("Mcp-Session-Id", session);
    return client.send("POST", url + "/mcp", headers, body);
  }
  void initialize() {
    session.clear();
    session = post(initialize_body).header("Mcp-Session-Id");
  }
  /// The numbers of the calls, from 1, that failed.
  std::vector<int> failures(int calls) {
    std::vector<int> all;
    for (int i = 1; i <= calls; ++i) {
      if (post(call_body).status != 200) all.push_back(i);
    }
    return all;
  }
  test::Ended end(int signal = SIGTERM) {
    chaos->signal(signal);
    return chaos->end();
  }

  test::Program upstream{{EVERYTHING, "--listen", "127.0.0.1:0"}};
  std::string upstream_url = test::announced_url(upstream) + "/mcp";
  std::optional<test::Program> chaos;
  std::string url;
  Client client;
  std::string session;
};

TEST_F(ChaosCommand, TellsWhereItListensWhatItInjectsAndASummary) {
  begin({"--fault", "5xx:method=tools/call,every=2", "--fault", "expire:method=ping", "--seed", "9"}
  );
  initialize();
  EXPECT_THAT(failures(2), ElementsAre(2));
  EXPECT_EQ(post(R"({"jsonrpc":"2.0","id":8,"method":"ping"})").status, 404);
  const auto ended = end();
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.out, "");
  const auto lines = lines_of(ended.err);
  ASSERT_EQ(lines.size(), 5U) << ended.err;
  EXPECT_EQ(lines[0], "listening " + url);
  EXPECT_EQ(lines[1], url + "/mcp stands for " + upstream_url + "; seed 9");
  EXPECT_THAT(lines[2], MatchesRegex(" +[0-9]+\\.[0-9]+s  5xx: POST tools/call, request 3; 503"));
  EXPECT_THAT(lines[3], MatchesRegex(" +[0-9]+\\.[0-9]+s  expire: POST ping, request 4; ts-404"));
  EXPECT_EQ(lines[4], "stopped: 4 requests, 1 session; injected: 5xx 1, expire 1");
}

TEST_F(ChaosCommand, JsonIsOnStdoutLineByLine) {
  begin({"--fault", "429:method=tools/call,once", "--json"});
  initialize();
  EXPECT_THAT(failures(2), ElementsAre(1));
  chaos->out_until("\n");
  const auto ended = end(SIGINT);
  EXPECT_EQ(ended.status, 0);
  const auto lines = lines_of(ended.out);
  ASSERT_EQ(lines.size(), 2U) << ended.out;
  const auto told = integration::parse(lines[0]);
  EXPECT_EQ(integration::text(told, "/fault"), "429");
  EXPECT_EQ(integration::text(told, "/written"), "429:method=tools/call,once");
  EXPECT_EQ(integration::text(told, "/http_method"), "POST");
  EXPECT_EQ(integration::text(told, "/method"), "tools/call");
  EXPECT_EQ(integration::at(told, "/request"), 2);
  const auto account = integration::parse(lines[1]);
  EXPECT_EQ(integration::at(account, "/faults/0/injected"), 1);
  EXPECT_EQ(integration::at(account, "/requests"), 3);
}

TEST_F(ChaosCommand, TheSameSeedMakesTheSameChoices) {
  const auto run = [this](const std::string& seed) {
    begin({"--fault", "5xx:p=0.3,method=tools/call", "--seed", seed});
    initialize();
    auto all = failures(40);
    EXPECT_EQ(end().status, 0);
    return all;
  };
  const auto first = run("12");
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(run("12"), first);
  EXPECT_NE(run("13"), first);
}

TEST_F(ChaosCommand, ExpiresByTheClock) {
  begin({"--fault", "expire:every=200ms"});
  initialize();
  chaos->err_until("1 session forgotten (ts-404)");
  EXPECT_EQ(post(call_body).status, 404);
  initialize();
  EXPECT_EQ(post(call_body).status, 200);
}

TEST_F(ChaosCommand, ComesBackAfterARestart) {
  begin({"--fault", "restart:method=tools/call,once,down=100ms"});
  initialize();
  EXPECT_EQ(post(call_body).status, 0);
  Response up;
  do up = post(call_body);
  while (up.status == 0);
  EXPECT_EQ(up.status, 404);
  initialize();
  EXPECT_EQ(post(call_body).status, 200);
  EXPECT_THAT(end().err, EndsWith("injected: restart 1\n"));
}

TEST_F(ChaosCommand, ControlIsThereWhenAskedFor) {
  begin({"--control"});
  EXPECT_EQ(client.send("GET", url + "/chaos").status, 200);
  EXPECT_EQ(client.send("POST", url + "/chaos/401").status, 200);
  EXPECT_EQ(post(initialize_body).status, 401);
}

TEST(ChaosUsage, ListPrintsFaultsAndDialects) {
  const auto list = test::run({MOORING, "chaos", "--list"});
  EXPECT_EQ(list.status, 0);
  EXPECT_EQ(list.err, "");
  EXPECT_THAT(list.out, HasSubstr("\n  reset-after "));
  EXPECT_THAT(list.out, HasSubstr("\n  wordpress-200-32602 "));
}

TEST(ChaosUsage, MistakesAreOneLineAndExit2) {
  const std::string url = "http://127.0.0.1:1/mcp";
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{}, "--upstream URL"},
      {{"--upstream", "ftp://x"}, "--upstream: "},
      {{"--upstream", url, "--fault", "expier"},
       "--fault: unknown fault \"expier\"; did you mean expire?"},
      {{"--upstream", url, "--fault", "cut:event=1"}, "did you mean events?"},
      {{"--upstream", url, "--listen", "nonsense"}, "--listen: "},
      {{"--upstream", url, "--listen", "0.0.0.0:0"}, "--insecure"},
      {{"--upstream", url, "--seed", "x"}, "--seed"},
  };
  for (const auto& [arguments, told] : mistakes) {
    std::vector<std::string> words = {MOORING, "chaos"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const auto ended = test::run(words);
    EXPECT_EQ(ended.status, 2) << testing::PrintToString(arguments);
    EXPECT_THAT(ended.err, StartsWith("mooring: "));
    EXPECT_THAT(ended.err, HasSubstr(told));
    EXPECT_EQ(lines_of(ended.err).size(), 1U) << ended.err;
  }
}

TEST(ChaosUsage, APortThatIsTakenIsNamed) {
  test::Program holder({EVERYTHING, "--listen", "127.0.0.1:0"});
  const auto taken = test::announced_url(holder).substr(7);
  const auto ended =
      test::run({MOORING, "chaos", "--upstream", "http://127.0.0.1:1/mcp", "--listen", taken});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.err, HasSubstr("cannot listen on " + taken));
}

}  // namespace
}  // namespace mooring::chaos
