#include "io/leftovers.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.hpp"

namespace mooring::io {
namespace {

TEST(Leftovers, one_that_ended_by_itself_is_no_reason_to_stop_looking) {
  adopt_orphans();
  const pid_t orphan = ::fork();
  if (orphan == 0) {
    ::setsid();
    ::_exit(0);
  }
  ASSERT_GT(orphan, 0);
  siginfo_t how{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(orphan), &how, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(end_leftovers(orphan)) << "what were its children may have become ours just now";
  EXPECT_FALSE(end_leftovers(orphan));
  EXPECT_EQ(::waitpid(orphan, nullptr, 0), -1) << "it was waited for";
}

}  // namespace
}  // namespace mooring::io
