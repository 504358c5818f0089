#include "io/leftovers.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <set>
#include <vector>

#include "io/child.hpp"
#include "io/process_tree.hpp"

namespace mooring::io {

namespace {

/// The guards that run, and whether orphans come to us.
std::mutex guards_mutex;
std::set<pid_t> guards;
std::atomic<bool> adopts = false;

/// Children of ours that were somebody else's: no guard, and not in our session.
std::vector<pid_t> orphans() {
  std::vector<pid_t> found;
  if (!adopts) return found;
  const pid_t own = ::getsid(0);
  const std::lock_guard lock(guards_mutex);
  for (const pid_t child : children_of(::getpid())) {
    const auto facts = facts_of(child);
    if (!guards.contains(child) && facts && facts->session != own) found.push_back(child);
  }
  return found;
}

bool is_over(pid_t pid) {
  const auto facts = facts_of(pid);
  return !facts || facts->zombie;
}

}  // namespace

void adopt_orphans() { adopts = ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0; }

int start_known_guard(pid_t& guard, const std::function<int(pid_t&)>& start) {
  const std::lock_guard lock(guards_mutex);
  const int error = start(guard);
  if (error == 0) guards.insert(guard);
  return error;
}

void forget_guard(pid_t guard) {
  const std::lock_guard lock(guards_mutex);
  guards.erase(guard);
}

bool end_leftovers(pid_t guard) {
  auto left = members_of_session(guard);
  const auto adopted = orphans();
  for (const pid_t orphan : adopted) {
    left.push_back(orphan);
    const auto more = descendants_of(orphan);
    left.insert(left.end(), more.begin(), more.end());
  }
  std::erase_if(left, is_over);
  for (const pid_t pid : left) ::kill(pid, SIGKILL);
  for (const pid_t orphan : orphans()) ::waitpid(orphan, nullptr, WNOHANG);
  // One that ended by itself meanwhile may have had children, which are ours now.
  return !left.empty() || !adopted.empty();
}

}  // namespace mooring::io
