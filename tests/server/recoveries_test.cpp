#include <gtest/gtest.h>

#include "server/episode_json.hpp"
#include "server/recovery_query.hpp"

namespace mooring::server {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

const recovery::Episode::Time moment(1'800'000'000s);

TEST(EpisodeJson, tells_the_whole_episode) {
  recovery::Episode episode;
  episode.id = "r-7-1";
  episode.server = "git";
  episode.cause = "session_lost";
  episode.evidence = "HTTP 404: \"Session not found\"";
  episode.begun = moment + 5ms;
  episode.took = 42ms;
  episode.outcome = recovery::Episode::Outcome::healed;
  episode.steps = {{0ms, "initialize: connection refused"}, {40ms, "session s-2 stands"}};
  episode.generation_before = 1;
  episode.generation_after = 2;
  episode.attempts = 3;
  episode.calls_saved = 4;
  episode.calls_failed = 5;
  episode.calls_unknown = 6;
  EXPECT_EQ(json::value(episode_json(episode)), json::parse(R"({
    "id": "r-7-1", "server": "git", "cause": "session_lost",
    "evidence": "HTTP 404: \"Session not found\"", "begun_at": "2027-01-15T08:00:00.005Z",
    "took_ms": 42, "outcome": "healed", "attempts": 3, "generation_before": 1,
    "generation_after": 2, "calls_saved": 4, "calls_failed": 5, "calls_unknown": 6,
    "steps": [{"at_ms": 0, "what": "initialize: connection refused"},
              {"at_ms": 40, "what": "session s-2 stands"}]})"));
}

TEST(EpisodeJson, recoveries_stay_in_their_order) {
  recovery::Episode one, other;
  one.id = "r-1";
  other.id = "r-2";
  const auto all = json::parse(recoveries_json({other, one})).at("recoveries").as_array();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].at("id"), "r-2");
  EXPECT_TRUE(json::parse(recoveries_json({})).at("recoveries").as_array().empty());
}

TEST(RecoveryQuery, reads_server_limit_and_since) {
  const auto all = recovery_query("server=my%20git&limit=7&since=2027-01-15T08:00:00Z&x=y");
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->server, "my git");
  EXPECT_EQ(all->limit, 7u);
  EXPECT_EQ(all->since, moment);
  const auto east = recovery_query("since=2027-01-15T09:00:00+01:00");
  ASSERT_TRUE(east.has_value());
  EXPECT_EQ(east->since, moment);
}

TEST(RecoveryQuery, has_defaults) {
  const auto none = recovery_query("");
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->server, "");
  EXPECT_EQ(none->limit, 50u);
  EXPECT_FALSE(none->since.has_value());
}

TEST(RecoveryQuery, says_what_is_wrong) {
  for (const auto* query :
       {"limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=5x", "limit"}) {
    const auto wrong = recovery_query(query);
    ASSERT_FALSE(wrong.has_value()) << query;
    EXPECT_EQ(wrong.error().reason, Reason::usage);
    EXPECT_NE(wrong.error().detail.find("1 to 1000"), std::string::npos);
  }
  for (const auto* query : {"since=", "since=yesterday", "since=2027-01-15"}) {
    ASSERT_FALSE(recovery_query(query).has_value()) << query;
  }
}

}  // namespace
}  // namespace mooring::server
