#include "wire/peer.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace mooring::bench {

namespace {

constexpr int patience_ms = 30'000;
constexpr std::string_view initialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
    R"("capabilities":{},"clientInfo":{"name":"mooring-bench","version":"1"}}})";

}  // namespace

Peer::Peer(Loopback server, std::string path) : server_(std::move(server)), path_(std::move(path)) {
  auto socket = connect_to(server_);
  if (!socket) throw std::runtime_error(socket.error().detail);
  socket_ = std::move(*socket);
}

Peer::Microseconds Peer::exchange(std::string_view body, int expected) {
  const auto message = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
      "Accept: application/json, text/event-stream\r\n{}Content-Length: {}\r\n\r\n{}",
      path_, server_.authority(), session_headers_, body.size(), body
  );
  answer_.reset();
  const auto begin = std::chrono::steady_clock::now();
  write(message);
  while (!answer_.done()) {
    wait(POLLIN);
    read_some();
  }
  const Microseconds took = std::chrono::steady_clock::now() - begin;
  if (answer_.status() == expected) return took;
  throw std::runtime_error(
      fmt::format("{} answers {}: {}", server_.authority(), answer_.status(), answer_.body())
  );
}

Peer::Microseconds Peer::call(std::string_view body) {
  const auto took = exchange(body, 200);
  if (answer_.body().find(R"("result")") != std::string::npos) return took;
  throw std::runtime_error(fmt::format("{} answers {}", server_.authority(), answer_.body()));
}

Peer::Microseconds Peer::open() {
  session_headers_.clear();
  const auto took = exchange(initialize, 200);
  use(std::string(answer_.session_id()));
  return took;
}

void Peer::use(std::string_view id) {
  id_ = id;
  session_headers_ = fmt::format("Mcp-Session-Id: {}\r\nMCP-Protocol-Version: 2025-06-18\r\n", id_);
}

void Peer::listen() {
  answer_.reset();
  write(fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n{}\r\n", path_,
      server_.authority(), session_headers_
  ));
  while (answer_.body().find("\n\n") == std::string::npos) {
    wait(POLLIN);
    read_some();
    if (answer_.done()) throw std::runtime_error(fmt::format("no stream: {}", answer_.status()));
  }
  answer_.drop(answer_.body().size());
}

void Peer::still_listening() {
  while (read_some()) answer_.drop(answer_.body().size());
  if (answer_.done()) throw std::runtime_error("the stream has ended");
}

void Peer::wait(short events) const {
  pollfd ready{socket_.get(), events, 0};
  if (::poll(&ready, 1, patience_ms) != 1) throw std::runtime_error("no answer within 30 s");
}

void Peer::write(std::string_view bytes) const {
  while (!bytes.empty()) {
    wait(POLLOUT);
    const auto size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0) throw std::runtime_error("the connection broke");
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool Peer::read_some() {
  std::array<char, 16 * 1024> buffer;
  const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (size <= 0) throw std::runtime_error("the connection broke");
  answer_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
  return true;
}

}  // namespace mooring::bench
