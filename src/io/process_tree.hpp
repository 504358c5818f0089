#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

/// Who descends from whom, as /proc tells it. Nothing but system calls: the guard uses it, too.
namespace mooring::io {

struct ProcessFacts {
  pid_t parent = 0;
  pid_t session = 0;
  bool zombie = false;
};

/// Nothing: no such process.
std::optional<ProcessFacts> facts_of(pid_t pid);
std::vector<pid_t> children_of(pid_t parent);
/// Children, their children, and so on, without `ancestor` itself.
std::vector<pid_t> descendants_of(pid_t ancestor);
std::vector<pid_t> members_of_session(pid_t session);

}  // namespace mooring::io
