#include "store/history_store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <future>
#include <stdexcept>

#include "core/redact.hpp"
#include "store/sqlite.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::store {
namespace {

using namespace std::chrono_literals;
using recovery::Episode;
using Outcome = Episode::Outcome;

const Episode::Time now(std::chrono::seconds(1'800'000'000));

Episode episode(
    std::string id, std::string server = "git", Outcome outcome = Outcome::healed,
    Episode::Time begun = now
) {
  Episode made;
  made.id = std::move(id);
  made.server = std::move(server);
  made.outcome = outcome;
  made.begun = begun;
  return made;
}

class History : public testing::Test {
 protected:
  std::unique_ptr<HistoryStore> open(Episode::Time at = now) const {
    auto store = HistoryStore::open(file_, at);
    if (!store) throw std::runtime_error(store.error().detail);
    return std::move(*store);
  }
  static HistoryStore::Episodes find(HistoryStore& store, HistoryQuery query = {}) {
    std::promise<HistoryStore::Episodes> answer;
    store.find(std::move(query), [&](HistoryStore::Episodes found) {
      answer.set_value(std::move(found));
    });
    return answer.get_future().get();
  }
  static std::string ids(const HistoryStore::Episodes& episodes) {
    std::string all;
    for (const auto& each : episodes) all += each.id + " ";
    return all;
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "history.db";
};

TEST_F(History, what_was_recorded_is_there_after_a_restart_with_everything) {
  auto whole = episode("r-1", "git", Outcome::kept, now + 7ms);
  whole.cause = "session_lost";
  whole.evidence = "HTTP 404: \"Session\" not found; '); DROP TABLE episodes";
  whole.took = 1234ms;
  whole.steps = {{0ms, "ping: \"ü\"\n"}, {12ms, "session s-2 stands"}};
  whole.generation_before = 3;
  whole.generation_after = 4;
  whole.attempts = 2;
  whole.calls_saved = 5;
  whole.calls_failed = 6;
  whole.calls_unknown = 7;
  open()->record(whole);

  const auto found = find(*open());
  ASSERT_EQ(found.size(), 1u);
  const auto& read = found.front();
  EXPECT_EQ(read.id, "r-1");
  EXPECT_EQ(read.server, "git");
  EXPECT_EQ(read.outcome, Outcome::kept);
  EXPECT_EQ(read.begun, now + 7ms);
  EXPECT_EQ(read.cause, whole.cause);
  EXPECT_EQ(read.evidence, whole.evidence);
  EXPECT_EQ(read.took, 1234ms);
  ASSERT_EQ(read.steps.size(), 2u);
  EXPECT_EQ(read.steps[0].what, "ping: \"ü\"\n");
  EXPECT_EQ(read.steps[1].at, 12ms);
  EXPECT_EQ(read.generation_before, 3u);
  EXPECT_EQ(read.generation_after, 4u);
  EXPECT_EQ(read.attempts, 2u);
  EXPECT_EQ(read.calls_saved, 5u);
  EXPECT_EQ(read.calls_failed, 6u);
  EXPECT_EQ(read.calls_unknown, 7u);
}

TEST_F(History, every_outcome_comes_back) {
  constexpr std::array all = {
      Outcome::healed, Outcome::kept, Outcome::parked, Outcome::login, Outcome::superseded
  };
  {
    const auto store = open();
    for (const auto each : all) {
      store->record(episode(std::string(to_string(each)), "git", each));
    }
  }
  const auto found = find(*open());
  ASSERT_EQ(found.size(), all.size());
  for (const auto& each : found) EXPECT_EQ(to_string(each.outcome), each.id);
}

TEST_F(History, an_episode_is_told_as_it_was_last_recorded) {
  const auto store = open();
  auto one = episode("r-1", "git", Outcome::running);
  store->record(one);
  one.outcome = Outcome::healed;
  one.took = 90ms;
  one.steps = {{90ms, "session stands"}};
  store->record(one);
  for (one.calls_saved = 1; one.calls_saved < 500; ++one.calls_saved) store->record(one);
  store->record(one);
  const auto found = find(*store);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].outcome, Outcome::healed);
  EXPECT_EQ(found[0].took, 90ms);
  EXPECT_EQ(found[0].calls_saved, 500u);
  EXPECT_EQ(found[0].steps.size(), 1u);
}

TEST_F(History, is_asked_by_server_time_and_limit_newest_first) {
  const auto store = open();
  store->record(episode("r-2", "files", Outcome::healed, now + 2s));
  store->record(episode("r-1", "git", Outcome::healed, now + 1s));
  store->record(episode("r-3", "git", Outcome::healed, now + 3s));
  store->record(episode("r-4", "git", Outcome::healed, now + 3s));
  EXPECT_EQ(ids(find(*store)), "r-4 r-3 r-2 r-1 ");
  EXPECT_EQ(ids(find(*store, {.server = "git"})), "r-4 r-3 r-1 ");
  EXPECT_EQ(ids(find(*store, {.since = now + 2s})), "r-4 r-3 r-2 ");
  EXPECT_EQ(ids(find(*store, {.since = now + 2001ms})), "r-4 r-3 ");
  EXPECT_EQ(ids(find(*store, {.server = "git", .since = now + 1s, .limit = 2})), "r-4 r-3 ");
  EXPECT_EQ(ids(find(*store, {.server = "nobody"})), "");
  EXPECT_EQ(ids(find(*store, {.limit = 0})), "");
}

TEST_F(History, what_ran_when_the_process_ended_is_superseded_afterwards) {
  open()->record(episode("r-1", "git", Outcome::running));
  const auto unopened = HistoryStore::read(file_, {});
  ASSERT_TRUE(unopened.has_value());
  EXPECT_EQ(unopened->front().outcome, Outcome::superseded);
  const auto store = open();
  EXPECT_EQ(find(*store).front().outcome, Outcome::superseded);
  // Another gateway on the same file still heals, and says so.
  store->record(episode("r-1", "git", Outcome::healed));
  EXPECT_EQ(find(*store).front().outcome, Outcome::healed);
}

TEST_F(History, keeps_thirty_days) {
  {
    const auto store = open();
    store->record(episode("old", "git", Outcome::healed, now - 24h * 29));
    store->record(episode("new"));
    EXPECT_EQ(find(*store).size(), 2u);
  }
  EXPECT_EQ(ids(find(*open(now + 24h * 2))), "new ");
}

TEST_F(History, keeps_the_newest_ten_thousand) {
  constexpr int recorded = 10'250;
  {
    const auto store = open();
    for (int i = 0; i < recorded; ++i) {
      store->record(episode("r-" + std::to_string(i), "git", Outcome::healed, now + i * 1ms));
      // The queue is bounded too.
      if (i % 1000 == 0) find(*store, {.limit = 0});
    }
    EXPECT_LE(find(*store, {.limit = 20'000}).size(), HistoryStore::most_kept + 100);
  }
  const auto kept = find(*open(), {.limit = 20'000});
  EXPECT_EQ(kept.size(), HistoryStore::most_kept);
  EXPECT_EQ(kept.front().id, "r-10249");
  EXPECT_EQ(kept.back().id, "r-250");
}

TEST_F(History, no_secret_reaches_the_disk) {
  core::register_secret("s3cr3t-of-history");
  auto one = episode("r-1");
  one.evidence = "HTTP 401: s3cr3t-of-history";
  one.steps = {{0ms, "Authorization: Bearer s3cr3t-of-history"}};
  const auto store = open();
  store->record(one);
  const auto found = find(*store).front();
  EXPECT_EQ(found.evidence.find("s3cr3t"), std::string::npos) << found.evidence;
  EXPECT_EQ(found.steps.at(0).what.find("s3cr3t"), std::string::npos) << found.steps[0].what;
}

TEST_F(History, nobody_else_may_read_it) {
  const auto store = open();
  struct ::stat info{};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(History, reading_what_is_not_there_is_an_error_and_makes_nothing) {
  EXPECT_FALSE(HistoryStore::read(file_, {}).has_value());
  EXPECT_FALSE(std::filesystem::exists(file_));
  EXPECT_FALSE(HistoryStore::open(directory_.path() / "no" / "history.db", now).has_value());
}

TEST_F(History, may_be_read_while_a_gateway_writes_it) {
  const auto store = open();
  store->record(episode("r-1"));
  find(*store);
  const auto read = HistoryStore::read(file_, {});
  ASSERT_TRUE(read.has_value()) << read.error().detail;
  EXPECT_EQ(ids(*read), "r-1 ");
}

TEST_F(History, a_disk_that_refuses_costs_the_entry_and_nothing_else) {
  const auto store = open();
  {
    auto other = Sqlite::open(file_);
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE(other->execute("ALTER TABLE episodes RENAME TO taken_away"));
  }
  store->record(episode("lost"));
  EXPECT_TRUE(find(*store).empty());
  {
    auto other = Sqlite::open(file_);
    ASSERT_TRUE(other.has_value());
    ASSERT_TRUE(other->execute("ALTER TABLE taken_away RENAME TO episodes"));
  }
  store->record(episode("kept"));
  EXPECT_EQ(ids(find(*store)), "kept ");
}

}  // namespace
}  // namespace mooring::store
