#include "cli/spare_memory.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <vector>

namespace mooring::cli {
namespace {

struct Resident {
  std::size_t all = 0, of_files = 0;  ///< pages
};

Resident resident() {
  std::size_t size = 0;
  Resident pages;
  std::ifstream("/proc/self/statm") >> size >> pages.all >> pages.of_files;
  return pages;
}

TEST(SpareMemory, code_is_given_back_and_comes_back_when_it_is_needed) {
  const auto before = resident().of_files;
  give_back_start();
  EXPECT_LT(resident().of_files, before);
  // Unwinding reads tables that have to be mapped again, too.
  EXPECT_THROW(static_cast<void>(std::vector<int>().at(1)), std::out_of_range);
}

TEST(SpareMemory, a_heap_that_is_mostly_free_is_given_back) {
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "has a heap of its own";
#endif
  constexpr std::size_t blocks = 64 * 1024;
  std::vector<std::unique_ptr<char[]>> crowd;
  for (std::size_t i = 0; i < blocks; ++i) crowd.push_back(std::make_unique<char[]>(1000));
  // Somebody who stays at the end of the heap, so that glibc keeps what lies before.
  const auto last = std::make_unique<char[]>(1000);
  crowd.clear();
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto before = resident().all * page;
  give_back_heap();
  EXPECT_LT(resident().all * page, before - blocks * 500);
}

}  // namespace
}  // namespace mooring::cli
