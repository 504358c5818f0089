#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "io/asio.hpp"
#include "io/tcp_socket.hpp"
#include "io/tls.hpp"

namespace mooring::io {

/// A TCP connection of ours, in the clear or under TLS, that counts exactly what the kernel took.
///
/// OpenSSL sits on the socket itself: with Asio's TLS stream nobody could tell whether bytes of a
/// failed write had left. One coroutine at a time reads, writes or waits; `close` may come at any
/// moment and makes it fail.
class NetStream {
 public:
  enum class Status { ok, want_read, want_write, closed, failed };
  struct Io {
    Status status = Status::ok;
    std::size_t count = 0;
    bool truncated = false;  ///< closed, under TLS, without saying so
    std::string error = {};  ///< of `failed`: one line
  };

  static bool has_to_wait(Status status) {
    return status == Status::want_read || status == Status::want_write;
  }

  explicit NetStream(Poller& poller) : poller_(poller) {}
  ~NetStream() { close(); }
  NetStream(const NetStream&) = delete;
  NetStream& operator=(const NetStream&) = delete;

  /// Empty: connected. TCP_NODELAY is set.
  awaitable<std::string> connect(boost::asio::ip::tcp::endpoint to);
  /// Empty: the handshake is done.
  awaitable<std::string> start_tls(std::shared_ptr<TlsContext> context, const std::string& host);

  /// Without waiting.
  Io try_read(std::span<char> into);
  Io try_write(std::string_view bytes);
  /// Waits for at least one byte.
  awaitable<Io> read_some(std::span<char> into);
  /// What a try told to wait for. Awaited: false when the stream was closed. Only once connected.
  auto wait(Status wanted) {
    return socket_->wait(wanted == Status::want_write ? TcpSocket::to_write : TcpSocket::to_read);
  }
  /// Until it can be written to or has something to read, whichever is first.
  auto wait_either() { return socket_->wait(TcpSocket::to_either); }

  /// There is something to read, as far as is known.
  bool may_read() const { return socket_ && socket_->may(TcpSocket::to_read); }
  /// An idle connection that has neither ended nor said anything, as far as the loop has looked.
  bool quiet();
  /// Bytes on the wire, TLS framing included.
  std::uint64_t bytes_on_wire() const;
  bool closed() const { return closed_; }
  void close();

 private:
  static Io plain_result(ssize_t count, Status again);
  Io tls_result(int status);

  Poller& poller_;
  std::optional<TcpSocket> socket_;  ///< once it connects
  std::shared_ptr<TlsContext> context_;
  SslPtr tls_;
  std::uint64_t plain_written_ = 0;
  bool closed_ = false;
};

}  // namespace mooring::io
