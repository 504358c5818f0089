#include "store/session_store.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <fstream>
#include <thread>

#include "store/sqlite.hpp"
#include "support/temporary_directory.hpp"

namespace mooring::store {
namespace {

using namespace std::chrono_literals;

const SessionStore::Time now(std::chrono::seconds(1'800'000'000));

class SessionStoreTest : public testing::Test {
 protected:
  std::unique_ptr<SessionStore> open() {
    auto store = SessionStore::open(file_);
    if (!store) throw std::runtime_error(store.error().detail);
    return std::move(*store);
  }
  /// What a process that starts now finds.
  SessionStore::Loaded found(SessionStore::Time at = now) { return open()->load(at); }

  test::TemporaryDirectory directory_;
  std::filesystem::path file_ = directory_.path() / "state.db";
};

TEST_F(SessionStoreTest, a_new_one_is_empty) {
  const auto loaded = found();
  EXPECT_TRUE(loaded.revoked.empty());
  EXPECT_TRUE(loaded.sessions.empty());
}

TEST_F(SessionStoreTest, what_was_written_is_there_after_a_restart) {
  {
    const auto store = open();
    store->level("k1", "t1", "git", 3, now + 1h);
    store->level("k1", "t1", "files", 0, now + 1h);
    store->subscribe("k1", "t1", "git", "file:///a", now + 1h);
    store->subscribe("k2", "t2", "git", "file:///a", now + 1h);
    store->revoke("k3", now + 90s);
  }
  const auto loaded = found();
  ASSERT_EQ(loaded.sessions.size(), 2u);
  const auto& first = loaded.sessions.at("k1");
  EXPECT_EQ(first.token, "t1");
  EXPECT_EQ(first.levels, (std::map<std::string, int>{{"git", 3}, {"files", 0}}));
  EXPECT_EQ(
      first.subscriptions, (std::set<std::pair<std::string, std::string>>{{"git", "file:///a"}})
  );
  EXPECT_EQ(loaded.sessions.at("k2").token, "t2");
  ASSERT_EQ(loaded.revoked.size(), 1u);
  EXPECT_EQ(loaded.revoked[0], std::pair(std::string("k3"), now + 90s));
}

TEST_F(SessionStoreTest, the_last_word_counts) {
  {
    const auto store = open();
    store->level("k", "t", "git", 3, now + 1h);
    store->level("k", "t", "git", 6, now + 2h);
    store->subscribe("k", "t", "git", "u", now + 1h);
    store->subscribe("k", "t", "git", "v", now + 1h);
    store->unsubscribe("k", "git", "u");
    store->unsubscribe("k", "git", "never");
  }
  const auto loaded = found();
  EXPECT_EQ(loaded.sessions.at("k").levels.at("git"), 6);
  EXPECT_EQ(loaded.sessions.at("k").subscriptions.size(), 1u);
  EXPECT_EQ(found(now + 90min).sessions.at("k").levels.size(), 1u);
}

TEST_F(SessionStoreTest, a_session_that_was_ended_leaves_only_its_revocation) {
  {
    const auto store = open();
    store->level("k", "t", "git", 3, now + 1h);
    store->subscribe("k", "t", "git", "u", now + 1h);
    store->level("other", "t", "git", 3, now + 1h);
    store->revoke("k", now + 1h);
  }
  const auto loaded = found();
  EXPECT_FALSE(loaded.sessions.contains("k"));
  EXPECT_TRUE(loaded.sessions.contains("other"));
  EXPECT_EQ(loaded.revoked.size(), 1u);
}

TEST_F(SessionStoreTest, what_has_expired_is_forgotten_for_good) {
  {
    const auto store = open();
    store->level("k", "t", "git", 3, now + 10s);
    store->subscribe("k", "t", "git", "u", now + 10s);
    store->revoke("r", now + 10s);
    store->level("later", "t", "git", 3, now + 20s);
  }
  EXPECT_TRUE(found(now + 9s).sessions.contains("k"));
  const auto loaded = found(now + 10s);
  EXPECT_FALSE(loaded.sessions.contains("k"));
  EXPECT_TRUE(loaded.sessions.contains("later"));
  EXPECT_TRUE(loaded.revoked.empty());
  // Not only hidden: an earlier clock does not bring it back.
  EXPECT_FALSE(found(now).sessions.contains("k"));
}

TEST_F(SessionStoreTest, text_is_kept_byte_for_byte) {
  const std::string hostile = std::string("'; DROP TABLE revoked; --\0\xff\n\"", 29) + "ü";
  {
    const auto store = open();
    store->subscribe(hostile, hostile, hostile, hostile, now + 1h);
    store->level("empty", "", "", 0, now + 1h);
  }
  const auto loaded = found();
  ASSERT_TRUE(loaded.sessions.contains(hostile));
  EXPECT_EQ(loaded.sessions.at(hostile).token, hostile);
  EXPECT_TRUE(loaded.sessions.at(hostile).subscriptions.contains({hostile, hostile}));
  EXPECT_EQ(loaded.sessions.at("empty").levels.at(""), 0);
}

TEST_F(SessionStoreTest, nobody_else_may_read_it) {
  const auto store = open();
  store->revoke("k", now + 1h);
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    struct ::stat info{};
    if (::stat((file_.string() + suffix).c_str(), &info) != 0) continue;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << suffix;
  }
  struct ::stat info{};
  EXPECT_EQ(::stat(file_.c_str(), &info), 0);
}

TEST_F(SessionStoreTest, a_place_that_cannot_be_written_is_an_error_not_a_crash) {
  const auto missing = SessionStore::open(directory_.path() / "no" / "such" / "state.db");
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().reason, Reason::io);
  EXPECT_NE(missing.error().detail.find("state.db"), std::string::npos) << missing.error().detail;
  const auto directory = SessionStore::open(directory_.path());
  EXPECT_FALSE(directory.has_value());
}

TEST_F(SessionStoreTest, a_file_that_is_no_database_is_an_error_and_stays) {
  std::ofstream(file_) << "this was somebody's diary, and it is long enough to be a header of one";
  const auto store = SessionStore::open(file_);
  ASSERT_FALSE(store.has_value());
  std::string first;
  std::getline(std::ifstream(file_) >> std::ws, first);
  EXPECT_TRUE(first.starts_with("this was"));
}

TEST_F(SessionStoreTest, many_threads_write_at_once) {
  {
    const auto store = open();
    std::vector<std::thread> threads;
    for (int worker = 0; worker < 4; ++worker) {
      threads.emplace_back([&store, worker] {
        for (int i = 0; i < 100; ++i) {
          store->level(std::to_string(worker), "t", std::to_string(i), i % 8, now + 1h);
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  const auto loaded = found();
  ASSERT_EQ(loaded.sessions.size(), 4u);
  for (const auto& [key, kept] : loaded.sessions) EXPECT_EQ(kept.levels.size(), 100u);
}

TEST_F(SessionStoreTest, two_processes_may_have_it_open) {
  const auto one = open();
  {
    const auto other = open();
    other->revoke("k", now + 1h);
  }
  EXPECT_EQ(one->load(now).revoked.size(), 1u);
}

TEST_F(SessionStoreTest, killed_while_it_writes_it_can_still_be_read) {
  std::array<int, 2> told{};
  ASSERT_EQ(::pipe(told.data()), 0);
  {
    const auto made = open();
  }
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto store = SessionStore::open(file_);
    if (!store) ::_exit(1);
    for (int i = 0;; ++i) {
      (*store)->subscribe("k", "t", "git", std::to_string(i), now + 1h);
      if (i == 0 && ::write(told[1], "x", 1) != 1) ::_exit(1);
    }
  }
  ::close(told[1]);
  char byte = 0;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  ::close(told[0]);
  // Some of it is on the disk, and more is on its way.
  auto looking = Sqlite::open_existing(file_);
  ASSERT_TRUE(looking.has_value());
  for (bool begun = false; !begun;) {
    ASSERT_TRUE(looking->query("SELECT 1 FROM subscriptions LIMIT 1", {}, [&](const auto&) {
      begun = true;
    }));
  }
  ::kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  auto database = Sqlite::open(file_);
  ASSERT_TRUE(database.has_value());
  std::string verdict;
  ASSERT_TRUE(database->query("PRAGMA integrity_check", {}, [&](const Sqlite::Row& row) {
    verdict = std::get<std::string>(row[0]);
  }));
  EXPECT_EQ(verdict, "ok");
  const auto loaded = found();
  EXPECT_FALSE(loaded.sessions.at("k").subscriptions.empty());
  EXPECT_EQ(loaded.sessions.at("k").token, "t");
}

}  // namespace
}  // namespace mooring::store
