// What `mooring status` says, without a gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <sstream>

#include "cli/recoveries.hpp"
#include "cli/status_table.hpp"
#include "cli/text.hpp"
#include "server/episode_json.hpp"

namespace mooring::cli {
namespace {

using namespace std::chrono_literals;
using recovery::Episode;
using Outcome = Episode::Outcome;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

const Moment now(1'800'000'000s);  // 2027-01-15 08:00:00 UTC

class StatusText : public testing::Test {
 protected:
  StatusText() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  static Episode episode(std::string id, Moment begun, Outcome outcome = Outcome::healed) {
    Episode made;
    made.id = std::move(id);
    made.server = "git";
    made.cause = "session_lost";
    made.evidence = "HTTP 404: Session not found";
    made.begun = begun;
    made.took = 84ms;
    made.outcome = outcome;
    return made;
  }
  static std::size_t widest_line(const std::string& text) {
    std::size_t widest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      widest = std::max(widest, display_width(line));
    }
    return widest;
  }
};

TEST_F(StatusText, spans_are_as_exact_as_one_wants_to_know) {
  EXPECT_EQ(span(0ms), "0 ms");
  EXPECT_EQ(span(-5s), "0 ms");
  EXPECT_EQ(span(84ms), "84 ms");
  EXPECT_EQ(span(2s), "2 s");
  EXPECT_EQ(span(2345ms), "2.3 s");
  EXPECT_EQ(span(119s), "119 s");
  EXPECT_EQ(span(2min), "2 min");
  EXPECT_EQ(span(2h), "2 h");
  EXPECT_EQ(span(72h), "3 days");
  EXPECT_EQ(ago(now - 5min, now), "5 min ago");
  EXPECT_EQ(ago(now + 5min, now), "0 s ago");
  EXPECT_EQ(ago(now - 300ms, now), "0 s ago");
}

TEST_F(StatusText, a_time_says_no_more_than_tells_it_apart) {
  EXPECT_EQ(when(now - 1h, now), "07:00:00");
  EXPECT_EQ(when(now - 9h, now), "Jan 14 23:00:00");
  EXPECT_EQ(when(now - 24h * 20, now), "Dec 26 08:00:00");
  EXPECT_EQ(when(now - 24h * 365, now), "2026-01-15 08:00");
}

TEST_F(StatusText, recoveries_come_through_the_api_as_they_were) {
  auto sent = episode("r-1", now - 7ms, Outcome::kept);
  sent.steps = {{3ms, "ping: timeout"}, {80ms, "ping: answered"}};
  sent.generation_before = 1;
  sent.generation_after = 2;
  sent.attempts = 3;
  sent.calls_saved = 4;
  sent.calls_failed = 5;
  sent.calls_unknown = 6;
  const auto read = episodes_in(server::recoveries_json({sent}), "recoveries");
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(server::recoveries_json(read), server::recoveries_json({sent}));
}

TEST_F(StatusText, what_is_no_list_of_recoveries_is_an_empty_one) {
  for (const auto* body :
       {"", "{", "[]", "{}", R"({"recoveries":7})", R"({"recoveries":[7,"x"]})"}) {
    EXPECT_TRUE(episodes_in(body, "recoveries").empty()) << body;
  }
  const auto strange = episodes_in(
      R"({"recoveries":[{"id":7,"begun_at":"never","took_ms":-3,"outcome":"new","steps":[1,{}]}]})",
      "recoveries"
  );
  ASSERT_EQ(strange.size(), 1u);
  EXPECT_EQ(strange[0].took, 0ms);
  EXPECT_EQ(strange[0].outcome, Outcome::superseded);
}

TEST_F(StatusText, the_summary_is_of_the_last_day) {
  auto saved = episode("r-3", now - 1h);
  saved.calls_saved = 30;
  saved.calls_unknown = 2;
  auto parked = episode("r-2", now - 20h, Outcome::parked);
  parked.calls_failed = 1;
  const auto old = episode("r-1", now - 25h);
  EXPECT_EQ(
      recovery_summary({saved, parked, old}, true, now),
      "last 24 hours: 2 recoveries (1 healed, 1 parked); calls: 30 saved, 1 lost, 2 unknown\n"
  );
  EXPECT_EQ(recovery_summary({old}, false, now), "last 24 hours: no recoveries\n");
  EXPECT_THAT(recovery_summary({saved}, false, now), HasSubstr("hours: 1 recovery (1 healed)"));
  EXPECT_THAT(recovery_summary({saved}, true, now), HasSubstr("since 07:00:00: 1 recovery"));
}

TEST_F(StatusText, a_recovery_is_one_line) {
  auto one = episode("r-1", now - 9h);
  one.calls_saved = 3;
  one.calls_unknown = 1;
  one.evidence = "exited\nwith \x1b[31mstatus 3";
  const auto quiet = episode("r-0", now - 10h, Outcome::kept);
  const auto text = recovery_table({one, quiet}, true, 0, now);
  EXPECT_THAT(
      text, ContainsRegex("Jan 14 23:00:00  git     session_lost  healed   84 ms  3 saved, "
                          "1 unknown  exited with .31mstatus 3\n")
  );
  EXPECT_THAT(text, ContainsRegex("Jan 14 22:00:00  git     session_lost  kept     84 ms  - "));
  EXPECT_THAT(recovery_table({one}, false, 0, now), Not(HasSubstr("git")));
  const auto running = episode("r-2", now - 5s, Outcome::running);
  EXPECT_THAT(recovery_table({running}, true, 0, now), HasSubstr("running  5 s"));
}

TEST_F(StatusText, a_narrow_terminal_loses_columns_not_lines) {
  auto one = episode("r-1", now - 9h);
  one.evidence = std::string(300, 'x');
  one.calls_saved = 3;
  for (const std::size_t width : {70U, 80U, 100U, 200U}) {
    const auto text = recovery_table({one}, true, width, now);
    EXPECT_LE(widest_line(text), width) << text;
    EXPECT_THAT(text, HasSubstr("healed"));
    EXPECT_THAT(text, HasSubstr("3 saved"));
  }
  EXPECT_THAT(recovery_table({one}, true, 70, now), Not(HasSubstr("TOOK")));
  EXPECT_THAT(recovery_table({one}, true, 120, now), HasSubstr("TOOK"));
}

TEST_F(StatusText, servers_fit_a_terminal_of_eighty_columns) {
  const std::string server =
      R"({"name":"a-server-with-a-very-long-name-indeed","state":"backing_off",
    "reason":"connect: 127.0.0.1:9: Connection refused","tools":31,"generation":12,"attempts":4,
    "recoveries":12,"calls_saved":31,"calls_failed":1,"calls_unknown":2,"next_probe_in_ms":58999,
    "last_success_at":"2027-01-15T07:55:00Z"})";
  const std::vector<ServerStatus> servers = {
      {"a-server-with-a-very-long-name-indeed", "backing_off",
       "connect: 127.0.0.1:9: Connection refused", server}
  };
  const auto whole = server_table(servers, 0, now);
  EXPECT_THAT(
      whole,
      ContainsRegex("indeed +backing_off +31 +12 +12 +31 +1 +2 +4 +in 58 s +5 min ago +connect: .* "
                    "refused\n")
  );
  const auto narrow = server_table(servers, 80, now);
  EXPECT_LE(widest_line(narrow), 80u) << narrow;
  for (const auto* heading : {"SERVER", "STATE", "RECOVERIES", "SAVED", "LOST", "REASON"}) {
    EXPECT_THAT(narrow, HasSubstr(heading));
  }
  EXPECT_THAT(narrow, Not(HasSubstr("GENERATION")));
}

