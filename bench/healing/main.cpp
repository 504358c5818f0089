// mooring-healing: what a lost session costs one call, seen from outside.
//
// The same call is timed through the gateway twice: on a session that stands, and right after
// mooring-everything forgot all sessions. What the second takes longer is the refusal, the two
// round trips of a new session, and our own work; the three exchanges are timed against the server
// directly, and taken off.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wire/http_message.hpp"
#include "wire/socket.hpp"

namespace mooring::bench {
namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::string_view initialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
    R"("capabilities":{},"clientInfo":{"name":"mooring-healing","version":"1"}}})";
constexpr std::string_view initialized =
    R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
constexpr std::string_view echo =
    R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}})";
constexpr std::string_view forget =
    R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"forget_sessions","arguments":{}}})";

/// One connection, one exchange at a time.
class Peer {
 public:
  Peer(Loopback server, std::string path) : server_(std::move(server)), path_(std::move(path)) {
    auto socket = connect_to(server_);
    if (!socket) throw std::runtime_error(socket.error().detail);
    socket_ = std::move(*socket);
  }

  /// Sends a message and reads the answer; how long that took.
  Microseconds exchange(std::string_view body, int expected) {
    const auto message = fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\n{}Content-Length: {}\r\n\r\n{}",
        path_, server_.authority(), session_, body.size(), body
    );
    answer_.reset();
    const auto begin = std::chrono::steady_clock::now();
    write(message);
    read();
    const Microseconds took = std::chrono::steady_clock::now() - begin;
    if (answer_.status() == expected) return took;
    throw std::runtime_error(
        fmt::format("{} answers {}: {}", server_.authority(), answer_.status(), answer_.body())
    );
  }

  /// A call that must succeed.
  Microseconds call(std::string_view body) {
    const auto took = exchange(body, 200);
    if (answer_.body().find(R"("result")") != std::string::npos) return took;
    throw std::runtime_error(fmt::format("{} answers {}", server_.authority(), answer_.body()));
  }

  Microseconds open() {
    session_.clear();
    const auto took = exchange(initialize, 200);
    use(answer_.session_id());
    return took;
  }
  void use(std::string_view id) {
    session_ = fmt::format("Mcp-Session-Id: {}\r\nMCP-Protocol-Version: 2025-06-18\r\n", id);
  }

 private:
  void wait(short events) const {
    pollfd ready{socket_.get(), events, 0};
    if (::poll(&ready, 1, 30'000) != 1) throw std::runtime_error("no answer within 30 s");
  }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      wait(POLLOUT);
      const auto size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (size < 0) throw std::runtime_error("the connection broke");
      bytes.remove_prefix(static_cast<std::size_t>(size));
    }
  }
  void read() {
    std::string buffer(65536, '\0');
    while (!answer_.done()) {
      wait(POLLIN);
      const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
      if (size <= 0) throw std::runtime_error("the connection broke");
      answer_.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(size)));
    }
  }

  Loopback server_;
  std::string path_;
  Fd socket_;
  std::string session_;
  HttpMessage answer_{HttpMessage::Kind::response};
};

struct Series {
  const char* name;
  std::vector<double> values = {};

  double percentile(double p) {
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
  }
};

void run(const Loopback& gateway, const Loopback& server, unsigned rounds) {
  Peer through(gateway, "/mcp/everything");
  Peer direct(server, "/mcp");
  through.open();
  through.exchange(initialized, 202);
  Series normal{"a call, session stands"}, healing{"a call, session lost"}, refusal{"refusal"},
      opening{"initialize"}, accepting{"initialized"}, own{"own"};
  for (unsigned round = 0; round < rounds; ++round) {
    // What the last round left to do in the background is done by then.
    for (int i = 0; i < 20; ++i) through.call(echo);
    const auto usual = through.call(echo);
    direct.use("a-session-that-never-was");
    const auto refused = direct.exchange(echo, 404);
    const auto opened = direct.open();
    const auto accepted = direct.exchange(initialized, 202);
    direct.call(forget);
    const auto healed = through.call(echo);
    normal.values.push_back(usual.count());
    healing.values.push_back(healed.count());
    refusal.values.push_back(refused.count());
    opening.values.push_back(opened.count());
    accepting.values.push_back(accepted.count());
    own.values.push_back((healed - usual - refused - opened - accepted).count());
  }
  fmt::print("{:<24} {:>9} {:>9} {:>9}   ({} rounds)\n", "µs", "p50", "p90", "p99", rounds);
  for (auto* each : {&normal, &healing, &refusal, &opening, &accepting, &own}) {
    fmt::print(
        "{:<24} {:>9.0f} {:>9.0f} {:>9.0f}\n", each->name, each->percentile(0.5),
        each->percentile(0.9), each->percentile(0.99)
    );
  }
}

}  // namespace
}  // namespace mooring::bench

int main(int argc, char** argv) {
  using namespace mooring::bench;
  unsigned rounds = 0;
  const std::string_view wanted = argc == 4 ? argv[3] : "";
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), rounds);
  if (rounds == 0) {
    fmt::print(
        stderr,
        "usage: mooring-healing GATEWAY SERVER ROUNDS (HOST:PORT each); bench/recovery runs it\n"
    );
    return 2;
  }
  const auto gateway = parse_loopback(argv[1]);
  const auto server = parse_loopback(argv[2]);
  if (!gateway || !server) {
    fmt::print(stderr, "mooring-healing: {}\n", (gateway ? server : gateway).error().detail);
    return 2;
  }
  try {
    run(*gateway, *server, rounds);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mooring-healing: {}\n", error.what());
    return 1;
  }
}
