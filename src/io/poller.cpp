#include "io/poller.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "io/tcp_socket.hpp"

namespace mooring::io {

namespace {

constexpr std::size_t events_at_once = 256;

int make_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return set;
}

void forget(std::vector<TcpSocket*>& sockets, TcpSocket& socket) {
  std::ranges::replace(sockets, &socket, nullptr);
}

}  // namespace

Poller::Poller(asio::io_context& context, std::function<void()> turn)
    : context_(context), turn_(std::move(turn)), set_(context, make_set()) {}

void Poller::add(TcpSocket& socket) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &socket;
  if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket.descriptor_, &event) != 0) {
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  }
  socket.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &socket;
  first_ = &socket;
  if (!waiting_) wait();
}

void Poller::remove(TcpSocket& socket) {
  // Closing alone is not enough while a child that is being started holds a copy.
  ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, socket.descriptor_, nullptr);
  (socket.previous_ == nullptr ? first_ : socket.previous_->next_) = socket.next_;
  if (socket.next_ != nullptr) socket.next_->previous_ = socket.previous_;
  socket.previous_ = socket.next_ = nullptr;
  if (!socket.listed_) return;
  forget(ready_, socket);
  forget(resuming_, socket);
}

void Poller::wait() {
  waiting_ = true;
  set_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [this](const boost::system::error_code& error) {
        waiting_ = false;
        if (error) return;
        turn_();
        // Last: it is a system call, and others have been kept waiting.
        if (first_ != nullptr && !waiting_) wait();
      }
  );
}

void Poller::look() {
  looked_ = true;
  std::array<epoll_event, events_at_once> events;
  for (;;) {
    const int count =
        ::epoll_wait(set_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      auto& socket = *static_cast<TcpSocket*>(event.data.ptr);
      socket.happened(event.events);
      if (!std::exchange(socket.listed_, true)) ready_.push_back(&socket);
    }
    if (count < static_cast<int>(events.size())) return;
  }
}

void Poller::resume_ready() {
  if (!resuming_.empty()) return;  // called by one of those: the call below goes on with all
  while (!ready_.empty()) {
    resuming_.swap(ready_);
    for (std::size_t i = 0; i < resuming_.size(); ++i) {
      auto* socket = resuming_[i];
      if (socket == nullptr) continue;
      resuming_[i] = nullptr;
      socket->listed_ = false;
      socket->go_on();  // may end it, and others
    }
    resuming_.clear();
  }
}

void Poller::end() {
  // With the coroutine that waits its socket goes away most often, and others with it.
  std::vector<TcpSocket::Resume> dropped;
  for (auto* socket = first_; socket != nullptr; socket = socket->next_) {
    if (socket->waiter_) dropped.push_back(std::exchange(socket->waiter_, nullptr));
  }
}

}  // namespace mooring::io
