#include "io/http_server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>

#include "core/log.hpp"
#include "io/http_connection.hpp"

namespace mooring::io {

using boost::asio::ip::tcp;

namespace {

constexpr std::size_t most_refusals = 128;  // at a time; more are closed without a word
constexpr core::Duration accept_pause = std::chrono::milliseconds(100);

core::Duration sweep_interval(const HttpServerLimits& limits) {
  const auto shortest = std::min(
      {limits.header_timeout, limits.body_timeout, limits.idle_timeout, limits.write_timeout}
  );
  return std::clamp<core::Duration>(
      shortest / 4, std::chrono::milliseconds(8), std::chrono::milliseconds(500)
  );
}

void arm_sweep(const std::shared_ptr<HttpServerState>& state);

void sweep(const std::shared_ptr<HttpServerState>& state) {
  state->sweep = 0;
  const auto now = state->worker.timers().now();
  // Closing one may run callbacks that end others.
  std::vector<std::shared_ptr<HttpConnection>> all;
  all.reserve(state->connections.size() + state->refused.size());
  for (auto* connection : state->connections) all.push_back(connection->shared_from_this());
  for (auto* connection : state->refused) all.push_back(connection->shared_from_this());
  for (const auto& connection : all) connection->expire(now);
  if (!all.empty()) arm_sweep(state);
}

void arm_sweep(const std::shared_ptr<HttpServerState>& state) {
  if (state->sweep != 0) return;
  state->sweep = state->worker.timers().arm_after(
      sweep_interval(state->limits),
      [weak = std::weak_ptr(state)] {
        if (const auto alive = weak.lock()) sweep(alive);
      }
  );
}

void close_all(HttpServerState& state, bool only_idle) {
  std::vector<std::shared_ptr<HttpConnection>> all;
  for (auto* connection : state.connections) {
    if (!only_idle || connection->idle()) all.push_back(connection->shared_from_this());
  }
  for (auto* connection : state.refused) all.push_back(connection->shared_from_this());
  for (const auto& connection : all) connection->close();
}

awaitable<void> serve(std::shared_ptr<HttpServerState> state, int descriptor) {
  const bool refused = state->connections.size() >= state->limits.connections;
  if (refused && state->refused.size() >= most_refusals) {
    ::close(descriptor);
    co_return;
  }
  auto connection = std::make_shared<HttpConnection>(state, descriptor);
  auto& list = refused ? state->refused : state->connections;
  struct Place {
    std::list<HttpConnection*>& list;
    std::list<HttpConnection*>::iterator at;
    Place(std::list<HttpConnection*>& l, HttpConnection* c) : list(l), at(l.insert(l.end(), c)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { list.erase(at); }
  };
  const Place place(list, connection.get());
  state->open = state->connections.size();
  arm_sweep(state);
  if (refused) {
    co_await connection->refuse();
  } else {
    co_await connection->run();
  }
  // This one is still listed.
  state->open = state->connections.size() - (refused ? 0 : 1);
}

awaitable<void> accept_loop(
    std::shared_ptr<HttpServerState> state, std::shared_ptr<tcp::acceptor> acceptor,
    std::shared_ptr<AbortSource> ended
) {
  while (acceptor->is_open()) {
    const auto [error] = co_await acceptor->async_wait(
        tcp::acceptor::wait_read, asio::as_tuple(asio::use_awaitable)
    );
    if (error || !acceptor->is_open()) break;
    const int descriptor =
        ::accept4(acceptor->native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      state->tasks.spawn(serve(state, descriptor));
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED)
      continue;
    // Out of descriptors or memory: the listener stays readable, so without a pause this would
    // spin.
    core::log::warn("http", "cannot accept a connection: {}", std::strerror(errno));
    auto& timers = state->worker.timers();
    co_await sleep_until(timers, timers.now() + accept_pause, ended.get());
  }
}

Result<tcp::endpoint> listen_address(Worker& worker, std::string host, std::uint16_t port) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty() || host == "*") host = "0.0.0.0";
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (!error) return tcp::endpoint(address, port);
  tcp::resolver resolver(worker.context());
  const auto found = resolver.resolve(host, "", tcp::resolver::passive, error);
  if (error || found.empty()) {
    return fail(Reason::config, fmt::format("cannot listen on {}: no such address", host));
  }
  return tcp::endpoint(found.begin()->endpoint().address(), port);
}

}  // namespace

struct HttpServer::Impl {
  std::shared_ptr<HttpServerState> state;
  std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
  std::shared_ptr<AbortSource> ended = std::make_shared<AbortSource>();

  void stop_accepting() {
    boost::system::error_code ignored;
    for (const auto& acceptor : acceptors) acceptor->close(ignored);
    acceptors.clear();
    ended->abort();
  }
};

HttpServer::HttpServer(Worker& worker, HttpServerLimits limits, HttpHandler handler)
    : impl_(std::make_shared<Impl>()) {
  impl_->state = std::make_shared<HttpServerState>(worker, limits, std::move(handler));
}

HttpServer::~HttpServer() {
  impl_->stop_accepting();
  impl_->state->draining = true;
  close_all(*impl_->state, false);
}

Result<Endpoint> HttpServer::listen(const std::string& host, std::uint16_t port, bool share_port) {
  auto& worker = impl_->state->worker;
  const auto address = listen_address(worker, host, port);
  if (!address) return std::unexpected(address.error());
  auto acceptor = std::make_shared<tcp::acceptor>(worker.executor());
  boost::system::error_code error;
  const auto attempt = [&](auto&& step) {
    if (!error) step();
  };
  acceptor->open(address->protocol(), error);
  attempt([&] { acceptor->set_option(tcp::acceptor::reuse_address(true), error); });
  attempt([&] {
    const int on = 1;
    if (share_port &&
        ::setsockopt(acceptor->native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
      error.assign(errno, boost::system::system_category());
    }
  });
  if (address->address().is_v6()) {
    attempt([&] { acceptor->set_option(boost::asio::ip::v6_only(false), error); });
  }
  // Whoever was waiting may be gone again by the time it would be accepted.
  attempt([&] { acceptor->native_non_blocking(true, error); });
  attempt([&] { acceptor->bind(*address, error); });
  attempt([&] { acceptor->listen(boost::asio::socket_base::max_listen_connections, error); });
  if (error) {
    return fail(Reason::io, fmt::format("cannot listen on {}:{}: {}", host, port, error.message()));
  }
  Endpoint bound{address->address().to_string(), acceptor->local_endpoint().port()};
  impl_->acceptors.push_back(acceptor);
  impl_->state->tasks.spawn(accept_loop(impl_->state, std::move(acceptor), impl_->ended));
  return bound;
}

void HttpServer::drain() {
  impl_->state->draining = true;
  impl_->stop_accepting();
  close_all(*impl_->state, true);
}

awaitable<void> HttpServer::stop() {
  auto impl = impl_;
  drain();
  close_all(*impl->state, false);
  co_await impl->state->tasks.join();
  impl->state->worker.timers().cancel(impl->state->sweep);
  impl->state->sweep = 0;
}

std::size_t HttpServer::connections() const { return impl_->state->open; }

}  // namespace mooring::io
