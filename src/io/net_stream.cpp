#include "io/net_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <system_error>

namespace mooring::io {

namespace {

int clamp_to_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

awaitable<std::string> NetStream::connect(boost::asio::ip::tcp::endpoint to) {
  if (closed_) co_return "closed";
  const int made =
      ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (made < 0) co_return std::strerror(errno);
  const int on = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool connected = ::connect(made, to.data(), static_cast<socklen_t>(to.size())) == 0;
  const int refused = connected ? 0 : errno;
  try {
    socket_.emplace(poller_, made);
  } catch (const std::system_error& e) {
    co_return e.code().message();
  }
  if (connected) co_return std::string();
  int error = refused;
  if (refused == EINPROGRESS) {
    socket_->exhausted(TcpSocket::to_write);
    if (!co_await socket_->wait(TcpSocket::to_write)) co_return "closed";
    socklen_t size = sizeof error;
    if (::getsockopt(made, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  co_return error == 0 ? std::string() : std::string(std::strerror(error));
}

awaitable<std::string> NetStream::start_tls(
    std::shared_ptr<TlsContext> context, const std::string& host
) {
  context_ = std::move(context);
  tls_ = context_->session(socket_->descriptor(), host);
  if (!tls_) co_return "TLS cannot be set up for host " + host;
  for (;;) {
    ERR_clear_error();
    errno = 0;
    const int status = SSL_do_handshake(tls_.get());
    if (status == 1) co_return std::string();
    const int kind = SSL_get_error(tls_.get(), status);
    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
      co_return handshake_error(tls_.get(), status);
    }
    if (!co_await wait(tls_result(status).status)) co_return "closed";
  }
}

NetStream::Io NetStream::plain_result(ssize_t count, Status again) {
  if (count >= 0) return {.count = static_cast<std::size_t>(count)};
  if (count == -EAGAIN) return {.status = again};
  return {.status = Status::failed, .error = std::strerror(static_cast<int>(-count))};
}

NetStream::Io NetStream::tls_result(int status) {
  const int saved = errno;
  switch (SSL_get_error(tls_.get(), status)) {
    case SSL_ERROR_WANT_READ:
      socket_->exhausted(TcpSocket::to_read);
      return {.status = Status::want_read};
    case SSL_ERROR_WANT_WRITE:
      socket_->exhausted(TcpSocket::to_write);
      return {.status = Status::want_write};
    case SSL_ERROR_ZERO_RETURN:
      return {.status = Status::closed};
    default:
      break;
  }
  auto text = tls_error(tls_.get(), status, saved);
  if (text == "connection closed") return {.status = Status::closed, .truncated = true};
  return {.status = Status::failed, .error = std::move(text)};
}

NetStream::Io NetStream::try_read(std::span<char> into) {
  if (closed_) return {.status = Status::closed};
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    const int count = SSL_read(tls_.get(), into.data(), clamp_to_int(into.size()));
    if (count > 0) return {.count = static_cast<std::size_t>(count)};
    return tls_result(count);
  }
  const auto count = socket_->read(into);
  if (count == 0) return {.status = Status::closed};
  return plain_result(count, Status::want_read);
}

NetStream::Io NetStream::try_write(std::string_view bytes) {
  if (closed_) return {.status = Status::closed};
  if (tls_) {
    ERR_clear_error();
    errno = 0;
    const int count = SSL_write(tls_.get(), bytes.data(), clamp_to_int(bytes.size()));
    if (count > 0) return {.count = static_cast<std::size_t>(count)};
    return tls_result(count);
  }
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const auto count = socket_->write({&part, 1});
  if (count > 0) plain_written_ += static_cast<std::uint64_t>(count);
  return plain_result(count, Status::want_write);
}

awaitable<NetStream::Io> NetStream::read_some(std::span<char> into) {
  for (;;) {
    Io io = try_read(into);
    if (!has_to_wait(io.status)) co_return io;
    if (!co_await wait(io.status)) co_return Io{.status = Status::closed};
  }
}

bool NetStream::quiet() {
  if (closed_) return false;
  const bool silent = !socket_->may(TcpSocket::to_read);
  if (!tls_ || silent) return silent;
  // Session tickets come at any time and are taken in here; anything else ends the connection for
  // us.
  ERR_clear_error();
  char byte = 0;
  const int count = SSL_peek(tls_.get(), &byte, 1);
  return count <= 0 && tls_result(count).status == Status::want_read;
}

std::uint64_t NetStream::bytes_on_wire() const {
  return tls_ ? BIO_number_written(SSL_get_wbio(tls_.get())) : plain_written_;
}

void NetStream::close() {
  if (closed_) return;
  closed_ = true;
  if (tls_ && SSL_is_init_finished(tls_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());  // says goodbye where that needs no waiting
    ERR_clear_error();
  }
  if (socket_) socket_->close();
}

}  // namespace mooring::io
