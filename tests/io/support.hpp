#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "core/manual_timers.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"

/// ASSERT_TRUE for a coroutine, which cannot return from the middle with GoogleTest's own.
#define CO_ASSERT(condition)                      \
  do {                                            \
    const bool co_assert_holds = bool(condition); \
    EXPECT_TRUE(co_assert_holds) << #condition;   \
    if (!co_assert_holds) co_return;              \
  } while (false)

namespace mooring::io::testing {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

/// A worker whose loop turns on the test's own thread.
class Loop {
 public:
  enum class Time { real, manual };

  explicit Loop(Time time = Time::real)
      : manual_(time == Time::manual ? new core::ManualTimers : nullptr),
        worker(0, std::unique_ptr<core::Timers>(manual_)) {}

  /// Turns the loop until `task` has ended.
  void run(awaitable<void> task) {
    bool done = false;
    std::exception_ptr error;
    asio::co_spawn(worker.context(), std::move(task), [&](std::exception_ptr e) {
      done = true;
      error = std::move(e);
    });
    auto work = asio::make_work_guard(worker.context());
    while (!done) worker.context().run_one();
    if (error) std::rethrow_exception(error);
  }

  core::ManualTimers& time() { return *manual_; }

 private:
  core::ManualTimers* manual_;  // owned by the worker

 public:
  Worker worker;
};

/// Lets everything run that can run without news from the kernel.
inline awaitable<void> settle() {
  for (int i = 0; i < 20; ++i) co_await asio::post(asio::use_awaitable);
}

/// One end of a TCP connection, spoken by hand.
class Peer {
 public:
  explicit Peer(tcp::socket s) : socket(std::move(s)) {}

  static awaitable<Peer> connect(std::uint16_t port) {
    tcp::socket s(co_await asio::this_coro::executor);
    co_await s.async_connect({boost::asio::ip::address_v4::loopback(), port}, asio::use_awaitable);
    co_return Peer(std::move(s));
  }

  awaitable<bool> send(std::string text) {
    std::string_view rest = text;
    while (!rest.empty()) {
      auto [error, count] = co_await socket.async_write_some(
          boost::asio::buffer(rest.data(), rest.size()), asio::as_tuple(asio::use_awaitable)
      );
      if (error) co_return false;
      rest.remove_prefix(count);
    }
    co_return true;
  }

  /// Adds what comes next to `read`; false at the end or on a reset.
  awaitable<bool> more() {
    std::array<char, 65536> buffer;
    auto [error, count] = co_await socket.async_read_some(
        boost::asio::buffer(buffer), asio::as_tuple(asio::use_awaitable)
    );
    if (error) {
      reset = error == boost::asio::error::connection_reset;
      co_return false;
    }
    read.append(buffer.data(), count);
    co_return true;
  }

  /// Takes everything up to and with `mark` out of what was read.
  awaitable<std::string> until(std::string mark) {
    for (;;) {
      if (const auto at = read.find(mark); at != std::string::npos)
        co_return take(at + mark.size());
      if (!co_await more()) co_return take(read.size());
    }
  }

  awaitable<std::string> to_end() {
    while (co_await more()) {
    }
    co_return take(read.size());
  }

  /// One message with a Content-Length (or none and no body): head and body.
  awaitable<std::string> message() {
    std::string head = co_await until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    const std::size_t size = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (read.size() < size && co_await more()) {
    }
    head += take(std::min(size, read.size()));
    co_return head;
  }

  std::string take(std::size_t count) {
    std::string taken = read.substr(0, count);
    read.erase(0, count);
    return taken;
  }

  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
  }
  void close_with_reset() {
    socket.set_option(boost::asio::socket_base::linger(true, 0));
    close();
  }

  tcp::socket socket;
  std::string read;
  bool reset = false;
};

/// Accepts connections for a test that plays the server.
class Listener {
 public:
  explicit Listener(Worker& worker, bool v6 = false)
      : acceptor(
            worker.context(), v6 ? tcp::endpoint(boost::asio::ip::address_v6::loopback(), 0)
                                 : tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)
        ) {}

  awaitable<Peer> accept() {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    co_return Peer(std::move(socket));
  }
  std::uint16_t port() const { return acceptor.local_endpoint().port(); }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(path);
  }

  tcp::acceptor acceptor;
};

inline std::string response(
    std::string_view body, std::string_view more_headers = "", int status = 200
) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more_headers) + "\r\n" + std::string(body);
}

}  // namespace mooring::io::testing
