#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "io/asio.hpp"

namespace mooring::io {

class TcpSocket;

/// What the kernel has to say about the TCP sockets of one event loop: an epoll set of their own,
/// edge-triggered, in which each is registered once. Asio tries every read before it waits, and
/// asks epoll anew whenever it only waits; of a relayed call's system calls these were a third.
class Poller {
 public:
  /// `turn` is called by the loop when there is something to look at.
  Poller(asio::io_context& context, std::function<void()> turn);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Takes in what has happened, without waiting. Nobody goes on before `resume_ready`.
  void look();
  /// The same, where nobody has looked since `expect_news`: for many who are about to write.
  void look_once() {
    if (!looked_) look();
  }
  void expect_news() { looked_ = false; }
  std::size_t ready() const { return ready_.size(); }
  /// Those whose wait is over go on, in the order in which it ended.
  void resume_ready();
  /// Destroys whatever still waits.
  void end();

 private:
  friend class TcpSocket;
  void add(TcpSocket& socket);
  void remove(TcpSocket& socket);
  void wait();

  asio::io_context& context_;
  std::function<void()> turn_;
  boost::asio::posix::stream_descriptor set_;
  TcpSocket* first_ = nullptr;     ///< of all sockets, linked
  std::vector<TcpSocket*> ready_;  ///< null: gone meanwhile
  std::vector<TcpSocket*> resuming_;
  bool waiting_ = false;
  bool looked_ = false;
};

}  // namespace mooring::io
