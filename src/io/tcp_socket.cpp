#include "io/tcp_socket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "io/poller.hpp"

namespace mooring::io {

namespace {

ssize_t send_parts(int descriptor, std::span<const iovec> parts) {
  constexpr int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  // Most messages are one part, and send(2) has no list of parts to copy and check.
  if (parts.size() == 1) return ::send(descriptor, parts[0].iov_base, parts[0].iov_len, flags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return ::sendmsg(descriptor, &message, flags);
}

}  // namespace

TcpSocket::TcpSocket(Poller& poller, int descriptor) : poller_(poller), descriptor_(descriptor) {
  try {
    poller_.add(*this);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

ssize_t TcpSocket::read(std::span<char> into) {
  if (closed()) return 0;
  if (!may(to_read)) return -EAGAIN;
  ssize_t count = 0;
  do {
    count = ::recv(descriptor_, into.data(), into.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EWOULDBLOCK) errno = EAGAIN;
  const int error = count < 0 ? errno : 0;
  // A short read has taken everything (epoll(7)); what the peer's end leaves is the end itself, and
  // urgent data ends a read early.
  const bool short_read = count > 0 && static_cast<std::size_t>(count) < into.size();
  if (error == EAGAIN || (short_read && !hung_up_ && !urgent_)) exhausted(to_read);
  return count < 0 ? -error : count;
}

ssize_t TcpSocket::write(std::span<const iovec> parts) {
  if (closed()) return -EBADF;
  if (!may(to_write)) return -EAGAIN;
  ssize_t count = 0;
  do {
    count = send_parts(descriptor_, parts);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return count;
  if (errno == EWOULDBLOCK) errno = EAGAIN;
  if (errno == EAGAIN) exhausted(to_write);
  return -errno;
}

void TcpSocket::begin_wait(Readiness what, Resume resume) {
  assert(!waiter_);  // it would end without a word
  waiter_ = std::move(resume);
  wanted_ = what;
  if (closed()) return interrupt();
  if (!may(what)) return;
  asio::post(poller_.context_, [done = std::exchange(waiter_, nullptr)]() mutable { done(true); });
}

void TcpSocket::interrupt() {
  if (!waiter_) return;
  asio::post(poller_.context_, [done = std::exchange(waiter_, nullptr)]() mutable { done(false); });
}

void TcpSocket::happened(unsigned events) {
  if ((events & EPOLLIN) != 0) ready_ |= to_read;
  if ((events & EPOLLOUT) != 0) ready_ |= to_write;
  if ((events & EPOLLPRI) != 0) urgent_ = true;
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    hung_up_ = true;
    ready_ |= to_read;  // the end, or the error
  }
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) ready_ |= to_write;
}

void TcpSocket::go_on() {
  if (waiter_ && may(static_cast<Readiness>(wanted_))) {
    auto done = std::exchange(waiter_, nullptr);
    return done(true);
  }
  if (!hung_up_ || !gone_) return;
  auto gone = std::exchange(gone_, nullptr);
  gone();
}

void TcpSocket::close() {
  if (closed()) return;
  poller_.remove(*this);
  ::close(std::exchange(descriptor_, -1));
  interrupt();
}

}  // namespace mooring::io
