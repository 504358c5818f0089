#include "io/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "core/log.hpp"
#include "io/async.hpp"
#include "io/descriptor_limit.hpp"
#include "io/leftovers.hpp"

namespace mooring::io {

namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

constexpr int control_fd = 3;  // in the guard
constexpr std::size_t out_buffer = 64 * 1024;
constexpr std::size_t err_buffer = 16 * 1024;
constexpr std::chrono::seconds leftovers_patience{5};

std::mutex guard_path_mutex;
std::string guard_path = "/proc/self/exe";

std::string guard_executable() {
  const std::lock_guard lock(guard_path_mutex);
  return guard_path;
}

/// Owns a descriptor, closed on exec and numbered above what the guard's own will be.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) {
    if (fd < 0) return;
    value_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 10);
    ::close(fd);
  }
  Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Fd() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }
  bool valid() const { return value_ >= 0; }

 private:
  int value_ = -1;
};

/// Our end and the child's.
struct FdPair {
  Fd ours;
  Fd theirs;
  bool valid() const { return ours.valid() && theirs.valid(); }
};

FdPair make_pipe(bool we_write) {
  std::array<int, 2> fds{-1, -1};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return {};
  return {Fd(fds[we_write ? 1 : 0]), Fd(fds[we_write ? 0 : 1])};
}

