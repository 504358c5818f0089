#include "gateway/history.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <utility>

#include "core/manual_timers.hpp"

namespace mooring::gateway {
namespace {

using namespace std::chrono_literals;
using recovery::Episode;
using Episodes = store::HistoryStore::Episodes;
using Take = std::function<void(Episodes)>;

const Episode::Time now(1'800'000'000s);

Episode episode(std::string id, std::string server, std::chrono::seconds after) {
  Episode made;
  made.id = std::move(id);
  made.server = std::move(server);
  made.begun = now + after;
  return made;
}
upstream::Status server(std::string name, std::vector<Episode> episodes) {
  upstream::Status status;
  status.name = std::move(name);
  status.episodes.assign(episodes.begin(), episodes.end());
  return status;
}
std::string ids(const Episodes& episodes) {
  std::string all;
  for (const auto& each : episodes) all += each.id + " ";
  return all;
}

TEST(Merged, newest_first_of_all_servers_and_the_store) {
  const Episodes stored = {episode("s3", "git", 3s), episode("s0", "gone", 0s)};
  const std::vector<upstream::Status> live = {
      server("git", {episode("g1", "git", 1s), episode("g4", "git", 4s)}),
      server("files", {episode("f2", "files", 2s)})
  };
  EXPECT_EQ(ids(merged(stored, live, {})), "g4 s3 f2 g1 s0 ");
  EXPECT_EQ(ids(merged(stored, live, {.limit = 2})), "g4 s3 ");
  EXPECT_EQ(ids(merged({}, live, {.server = "files"})), "f2 ");
  EXPECT_EQ(ids(merged({}, live, {.since = now + 2s})), "g4 f2 ");
  EXPECT_EQ(ids(merged({}, {}, {})), "");
}

TEST(Merged, of_the_same_time_the_later_one_comes_first) {
  const std::vector<upstream::Status> live = {
      server("git", {episode("g1", "git", 1s), episode("g2", "git", 1s)})
  };
  EXPECT_EQ(ids(merged({}, live, {})), "g2 g1 ");
}

TEST(Merged, what_the_server_tells_now_counts_more_than_what_was_recorded) {
  auto then = episode("r", "git", 1s);
  auto meanwhile = then;
  meanwhile.outcome = Episode::Outcome::healed;
  const auto all = merged({then}, {server("git", {meanwhile})}, {});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].outcome, Episode::Outcome::healed);
}

/// Answers when the test says so.
class SlowStore final : public store::HistoryStore {
 public:
  void record(Episode) override {}
  void find(store::HistoryQuery query, Take take) override {
    asked = query.server;
    answer = std::move(take);
  }
  std::string asked;
  Take answer;
};

class Recorded : public testing::Test {
 protected:
  void ask() {
    asio::co_spawn(
        worker_.executor(), recorded(worker_, store_, {.server = "git"}),
        [this](const std::exception_ptr& error, Episodes found) {
          EXPECT_FALSE(error);
          found_ = std::move(found);
        }
    );
    turn();
    EXPECT_EQ(store_.asked, "git");
  }
  void turn() {
    worker_.context().restart();
    worker_.context().poll();
  }

  core::ManualTimers* timers_ = new core::ManualTimers;  // owned by the worker
  io::Worker worker_{0, std::unique_ptr<core::Timers>(timers_)};
  SlowStore store_;
  std::optional<Episodes> found_;
};

TEST_F(Recorded, comes_back_from_the_stores_thread) {
  ask();
  EXPECT_FALSE(found_.has_value());
  std::thread([this] { std::exchange(store_.answer, nullptr)({episode("r", "git", 0s)}); }).join();
  turn();
  ASSERT_TRUE(found_.has_value());
  EXPECT_EQ(ids(*found_), "r ");
}

TEST_F(Recorded, a_disk_that_hangs_is_not_waited_for_forever) {
  ask();
  worker_.post([this] { timers_->advance(5s); });
  turn();
  ASSERT_TRUE(found_.has_value());
  EXPECT_TRUE(found_->empty());
  std::exchange(store_.answer, nullptr)({episode("late", "git", 0s)});
  turn();
  EXPECT_TRUE(found_->empty());
}

}  // namespace
}  // namespace mooring::gateway
