#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "io/asio.hpp"
#include "io/tls.hpp"

namespace mooring::io {

/// A TCP connection of ours, in the clear or under TLS, that counts exactly what the kernel took.
///
/// OpenSSL sits on the socket itself: with Asio's TLS stream nobody could tell whether bytes of a
/// failed write had left. One reader and one writer at a time; `close` may come at any moment and
/// makes both fail.
class NetStream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  enum class Status { ok, want_read, want_write, closed, failed };
  struct Io {
    Status status = Status::ok;
    std::size_t count = 0;
    bool truncated = false;  ///< closed, under TLS, without saying so
    std::string error = {};  ///< of `failed`: one line
  };

  explicit NetStream(asio::any_io_executor executor) : socket_(std::move(executor)) {}
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
  /// False: the stream was closed.
  awaitable<bool> wait(Status wanted);
  /// Until it can be written to or has something to read, whichever is first.
  awaitable<bool> wait_either();

  /// An idle connection that has neither ended nor said anything.
  bool quiet();
  /// Bytes on the wire, TLS framing included.
  std::uint64_t bytes_on_wire() const;
  bool closed() const { return closed_; }
  void close();

 private:
  Io plain_result(ssize_t count) const;
  Io tls_result(int status);

  Socket socket_;
  std::shared_ptr<TlsContext> context_;
  SslPtr tls_;
  std::uint64_t plain_written_ = 0;
  bool closed_ = false;
};

}  // namespace mooring::io
