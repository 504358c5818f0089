#pragma once

#include <cstdint>
#include <mooring/result.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace mooring::bench {

/// A file descriptor and nothing else.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// An address on this machine: 127.0.0.0/8, ::1 or localhost. There is no other kind here, so that
/// a mistyped address never puts load on somebody's server.
struct Loopback {
  std::string host;  ///< numeric, without brackets
  std::uint16_t port = 0;

  std::string authority() const;
};

/// `HOST:PORT`.
Result<Loopback> parse_loopback(std::string_view authority);

/// Begins to connect; the socket is non-blocking and has TCP_NODELAY.
Result<Fd> connect_to(const Loopback& to);
/// Listens; `at.port` becomes the port that was taken.
Result<Fd> listen_at(Loopback& at);
/// The next connection, non-blocking and with TCP_NODELAY; invalid when none waits.
Fd accept_from(const Fd& listener);
/// As many sockets as the hard limit of this process lets it have.
void allow_many_sockets();

}  // namespace mooring::bench