FdPair make_control() {
  std::array<int, 2> fds{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()) != 0) return {};
  return {Fd(fds[0]), Fd(fds[1])};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (auto& string : strings) out.push_back(string.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> guard_arguments(const ChildOptions& options, const std::string& guard) {
  std::vector<std::string> words = {guard,       "guard",
                                    "--control", std::to_string(control_fd),
                                    "--name",    options.name,
                                    "--grace",   std::to_string(options.term_grace.count())};
  if (!options.cwd.empty()) words.insert(words.end(), {"--cwd", options.cwd});
  if (const auto limit = descriptor_limit_of_children(); limit > 0) {
    words.insert(words.end(), {"--descriptors", std::to_string(limit)});
  }
  words.push_back("--");
  words.push_back(options.command);
  words.insert(words.end(), options.args.begin(), options.args.end());
  return words;
}

/// 0 or an errno.
int start_guard(const ChildOptions& options, const std::array<int, 4>& fds, pid_t& pid) {
  const std::string guard = guard_executable();
  auto words = guard_arguments(options, guard);
  std::vector<std::string> env;
  for (const auto& [key, value] : options.env) env.push_back(key + "=" + value);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int target = 0; target < 4; ++target) {
    posix_spawn_file_actions_adddup2(&actions, fds[static_cast<std::size_t>(target)], target);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, control_fd + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID
  );
  const int error = ::posix_spawn(
      &pid, guard.c_str(), &actions, &attributes, pointers(words).data(), pointers(env).data()
  );
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

ChildExit make_exit(std::optional<int> code, std::optional<int> signal) {
  ChildExit exit{code, signal, {}};
  if (code) {
    exit.text = fmt::format("exited with status {}", *code);
  } else {
    const char* name = ::sigdescr_np(*signal);
    exit.text =
        fmt::format("killed by signal {} ({})", *signal, name != nullptr ? name : "unknown");
  }
  return exit;
}

Error exec_error(const ChildOptions& options, int number, std::string_view what) {
  const std::string reason = std::strerror(number);
  if (what == "cwd")
    return {Reason::config, fmt::format("cannot enter directory {}: {}", options.cwd, reason)};
  if (number != ENOENT)
    return {Reason::config, fmt::format("cannot execute {}: {}", options.command, reason)};
  const bool path = options.command.find('/') != std::string::npos;
  if (path && options.cwd.empty() && ::access(options.command.c_str(), F_OK) == 0) {
    return {
        Reason::config,
        fmt::format("cannot execute {}: its interpreter was not found", options.command)
    };
  }
  return {Reason::config, fmt::format("command not found: {}", options.command)};
}

/// What outlives the Child object: the guard is waited for whatever happens.
struct ChildState : std::enable_shared_from_this<ChildState> {
  ChildState(Worker& w, ChildOptions o)
      : worker(w),
        options(std::move(o)),
        in(w.context()),
        out(w.context()),
        err(w.context()),
        control(w.context()),
        guard_end(w.context()),
        exited(w.executor(), w.timers()),
        gone(w.executor(), w.timers()),
        turn(w.executor(), w.timers()),
        tasks(w.executor()) {}

  Worker& worker;
  ChildOptions options;
  Descriptor in, out, err, control, guard_end;
  pid_t guard = -1;
  pid_t pid = -1;
  Event exited;  ///< the child
  Event gone;    ///< the guard, and all it guarded
  Event turn;    ///< of the next writer
  std::optional<ChildExit> exit;
  std::function<void(std::string_view)> take_stderr;
  std::vector<char> out_bytes;
  std::string control_bytes;
  std::uint64_t next_ticket = 0;
  std::uint64_t serving = 0;
  TaskGroup tasks;

  Result<void> launch();
  awaitable<std::optional<std::string>> control_line();
  awaitable<Result<void>> started();
  void command(std::string_view line);
  void close_pipes();

  // Static, each holding the state: they may outlive the Child.
  static awaitable<void> follow_control(std::shared_ptr<ChildState> self);
  static awaitable<void> drain_stderr(std::shared_ptr<ChildState> self);
  static awaitable<Result<std::string_view>> read(std::shared_ptr<ChildState> self);
  static awaitable<Result<void>> write(std::shared_ptr<ChildState> self, std::string bytes);
  static awaitable<ChildExit> wait(std::shared_ptr<ChildState> self);
  static awaitable<void> terminate(std::shared_ptr<ChildState> self);
  awaitable<Result<void>> write_all(std::string_view bytes);
};

Result<void> ChildState::launch() {
  auto stdin_pipe = make_pipe(true);
  auto stdout_pipe = make_pipe(false);
  auto stderr_pipe = make_pipe(false);
  auto control_pair = make_control();
  if (!stdin_pipe.valid() || !stdout_pipe.valid() || !stderr_pipe.valid() ||
      !control_pair.valid()) {
    return fail(
        Reason::io,
        fmt::format("cannot start {}: no pipe: {}", options.command, std::strerror(errno))
    );
  }
  const std::array<int, 4> theirs = {
      stdin_pipe.theirs.get(), stdout_pipe.theirs.get(), stderr_pipe.theirs.get(),
      control_pair.theirs.get()
  };
  const int error =
      start_known_guard(guard, [&](pid_t& id) { return start_guard(options, theirs, id); });
  if (error != 0) {
    guard = -1;
    return fail(
        Reason::io,
        fmt::format("cannot start the guard {}: {}", guard_executable(), std::strerror(error))
    );
  }
  in.assign(stdin_pipe.ours.release());
  out.assign(stdout_pipe.ours.release());
  err.assign(stderr_pipe.ours.release());
  control.assign(control_pair.ours.release());
  in.native_non_blocking(true);
  const auto pidfd = ::syscall(SYS_pidfd_open, guard, 0);
  if (pidfd < 0) {
    return fail(Reason::io, fmt::format("cannot watch the guard: {}", std::strerror(errno)));
  }
  guard_end.assign(static_cast<int>(pidfd));
  return {};
}

awaitable<std::optional<std::string>> ChildState::control_line() {
  for (;;) {
    if (const auto end = control_bytes.find('\n'); end != std::string::npos) {
      auto line = control_bytes.substr(0, end);
      control_bytes.erase(0, end + 1);
      co_return line;
    }
    std::array<char, 256> buffer{};
    const auto [error, count] = co_await control.async_read_some(
        boost::asio::buffer(buffer), asio::as_tuple(asio::use_awaitable)
    );
    if (error) co_return std::nullopt;
    control_bytes.append(buffer.data(), count);
  }
}

awaitable<Result<void>> ChildState::started() {
  const auto line = co_await control_line();
  if (!line) {
    co_return fail(
        Reason::io,
        fmt::format(
            "cannot start {}: the guard {} ended at once", options.command, guard_executable()
        )
    );
  }
  if (line->starts_with("started ")) {
    pid = std::atoi(line->c_str() + 8);
    co_return Result<void>();
  }
  char* rest = nullptr;
  const auto number = static_cast<int>(
      std::strtol(line->c_str() + std::min<std::size_t>(5, line->size()), &rest, 10)
  );
  co_return std::unexpected(exec_error(options, number, rest + (*rest == ' ' ? 1 : 0)));
}

void ChildState::command(std::string_view line) {
  if (!control.is_open()) return;
  // A few bytes into an empty socket; a guard that is gone needs no orders.
  static_cast<void>(
      ::send(control.native_handle(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
  );
}

void ChildState::close_pipes() {
  boost::system::error_code ignored;
  in.close(ignored);
  out.close(ignored);
  err.close(ignored);
}

awaitable<void> ChildState::follow_control(std::shared_ptr<ChildState> self) {
  while (const auto line = co_await self->control_line()) {
    const auto number = std::atoi(line->c_str() + std::min(line->find(' '), line->size()));
    if (line->starts_with("exit ")) self->exit = make_exit(number, std::nullopt);
    if (line->starts_with("signal ")) self->exit = make_exit(std::nullopt, number);
    if (self->exit) self->exited.set();
  }
  co_await self->guard_end.async_wait(Descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
  siginfo_t how{};
  const bool known = ::waitid(P_PID, static_cast<id_t>(self->guard), &how, WEXITED | WNOWAIT) == 0;
  if (known && how.si_code != CLD_EXITED && self->pid > 0) {
    // Somebody killed the guard. Its child went with it; what else there is goes now.
    auto& timers = self->worker.timers();
    const auto until = timers.now() + leftovers_patience;
    while (end_leftovers(self->guard) && timers.now() < until) {
      co_await sleep_until(timers, timers.now() + std::chrono::milliseconds(10));
    }
    if (!self->exit) self->exit = make_exit(std::nullopt, SIGKILL);
    core::log::warn("child", "{}: the guard of process {} died", self->options.name, self->pid);
  }
  ::waitpid(self->guard, nullptr, 0);
  forget_guard(self->guard);
  self->guard = -1;
  boost::system::error_code ignored;
  self->guard_end.close(ignored);
  self->control.close(ignored);
  self->exited.set();
  self->gone.set();
}

awaitable<void> ChildState::drain_stderr(std::shared_ptr<ChildState> self) {
  std::vector<char> bytes(err_buffer);
  while (self->err.is_open()) {
    const auto [error, count] = co_await self->err.async_read_some(
        boost::asio::buffer(bytes), asio::as_tuple(asio::use_awaitable)
    );
    if (error) break;
    if (self->take_stderr) self->take_stderr({bytes.data(), count});
  }
  boost::system::error_code ignored;
  self->err.close(ignored);
}

awaitable<Result<std::string_view>> ChildState::read(std::shared_ptr<ChildState> self) {
  self->out_bytes.resize(out_buffer);
  if (!self->out.is_open()) co_return std::string_view();
  const auto [error, count] = co_await self->out.async_read_some(
      boost::asio::buffer(self->out_bytes), asio::as_tuple(asio::use_awaitable)
  );
  if (!error) co_return std::string_view(self->out_bytes.data(), count);
  if (error == boost::asio::error::eof || !self->out.is_open()) co_return std::string_view();
  co_return fail(
      Reason::io, fmt::format("cannot read from process {}: {}", self->pid, error.message())
  );
}

awaitable<Result<void>> ChildState::write(std::shared_ptr<ChildState> self, std::string bytes) {
  const auto ticket = self->next_ticket++;
  while (ticket != self->serving) co_await self->turn.wait();
  auto written = co_await self->write_all(bytes);
  ++self->serving;
  self->turn.notify();
  co_return written;
}

awaitable<Result<void>> ChildState::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!in.is_open())
      co_return fail(Reason::io, fmt::format("stdin of process {} is closed", pid));
    const auto count = ::write(in.native_handle(), bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      co_return fail(
          Reason::io, fmt::format("cannot write to process {}: {}", pid, std::strerror(errno))
      );
    }
    co_await in.async_wait(Descriptor::wait_write, asio::as_tuple(asio::use_awaitable));
  }
  co_return Result<void>();
}

awaitable<ChildExit> ChildState::wait(std::shared_ptr<ChildState> self) {
  co_await self->exited.wait();
  co_return self->exit.value_or(ChildExit{});
}

awaitable<void> ChildState::terminate(std::shared_ptr<ChildState> self) {
  boost::system::error_code ignored;
  self->in.close(ignored);
  const auto until = self->worker.timers().now() + self->options.term_grace;
  if (!co_await self->exited.wait(until)) {
    self->command(fmt::format("terminate {}\n", self->options.term_grace.count()));
  }
  co_await self->gone.wait();
}

class GuardedChild final : public Child {
 public:
  explicit GuardedChild(std::shared_ptr<ChildState> state) : state_(std::move(state)) {}
  ~GuardedChild() override {
    state_->take_stderr = nullptr;
    state_->command("kill\n");
    state_->close_pipes();
  }

  int pid() const override { return state_->pid; }
  awaitable<Result<std::string_view>> read_some() override { return ChildState::read(state_); }
  awaitable<Result<void>> write(std::string bytes) override {
    return ChildState::write(state_, std::move(bytes));
  }
  void on_stderr(std::function<void(std::string_view)> take) override {
    state_->take_stderr = std::move(take);
  }
  awaitable<ChildExit> wait() override { return ChildState::wait(state_); }
  awaitable<void> terminate() override { return ChildState::terminate(state_); }

 private:
  std::shared_ptr<ChildState> state_;
};

}  // namespace

awaitable<Result<std::unique_ptr<Child>>> Child::spawn(
    Worker& worker, ChildOptions options, AbortSource* abort
) {
  if (options.command.empty()) co_return fail(Reason::config, "no command given");
  auto state = std::make_shared<ChildState>(worker, std::move(options));
  auto launched = state->launch();
  if (launched) {
    AbortSource::Subscription giving_up;
    if (abort != nullptr) {
      // The guard takes with it what it has begun, and `started` sees its end.
      giving_up = abort->subscribe([guard = state->guard] { ::kill(guard, SIGKILL); });
    }
    launched = co_await state->started();
  }
  // Started or not, the guard has to be waited for.
  if (state->guard_end.is_open()) state->tasks.spawn(ChildState::follow_control(state));
  if (!launched) {
    state->close_pipes();
    if (state->guard_end.is_open()) co_await state->gone.wait();
    co_return std::unexpected(std::move(launched.error()));
  }
  state->tasks.spawn(ChildState::drain_stderr(state));
  co_return std::make_unique<GuardedChild>(std::move(state));
}

void set_guard_executable(std::string path) {
  const std::lock_guard lock(guard_path_mutex);
  guard_path = std::move(path);
}

}  // namespace mooring::io