TEST_F(StatusText, details_are_everything_but_the_episodes) {
  const auto text = server_details(
      R"({"name":"git","reason":"","breaker":"open","breaker_open_in_ms":30500,
          "next_probe_in_ms":2000,"idle_ttl_ms":1200000,"ready_since":"2027-01-15T07:00:00Z",
          "server_info":{"name":"x"},"episodes":[{"id":"r-1"}]})",
      now
  );
  EXPECT_THAT(text, ContainsRegex("name +git\n"));
  EXPECT_THAT(text, ContainsRegex("reason +-\n"));
  EXPECT_THAT(text, ContainsRegex("breaker_open +in 30 s\n"));
  EXPECT_THAT(text, ContainsRegex("next_probe +in 2 s\n"));
  EXPECT_THAT(text, ContainsRegex("idle_ttl +20 min\n"));
  EXPECT_THAT(text, ContainsRegex("ready_since +2027-01-15T07:00:00Z .60 min ago.\n"));
  EXPECT_THAT(text, Not(HasSubstr("r-1")));
}

TEST_F(StatusText, the_steps_of_a_recovery) {
  auto one = episode("r-7-1", now - 1h);
  one.attempts = 1;
  one.generation_before = 3;
  one.generation_after = 4;
  one.steps = {{0ms, "tools/call: HTTP 404"}, {1500ms, "session stands"}};
  EXPECT_EQ(
      recovery_steps(one, 0, now),
      "recovery r-7-1, 07:00:00: healed after 84 ms, 1 attempt, session 3 to 4\n"
      "  0 ms   tools/call: HTTP 404\n"
      "  1.5 s  session stands\n"
  );
}

}  // namespace
}  // namespace mooring::cli
