#pragma once

#include <sys/types.h>

#include <functional>

/// What a guard that was killed leaves behind: its child's whole tree, in whatever session and
/// group. For all guards of the process; on any thread.
namespace mooring::io {

/// Calls `start`, which sets the guard's id and returns 0 or an errno; it is no orphan from its
/// first moment on.
int start_known_guard(pid_t& guard, const std::function<int(pid_t&)>& start);
/// Before its id may become another's.
void forget_guard(pid_t guard);

/// One round of ending what that guard left behind. It is dead and was not waited for. False:
/// nothing is left.
bool end_leftovers(pid_t guard);

}  // namespace mooring::io
