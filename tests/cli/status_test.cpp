#include <chrono>
#include <filesystem>

#include "store/history_store.hpp"
#include "support.hpp"

namespace mooring::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Status : public Cli {
 protected:
  json::object status(const std::string& server) const {
    const auto ended = mooring({"status", server, "--json"});
    EXPECT_EQ(ended.status, 0) << ended.err;
    return parsed(ended.out).as_object();
  }

  /// Two recoveries of a gateway that ran before.
  void recorded() const {
    const auto now = std::chrono::system_clock::now();
    std::filesystem::create_directories(state());
    const auto store =
        store::HistoryStore::open(std::filesystem::path(state()) / "history.db", now);
    ASSERT_TRUE(store.has_value()) << store.error().detail;
    recovery::Episode one;
    one.id = "r-old-1";
    one.server = "fine";
    one.cause = "session_lost";
    one.evidence = "HTTP 404: Session not found";
    one.begun = now - std::chrono::hours(2);
    one.took = std::chrono::milliseconds(84);
    one.outcome = recovery::Episode::Outcome::healed;
    one.calls_saved = 3;
    one.steps = {{std::chrono::milliseconds(84), "session s-2 stands"}};
    (*store)->record(one);
    recovery::Episode other;
    other.id = "r-old-2";
    other.server = "gone";
    other.cause = "process_gone";
    other.begun = now - std::chrono::hours(1);
    other.calls_unknown = 1;
    (*store)->record(other);
  }

  /// One that was ready, lost its server, and waits for the next attempt.
  void lose_the_server(json::object more) {
    const auto url = serve_everything();
    more["url"] = url;
    configure({{"web", more}});
    start_gateway({"web: ready"});
    servers.front()->signal(SIGKILL);
    servers.front()->end();
    const auto ended = mooring({"call", "web", "echo", R"({"text":"x"})"});
    EXPECT_NE(ended.status, 0);
    gateway->err_until("Connection refused");
  }
};

TEST_F(Status, STAT_01_each_state_with_its_word_tools_and_last_error) {
  const auto unreachable = [](json::object reconnect) {
    return json::object{{"url", "http://127.0.0.1:1/mcp"}, {"reconnect", std::move(reconnect)}};
  };
  configure(
      {{"fine", everything_over_stdio()},
       {"trying", unreachable({{"backoff_initial", 60}})},
       {"resting", unreachable({{"initial_attempts", 1}})},
       {"wrong", json::object{{"command", "no-such-program-here"}}},
       {"off", json::object{{"url", "http://127.0.0.1:1/mcp"}, {"enabled", false}}}}
  );
  start_gateway({"fine: ready", "trying: connect", "resting: connect", "wrong: command"});
  const auto table = mooring({"status"});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("gateway " + gateway_url));
  EXPECT_THAT(table.out, ContainsRegex("fine +ready +52 +1 +0 +0 +0 +0 +0 +- +[0-9]+ s ago"));
  EXPECT_THAT(
      table.out, ContainsRegex("trying +connecting +0 .*in [0-9]+ s .*connect: 127.0.0.1:1: ")
  );
  EXPECT_THAT(
      table.out, ContainsRegex("resting +parked +0 .*in [0-9]+ min .*connect: 127.0.0.1:1: ")
  );
  EXPECT_THAT(
      table.out, ContainsRegex("wrong +failed +0 .*command not found: no-such-program-here")
  );
  EXPECT_THAT(table.out, ContainsRegex("off +disabled +0 "));
  const auto details = mooring({"status", "resting"});
  EXPECT_THAT(details.out, ContainsRegex("state +parked\n"));
  EXPECT_THAT(details.out, ContainsRegex("reason +connect: "));
}

TEST_F(Status, STAT_02_backing_off_says_since_when_and_until_when) {
  lose_the_server(
      {{"reconnect", json::object{{"backoff_initial", 60}}}, {"recovery", json::object{{"wait", 1}}}
      }
  );
  const auto web = status("web");
  EXPECT_EQ(web.at("state"), "backing_off");
  EXPECT_GE(web.at("attempts").as_int64(), 1);
  EXPECT_TRUE(web.contains("next_probe_at"));
  EXPECT_GT(web.at("next_probe_in_ms").as_int64(), 0);
  EXPECT_TRUE(web.contains("last_success_at"));
  EXPECT_THAT(std::string(web.at("reason").as_string()), HasSubstr("Connection refused"));
  EXPECT_TRUE(web.contains("failure_kind"));
  EXPECT_EQ(web.at("breaker"), "closed");
  EXPECT_EQ(web.at("tools"), 52);
  EXPECT_THAT(
      mooring({"status"}).out, ContainsRegex("web +backing_off +52 .* in [0-9]+ s +[0-9]+ s ago ")
  );
}

