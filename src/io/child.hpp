#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/timers.hpp"
#include "io/asio.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"

namespace mooring::io {

struct ChildOptions {
  std::string name;     ///< for logs and for the guard's process title
  std::string command;  ///< looked up in the child's own PATH when it has no slash
  std::vector<std::string> args;
  std::map<std::string, std::string> env;  ///< the child's whole environment
  std::string cwd;
  core::Duration term_grace =
      std::chrono::seconds(2);  ///< from closed stdin to SIGTERM, and from SIGTERM to SIGKILL
};

struct ChildExit {
  std::optional<int> code;    ///< exit status
  std::optional<int> signal;  ///< or the signal that ended it
  std::string text;           ///< "exited with status 3", "killed by signal 9 (Killed)"
};

/// A child process under a guard of its own. The guard (this executable, re-executed as `mooring
/// guard`) is a subreaper in a new session: it ends the child's whole tree when the child
/// exits, when we say so, or when we die in whatever way. On the worker's thread only.
class Child {
 public:
  /// Fails at once and by name when the command cannot be executed. `abort` ends the attempt, not
  /// the child that has started.
  static awaitable<Result<std::unique_ptr<Child>>> spawn(
      Worker& worker, ChildOptions options, AbortSource* abort = nullptr
  );
  virtual ~Child() = default;  ///< kills what is left, without waiting

  virtual int pid() const = 0;
  /// Bytes from stdout; empty at its end.
  virtual awaitable<Result<std::string_view>> read_some() = 0;
  /// Queues whole `bytes` to stdin and returns when the kernel took them. Concurrent writes keep
  /// their order and stay whole.
  virtual awaitable<Result<void>> write(std::string bytes) = 0;
  /// Called with each piece of stderr; it is drained all the time, called or not.
  virtual void on_stderr(std::function<void(std::string_view)> take) = 0;
  /// Waits for the end of the child itself.
  virtual awaitable<ChildExit> wait() = 0;
  /// Closes stdin, waits `term_grace`, SIGTERM to the group, waits, SIGKILL to the tree; returns
  /// when all is gone.
  virtual awaitable<void> terminate() = 0;
};

/// Entry point of the hidden command `mooring guard`; returns its exit code.
int run_guard(int argc, char** argv);
/// For a program whose processes are all children of this kind or in its own session: what a
/// killed guard leaves behind comes to this process, whatever group or session it went to, and is
/// ended. Without, only what stayed in the guard's session is.
void adopt_orphans();
/// Which executable is started as the guard: /proc/self/exe for mooring itself, an installed
/// mooring for users of the library.
void set_guard_executable(std::string path);

}  // namespace mooring::io
