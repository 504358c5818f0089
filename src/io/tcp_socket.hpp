#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <functional>
#include <span>

#include "io/asio.hpp"

namespace mooring::io {

class Poller;

/// A connected TCP socket of one event loop, or one that is connecting. It remembers what the
/// kernel reported last: reading again after a read that took all there was costs no system call
/// until there is more. One coroutine waits at a time.
class TcpSocket {
 public:
  enum Readiness : unsigned { to_read = 1, to_write = 2, to_either = 3 };

  /// Takes over a non-blocking descriptor. Throws std::system_error where epoll refuses it; the
  /// descriptor is closed then.
  TcpSocket(Poller& poller, int descriptor);
  ~TcpSocket() { close(); }
  TcpSocket(const TcpSocket&) = delete;
  TcpSocket& operator=(const TcpSocket&) = delete;

  /// What was read; 0 at the peer's end; a negative errno, -EAGAIN where it has to be waited for.
  ssize_t read(std::span<char> into);
  /// What was written, or a negative errno as above.
  ssize_t write(std::span<const iovec> parts);
  /// For those who use the descriptor themselves: they were told EAGAIN.
  void exhausted(Readiness what) { ready_ &= ~unsigned{what}; }

  bool may(Readiness what) const { return (ready_ & what) != 0; }
  /// The peer will send no more than what there is to read.
  bool hung_up() const { return hung_up_; }
  bool closed() const { return descriptor_ < 0; }
  int descriptor() const { return descriptor_; }

  /// Awaited: true as soon as it may; false when it was closed or interrupted.
  auto wait(Readiness what) {
    return asio::async_initiate<const asio::deferred_t&, void(bool)>(
        [this, what](auto resume) { begin_wait(what, std::move(resume)); }, asio::deferred
    );
  }
  /// Whoever waits goes on, soon, and is told false.
  void interrupt();
  /// Called once, when the peer hangs up while nobody waits for that. May end the socket.
  void on_hang_up(std::move_only_function<void()> gone) { gone_ = std::move(gone); }
  void close();

 private:
  friend class Poller;
  using Resume = std::move_only_function<void(bool)>;

  void begin_wait(Readiness what, Resume resume);
  void happened(unsigned events);
  void go_on();

  Poller& poller_;
  int descriptor_;
  unsigned ready_ = to_write;
  unsigned wanted_ = 0;  ///< by the one who waits
  bool hung_up_ = false;
  bool urgent_ = false;
  bool listed_ = false;  ///< among the poller's ready ones
  Resume waiter_;
  std::move_only_function<void()> gone_;
  TcpSocket* previous_ = nullptr;
  TcpSocket* next_ = nullptr;
};

}  // namespace mooring::io
