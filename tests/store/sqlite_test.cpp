#include "store/sqlite.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <thread>
#include <vector>

#include "support/temporary_directory.hpp"

namespace mooring::store {
namespace {

TEST(SqliteTest, several_may_open_a_new_file_at_once) {
  constexpr int openers = 8;
  const test::TemporaryDirectory directory;
  for (int round = 0; round < 20; ++round) {
    const auto file = directory.path() / std::to_string(round);
    std::barrier together(openers);
    std::vector<std::string> failures(openers);
    std::vector<std::jthread> threads;
    for (auto& failure : failures) {
      threads.emplace_back([&] {
        together.arrive_and_wait();
        if (const auto opened = Sqlite::open(file); !opened) failure = opened.error().detail;
      });
    }
    threads.clear();
    for (const auto& failure : failures) ASSERT_EQ(failure, "") << "round " << round;
  }
}

}  // namespace
}  // namespace mooring::store
