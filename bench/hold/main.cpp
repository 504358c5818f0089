// mooring-hold: many clients that do nothing, and what each of them costs the gateway.
//
// Opens them one after the other, each with a first call, leaves them alone, and then has every
// one of them call again.
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "load/process_watch.hpp"
#include "wire/peer.hpp"
#include "wire/socket.hpp"

namespace mooring::bench {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::string_view usage =
    R"(mooring-hold URL KIND N SECONDS PID [MOST]: N idle clients of the gateway with process id PID.

KIND  connections  keep-alive connections of one session
      sessions     sessions that take turns on a few connections
      streams      sessions that listen, each with a stream of its own
MOST  bytes of resident memory that each may cost; more: exit code 1
)";

constexpr std::string_view echo =
    R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{}}})";
constexpr unsigned shared_connections = 16;  ///< that sessions take turns on

struct Order {
  Loopback server;
  std::string path = "/mcp";
  std::string kind;
  unsigned count = 0;
  unsigned seconds = 0;
  int watched = 0;
  std::uint64_t most = 0;  ///< 0: as much as it likes
};

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && at == text.data() + text.size();
}

std::optional<Order> parse(int argc, char** argv) {
  if (argc != 6 && argc != 7) return std::nullopt;
  Order order;
  std::string_view url = argv[1];
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return std::nullopt;
  url.remove_prefix(scheme.size());
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    order.path = url.substr(slash);
    url = url.substr(0, slash);
  }
  const auto server = parse_loopback(url);
  if (!server) return std::nullopt;
  order.server = *server;
  order.kind = argv[2];
  const bool numbers = read_number(argv[3], order.count) && read_number(argv[4], order.seconds) &&
                       read_number(argv[5], order.watched) &&
                       (argc == 6 || read_number(argv[6], order.most));
  if (!numbers || order.count < 2 || order.count > 50'000) return std::nullopt;
  return order;
}

/// What is held: clients number 0 to N - 1.
class Held {
 public:
  explicit Held(const Order& order) : order_(order) {
    // One connection alone: the gateway has a limit, and all of it is wanted.
    const auto shared = order.kind == "connections" ? 1 : shared_connections;
    for (unsigned i = 0; i < shared; ++i) shared_.emplace_back(order.server, order.path);
    for (auto& peer : shared_) open(peer);
  }

  void begin(unsigned number) {
    if (order_.kind == "connections") {
      const auto session = own_.empty() ? shared_.front().session() : own_.front().session();
      shared_.clear();
      own_.emplace_back(order_.server, order_.path);
      own_.back().use(session);
      own_.back().call(echo);
      return;
    }
    auto& peer = shared_[number % shared_connections];
    open(peer);
    ids_.push_back(peer.session());
    if (order_.kind != "streams") return;
    own_.emplace_back(order_.server, order_.path);
    own_.back().use(ids_.back());
    own_.back().listen();
  }

  void call_again(unsigned number) {
    if (order_.kind == "connections") {
      own_[number].call(echo);
      return;
    }
    auto& peer = shared_[number % shared_connections];
    peer.use(ids_[number]);
    peer.call(echo);
    if (order_.kind == "streams") own_[number].still_listening();
  }

 private:
  static void open(Peer& peer) {
    peer.open();
    peer.exchange(Peer::initialized, 202);
    peer.call(echo);
  }

  const Order& order_;
  std::vector<Peer> shared_;
  std::vector<Peer> own_;
  std::vector<std::string> ids_;
};

ProcessUse use_of(int process) {
  const auto use = use_of_process(process);
  if (!use) throw std::runtime_error(fmt::format("process {} has ended", process));
  return *use;
}

void rest(unsigned seconds) {
  const timespec time = {.tv_sec = seconds, .tv_nsec = 0};
  ::nanosleep(&time, nullptr);
}

Seconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::steady_clock::now() - begin;
}

double megabytes(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

/// True: within `most`.
bool run(const Order& order) {
  Held held(order);
  const auto before = use_of(order.watched);
  const auto begin = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < order.count; ++i) held.begin(i);
  const auto opening = since(begin);
  rest(1);  // what the last of them left to do
  const auto idle = use_of(order.watched);
  rest(order.seconds);
  const auto after = use_of(order.watched);
  const auto called = std::chrono::steady_clock::now();
  for (unsigned i = 0; i < order.count; ++i) held.call_again(i);
  const auto calling = since(called);
  const auto end = use_of(order.watched);

  const auto grown = after.rss_bytes > before.rss_bytes ? after.rss_bytes - before.rss_bytes : 0;
  const auto each = grown / order.count;
  fmt::print(
      "{} {}: {:.1f} KB of RSS each ({:.1f} MB, before {:.1f} MB), CPU while idle {:.2f} %; "
      "opened in {:.1f} s, all called again in {:.1f} s, then {:.1f} MB\n",
      order.count, order.kind, static_cast<double>(each) / 1024.0, megabytes(after.rss_bytes),
      megabytes(before.rss_bytes),
      100 * (after.cpu_seconds - idle.cpu_seconds) / std::max(order.seconds, 1U), opening.count(),
      calling.count(), megabytes(end.rss_bytes)
  );
  return order.most == 0 || each <= order.most;
}

}  // namespace
}  // namespace mooring::bench

int main(int argc, char** argv) {
  using namespace mooring::bench;
  const auto order = parse(argc, argv);
  const bool known = order && (order->kind == "connections" || order->kind == "sessions" ||
                               order->kind == "streams");
  if (!known) {
    fmt::print(stderr, "{}", usage);
    return 2;
  }
  try {
    allow_many_sockets();
    if (run(*order)) return 0;
    fmt::print(stderr, "mooring-hold: more than {} bytes each\n", order->most);
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mooring-hold: {}\n", error.what());
    return 1;
  }
}
