#include "soak/upstreams.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

#include "soak/processes.hpp"

namespace mooring::soak {

using integration::everything_program;
using integration::mooring_program;

namespace {

/// Below the range from which the system gives ports to connections: nobody takes it while its
/// owner is away.
std::uint16_t free_port(Dice& dice) {
  for (int tries = 0; tries < 1000; ++tries) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(15'000 + dice.below(15'000)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto* name = static_cast<const void*>(&address);
    const bool free = ::bind(probe, static_cast<const sockaddr*>(name), sizeof address) == 0;
    ::close(probe);
    if (free) return ntohs(address.sin_port);
  }
  throw std::runtime_error("found no free port");
}

std::vector<std::string> everything(
    const std::string& ledger, const std::vector<std::string>& more
) {
  std::vector<std::string> words = {everything_program, "--ledger", ledger};
  words.insert(words.end(), more.begin(), more.end());
  words.emplace_back("--listen");
  return words;
}

std::vector<std::string> chaos(
    std::uint16_t before, const std::vector<std::string>& faults, std::uint64_t seed
) {
  std::vector<std::string> words = {mooring_program, "chaos",
                                    "--upstream",    fmt::format("http://127.0.0.1:{}/mcp", before),
                                    "--seed",        std::to_string(seed)};
  for (const auto& fault : faults) words.insert(words.end(), {"--fault", fault});
  words.emplace_back("--listen");
  return words;
}

}  // namespace

Listener::Listener(std::vector<std::string> words, std::uint16_t port)
    : words_(std::move(words)), port_(port) {}

void Listener::start() {
  auto words = words_;
  words.push_back(fmt::format("127.0.0.1:{}", port_));
  for (int tries = 0; tries < 50; ++tries) {
    process_ = std::make_unique<integration::Process>(words);
    if (!process_->line("listening http://").empty()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  throw std::runtime_error(fmt::format("{} does not start on port {}", words.front(), port_));
}

void Listener::signal(int number) const { process_->signal(number); }

void Listener::end(int number) {
  process_->signal(number);
  process_->wait();
}

HttpUpstream::HttpUpstream(
    HttpPlan plan, const std::filesystem::path& ledgers, Dice& dice, std::uint64_t seed
)
    : plan_(std::move(plan)),
      ledger_((ledgers / plan_.name).string()),
      server_(everything(ledger_, plan_.options), free_port(dice)) {
  if (plan_.faults.empty()) return;
  chaos_ = std::make_unique<Listener>(chaos(server_.port(), plan_.faults, seed), free_port(dice));
}

std::string HttpUpstream::config() const {
  const auto port = chaos_ ? chaos_->port() : server_.port();
  return fmt::format(R"("{}":{{"url":"http://127.0.0.1:{}/mcp"}})", plan_.name, port);
}

void HttpUpstream::start() {
  server_.start();
  if (chaos_) chaos_->start();
}

void HttpUpstream::calm() {
  server_.end(SIGKILL);
  server_.become(everything(ledger_, {}));
  server_.start();
  if (!chaos_) return;
  chaos_->end(SIGKILL);
  chaos_->become(chaos(server_.port(), {}, 0));
  chaos_->start();
}

StdioUpstream::StdioUpstream(std::string name, const std::filesystem::path& ledgers)
    : name_(std::move(name)), ledger_((ledgers / name_).string()) {}

std::string StdioUpstream::config() const {
  return fmt::format(
      R"("{}":{{"command":"{}","args":["--stdio","--ledger","{}"]}})", name_, everything_program,
      ledger_
  );
}

std::vector<pid_t> StdioUpstream::children() const {
  auto found = with_word(ledger_);
  std::erase_if(found, [](pid_t pid) { return program(pid) != everything_program; });
  return found;
}

Upstreams::Upstreams(const std::filesystem::path& ledgers, std::uint64_t seed) {
  Dice dice(seed, 1);
  const std::vector<HttpPlan> plans = {
      {"dropping", {"--drop-every", "7", "--expiry-dialect", "python-404"}, {}},
      {"forgetful", {"--session-ttl", "0.3", "--expiry-dialect", "ts-400-no-valid-session"}, {}},
      {"restarted", {"--strict-init", "--page-size", "10", "--stream-response"}, {}},
      {"weather",
       {"--expiry-dialect", "go-404-text"},
       {"expire:every=6s,dialect=rmcp-401", "expire:every=11s,dialect=php-200-sse",
        "reset-after:p=0.01,method=tools/call", "reset-before:p=0.01", "stale:p=0.005",
        "delay:by=80ms,p=0.1", "error-session:p=0.003"}},
      {"stormy",
       {"--drop-every", "13"},
       {"restart:every=19s,down=1500ms", "429:every=17s,retry-after=1s", "5xx:p=0.01",
        "cut:p=0.05,method=tools/call", "hang:p=0.002,for=8s", "truncate:p=0.01", "garbage:p=0.005",
        "html:p=0.005", "wrong-id:p=0.003", "401:p=0.002"}},
  };
  for (const auto& plan : plans) {
    http.push_back(std::make_unique<HttpUpstream>(plan, ledgers, dice, seed));
  }
  for (const char* name : {"child_a", "child_b", "child_c"}) stdio.emplace_back(name, ledgers);
}

std::vector<std::string> Upstreams::names() const {
  std::vector<std::string> all;
  for (const auto& each : http) all.push_back(each->name());
  for (const auto& each : stdio) all.push_back(each.name());
  return all;
}

std::string Upstreams::config() const {
  std::string servers;
  for (const auto& each : http) servers += each->config() + ",";
  for (const auto& each : stdio) servers += each.config() + ",";
  servers.pop_back();
  return fmt::format(
      R"({{"timeout":"6s","timeout_max":"10s","connect_timeout":"5s",
"recovery":{{"wait":"4s","queue_wait":"2s"}},"breaker":{{"cooldown":"3s"}},"keepalive_interval":"5s",
"reconnect":{{"backoff_max":"3s","parked_interval":"10s"}},
"gateway":{{"listen":"127.0.0.1:0","threads":2,"event_retention":"20s","log":{{"level":"info"}}}},
"mcpServers":{{{}}}}})",
      servers
  );
}

}  // namespace mooring::soak
