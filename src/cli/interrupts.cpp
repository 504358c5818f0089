#include "cli/interrupts.hpp"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "cli/console.hpp"

namespace mooring::cli {

namespace {

sigset_t wanted() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&signals, number);
  return signals;
}

}  // namespace

Interrupts::Interrupts() {
  const auto signals = wanted();
  // Threads made from now on inherit the mask: the signals are this object's thread's alone.
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([this] { wait(); });
}

Interrupts::~Interrupts() {
  over_ = true;
  ::pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
  const auto signals = wanted();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void Interrupts::wait() {
  const auto signals = wanted();
  for (;;) {
    int number = 0;
    ::sigwait(&signals, &number);
    if (over_) return;
    if (number == SIGUSR1) continue;
    if (!cancels_ || !source_.request_stop()) {
      // A progress line may stand where the message goes.
      if (stderr_is_terminal()) static_cast<void>(::write(STDERR_FILENO, "\r\x1b[K", 4) < 0);
      // Guards end the children, however we end.
      ::_exit(complain(interrupted, "interrupted"));
    }
  }
}

}  // namespace mooring::cli
