#include "io/net_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace mooring::io {

namespace {

int clamp_to_int(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

/// Resumes one coroutine when the first of two waits is over, and not before both have let go of
/// the socket.
struct EitherWait {
  using Handler = asio::async_result<asio::use_awaitable_t<>, void(bool)>::handler_type;
  std::optional<Handler> handler;
  int pending = 2;
  bool ready = false;
};

/// Destroyed unused when the event loop goes away: then the waiting coroutine goes with it.
struct EitherDone {
  std::shared_ptr<EitherWait> state;
  NetStream::Socket* socket;

  EitherDone(std::shared_ptr<EitherWait> s, NetStream::Socket* k)
      : state(std::move(s)), socket(k) {}
  EitherDone(EitherDone&&) = default;
  EitherDone& operator=(EitherDone&&) = delete;
  ~EitherDone() {
    if (!state) return;
    const auto dropped = std::move(state->handler);
    state->handler.reset();
  }
  void operator()(const boost::system::error_code& error) {
    const auto mine = std::move(state);
    if (!error) mine->ready = true;
    if (--mine->pending > 0) {
      boost::system::error_code ignored;
      socket->cancel(ignored);
      return;
    }
    auto resume = std::move(*mine->handler);
    mine->handler.reset();
    resume(mine->ready);
  }
};

}  // namespace

awaitable<std::string> NetStream::connect(boost::asio::ip::tcp::endpoint to) {
  if (closed_) co_return "closed";
  auto [error] = co_await socket_.async_connect(to, asio::as_tuple(asio::use_awaitable));
  if (closed_) co_return "closed";
  if (error) co_return error.message();
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
  co_return std::string();
}

awaitable<std::string> NetStream::start_tls(
    std::shared_ptr<TlsContext> context, const std::string& host
) {
  context_ = std::move(context);
  tls_ = context_->session(socket_.native_handle(), host);
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
    if (!co_await wait(kind == SSL_ERROR_WANT_READ ? Status::want_read : Status::want_write)) {
      co_return "closed";
    }
  }
}

NetStream::Io NetStream::plain_result(ssize_t count) const {
  if (count >= 0) return {.status = Status::ok, .count = static_cast<std::size_t>(count)};
  return {.status = Status::failed, .error = std::strerror(errno)};
}

NetStream::Io NetStream::tls_result(int status) {
  const int saved = errno;
  switch (SSL_get_error(tls_.get(), status)) {
    case SSL_ERROR_WANT_READ:
      return {.status = Status::want_read};
    case SSL_ERROR_WANT_WRITE:
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
  ssize_t count = 0;
  do {
    count = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count == 0) return {.status = Status::closed};
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {.status = Status::want_read};
  return plain_result(count);
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
  ssize_t count = 0;
  do {
    count =
        ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {.status = Status::want_write};
  if (count > 0) plain_written_ += static_cast<std::uint64_t>(count);
  return plain_result(count);
}

awaitable<NetStream::Io> NetStream::read_some(std::span<char> into) {
  if (closed_) co_return Io{.status = Status::closed};
  if (!tls_) {
    auto [error, count] = co_await socket_.async_read_some(
        boost::asio::buffer(into.data(), into.size()), asio::as_tuple(asio::deferred)
    );
    if (!error) co_return Io{.count = count};
    if (error == boost::asio::error::eof || closed_) co_return Io{.status = Status::closed};
    co_return Io{.status = Status::failed, .error = error.message()};
  }
  for (;;) {
    Io io = try_read(into);
    if (io.status != Status::want_read && io.status != Status::want_write) co_return io;
    if (!co_await wait(io.status)) co_return Io{.status = Status::closed};
  }
}

awaitable<bool> NetStream::wait(Status wanted) {
  if (closed_) co_return false;
  const auto what = wanted == Status::want_write ? Socket::wait_write : Socket::wait_read;
  auto [error] = co_await socket_.async_wait(what, asio::as_tuple(asio::use_awaitable));
  co_return !error && !closed_;
}

awaitable<bool> NetStream::wait_either() {
  if (closed_) co_return false;
  auto state = std::make_shared<EitherWait>();
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(bool)>(
      [this, state](EitherWait::Handler handler) {
        state->handler.emplace(std::move(handler));
        socket_.async_wait(Socket::wait_write, EitherDone(state, &socket_));
        socket_.async_wait(Socket::wait_read, EitherDone(state, &socket_));
      },
      asio::use_awaitable
  );
  co_return !closed_;
}

bool NetStream::quiet() {
  if (closed_) return false;
  char byte = 0;
  if (!tls_) {
    const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  // Session tickets come at any time and are taken in here; anything else ends the connection for
  // us.
  ERR_clear_error();
  const int count = SSL_peek(tls_.get(), &byte, 1);
  return count <= 0 && SSL_get_error(tls_.get(), count) == SSL_ERROR_WANT_READ;
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
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace mooring::io
