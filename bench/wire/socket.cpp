#include "wire/socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace mooring::bench {

namespace {

struct Address {
  sockaddr_storage storage = {};
  socklen_t size = 0;

  sockaddr* get() { return static_cast<sockaddr*>(static_cast<void*>(&storage)); }
  in_addr& v4() { return static_cast<sockaddr_in*>(static_cast<void*>(&storage))->sin_addr; }
  in_port_t& v4_port() { return static_cast<sockaddr_in*>(static_cast<void*>(&storage))->sin_port; }
  in6_addr& v6() { return static_cast<sockaddr_in6*>(static_cast<void*>(&storage))->sin6_addr; }
  in_port_t& v6_port() {
    return static_cast<sockaddr_in6*>(static_cast<void*>(&storage))->sin6_port;
  }
};

bool fill(Address& address, const Loopback& from) {
  if (::inet_pton(AF_INET, from.host.c_str(), &address.v4()) == 1) {
    address.storage.ss_family = AF_INET;
    address.v4_port() = htons(from.port);
    address.size = sizeof(sockaddr_in);
    return (ntohl(address.v4().s_addr) >> 24) == 127;
  }
  if (::inet_pton(AF_INET6, from.host.c_str(), &address.v6()) == 1) {
    address.storage.ss_family = AF_INET6;
    address.v6_port() = htons(from.port);
    address.size = sizeof(sockaddr_in6);
    return IN6_IS_ADDR_LOOPBACK(&address.v6());
  }
  return false;
}

void no_delay(const Fd& fd) {
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::unexpected<Error> failed(std::string_view what, const Loopback& at) {
  return fail(Reason::io, fmt::format("{} {}: {}", what, at.authority(), std::strerror(errno)));
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::string Loopback::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Loopback> parse_loopback(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(Reason::config, fmt::format("{} names no port", authority));
  }
  Loopback found;
  auto host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  found.host = host == "localhost" ? "127.0.0.1" : host;
  const auto digits = authority.substr(colon + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), found.port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return fail(Reason::config, fmt::format("{} is no port", digits));
  }
  if (Address address; !fill(address, found)) {
    return fail(Reason::config, fmt::format("{} is not a loopback address", host));
  }
  return found;
}

Result<Fd> connect_to(const Loopback& to) {
  Address address;
  fill(address, to);
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failed("cannot open a socket for", to);
  no_delay(fd);
  if (::connect(fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    return failed("cannot connect to", to);
  }
  return fd;
}

Result<Fd> listen_at(Loopback& at) {
  Address address;
  fill(address, at);
  Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), SOMAXCONN) != 0 ||
      ::getsockname(fd.get(), address.get(), &address.size) != 0) {
    return failed("cannot listen on", at);
  }
  at.port = ntohs(address.storage.ss_family == AF_INET ? address.v4_port() : address.v6_port());
  return fd;
}

Fd accept_from(const Fd& listener) {
  Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) no_delay(fd);
  return fd;
}

void allow_many_sockets() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace mooring::bench