TEST_F(Status, STAT_02_parked_says_since_when_and_until_when) {
  lose_the_server({{"reconnect", json::object{{"attempts", 0}}}});
  const auto web = status("web");
  EXPECT_EQ(web.at("state"), "parked");
  EXPECT_GE(web.at("attempts").as_int64(), 1);
  EXPECT_TRUE(web.contains("next_probe_at"));
  EXPECT_TRUE(web.contains("last_success_at"));
  EXPECT_TRUE(web.contains("failure_kind"));
  EXPECT_TRUE(web.contains("breaker"));
  EXPECT_GE(web.at("breaker_failures").as_int64(), 0);
}

TEST_F(Status, STAT_03_a_server_that_failed_at_start_is_visible) {
  configure(
      {{"fine", everything_over_stdio()},
       {"wrong", json::object{{"command", "no-such-program-here"}}}}
  );
  start_gateway({"fine: ready", "wrong: command"});
  EXPECT_THAT(mooring({"status"}).out, ContainsRegex("wrong +failed .*command not found"));
  const auto tools = mooring({"tools"});
  EXPECT_EQ(tools.status, 0);
  EXPECT_THAT(tools.out, HasSubstr("fine (52 tools)"));
  EXPECT_THAT(tools.out + tools.err, HasSubstr("wrong"));
  EXPECT_THAT(tools.out + tools.err, HasSubstr("command not found: no-such-program-here"));
  const auto call = mooring({"call", "wrong", "echo"});
  EXPECT_EQ(call.status, 1);
  EXPECT_THAT(call.err, HasSubstr("command not found"));
  EXPECT_THAT(mooring({"doctor"}).out, ContainsRegex("warn +wrong +failed in the gateway"));
}

TEST_F(Status, WithoutAGatewayItSaysSo) {
  configure({{"fine", everything_over_stdio()}});
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"status"}, {"status", "fine"}, {"status", "--json"}
       }) {
    const auto ended = mooring(arguments);
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.out, "");
    EXPECT_THAT(ended.err, HasSubstr("no gateway is running"));
  }
}

TEST_F(Status, what_earlier_gateways_recorded_is_shown_by_the_next_one) {
  configure({{"fine", everything_over_stdio()}});
  recorded();
  start_gateway({"fine: ready"});
  const auto all = mooring({"status"});
  EXPECT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, HasSubstr("last 24 hours: 2 recoveries (1 healed, 1 superseded); calls: "));
  EXPECT_THAT(all.out, ContainsRegex("fine +session_lost +healed +84 ms +3 saved +HTTP 404"));
  EXPECT_THAT(all.out, ContainsRegex("gone +process_gone +superseded .*1 unknown"));
  const auto one = mooring({"status", "fine"});
  EXPECT_THAT(one.out, ContainsRegex("pid +[0-9]+\n"));
  EXPECT_THAT(one.out, HasSubstr("recovery r-old-1, "));
  EXPECT_THAT(one.out, HasSubstr("84 ms  session s-2 stands"));
  EXPECT_THAT(one.out, testing::Not(HasSubstr("gone")));
  const auto raw = status("fine");
  EXPECT_EQ(raw.at("episodes").at(0).at("id"), "r-old-1");
  EXPECT_EQ(raw.at("episodes").as_array().size(), 1u);
}

TEST_F(Status, without_a_gateway_it_still_knows_what_happened) {
  configure({{"fine", everything_over_stdio()}});
  recorded();
  const auto all = mooring({"status"});
  EXPECT_EQ(all.status, 1);
  EXPECT_THAT(all.err, HasSubstr("no gateway is running"));
  EXPECT_THAT(all.err, HasSubstr("this is what was recorded before"));
  EXPECT_THAT(all.out, HasSubstr("last 24 hours: 2 recoveries"));
  EXPECT_THAT(all.out, ContainsRegex("fine +session_lost +healed"));
  const auto one = mooring({"status", "fine"});
  EXPECT_THAT(one.out, HasSubstr("84 ms  session s-2 stands"));
  EXPECT_THAT(one.out, testing::Not(HasSubstr("process_gone")));
  const auto raw = parsed(mooring({"status", "--json"}).out);
  EXPECT_EQ(raw.at("recoveries").as_array().size(), 2u);
  EXPECT_EQ(mooring({"status", "never"}).out, "");
}

TEST_F(Status, AnUnknownServerExits3) {
  configure({{"fine", everything_over_stdio()}});
  start_gateway({"fine: ready"});
  EXPECT_EQ(mooring({"status", "fin"}).status, 3);
  EXPECT_THAT(mooring({"status", "fine"}).out, ContainsRegex("pid +[0-9]+\n"));
  EXPECT_TRUE(parsed(mooring({"status", "--json"}).out).at("servers").is_array());
}

}  // namespace
}  // namespace mooring::cli
