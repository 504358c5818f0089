// mooring-healing: what a lost session costs one call, seen from outside.
//
// The same call is timed through the gateway twice: on a session that stands, and right after
// mooring-everything forgot all sessions. What the second takes longer is the refusal, the two
// round trips of a new session, and our own work; the three exchanges are timed against the server
// directly, and taken off.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "wire/peer.hpp"
#include "wire/socket.hpp"

namespace mooring::bench {
namespace {

constexpr std::string_view echo =
    R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}})";
constexpr std::string_view forget =
    R"({"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"forget_sessions","arguments":{}}})";

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
  through.exchange(Peer::initialized, 202);
  Series normal{"a call, session stands"}, healing{"a call, session lost"}, refusal{"refusal"},
      opening{"initialize"}, accepting{"initialized"}, own{"own"};
  for (unsigned round = 0; round < rounds; ++round) {
    // What the last round left to do in the background is done by then.
    for (int i = 0; i < 20; ++i) through.call(echo);
    const auto usual = through.call(echo);
    direct.use("a-session-that-never-was");
    const auto refused = direct.exchange(echo, 404);
    const auto opened = direct.open();
    const auto accepted = direct.exchange(Peer::initialized, 202);
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
