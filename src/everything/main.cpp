#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>

#include "core/log.hpp"
#include "core/random.hpp"
#include "everything/command_line.hpp"
#include "everything/http_front.hpp"
#include "io/async.hpp"
#include "io/signals.hpp"
#include "io/worker.hpp"
#include "server/http_door.hpp"
#include "server/sse_door.hpp"
#include "server/stdio_door.hpp"

namespace mooring::everything {
namespace {

constexpr std::size_t longest_line = std::size_t{64} << 20;

/// The process: one worker on the main thread.
class Program {
 public:
  explicit Program(const CommandLine& line)
      : line_(line),
        worker_(0),
        world_(worker_.executor(), worker_.timers(), core::system_random(), line.options),
        service_(world_) {
    world_.crash = [] { std::_Exit(3); };
  }

  int run() {
    if (!open_ledger() || (!line_.stdio && !open_http())) return 1;
    asio::co_spawn(worker_.executor(), serve(), [this](const std::exception_ptr& thrown) {
      if (thrown) failed_ = true;
      worker_.stop();
    });
    worker_.run();
    return failed_ ? 1 : 0;
  }

 private:
  bool open_ledger() {
    if (line_.options.ledger.empty()) return true;
    auto opened = world_.ledger.open(line_.options.ledger);
    if (!opened) fmt::print(stderr, "mooring-everything: {}\n", opened.error().detail);
    return opened.has_value();
  }

  bool open_http() {
    server::HttpDoorOptions options;
    options.retry_ms = 500;
    options.always_stream = line_.always_stream;
    options.json_only = line_.options.json_response;
    http_door_.emplace(worker_, service_, options);
    sse_door_.emplace(worker_, service_, server::SseDoorOptions{});
    service_.on_drop([this] {
      http_door_->end_listening();
      sse_door_->end_streams();
    });
    front_.emplace(
        world_, service_, *chaos::find_expiry_dialect(line_.options.expiry_dialect),
        server::HostCheck{line_.allowed_hosts, {}},
        [this](io::HttpExchange& exchange) { return http_door_->handle(exchange, "", ""); },
        [this](io::HttpExchange& exchange) {
          if (exchange.path() == "/message") return sse_door_->message(exchange, "");
          return sse_door_->stream(exchange, "", "");
        }
    );
    http_server_.emplace(worker_, io::HttpServerLimits{}, [this](io::HttpExchange& exchange) {
      return front_->handle(exchange);
    });
    auto bound = http_server_->listen(line_.host, line_.port);
    if (!bound) {
      fmt::print(stderr, "mooring-everything: {}\n", bound.error().detail);
      return false;
    }
    bool v6 = bound->host.find(':') != std::string::npos;
    fmt::print(
        stderr, "listening http://{}{}{}:{}\n", v6 ? "[" : "", bound->host, v6 ? "]" : "",
        bound->port
    );
    std::fflush(stderr);
    return true;
  }

  awaitable<void> serve() {
    io::Signals signals(worker_, {SIGTERM, SIGINT});
    if (line_.stdio) {
      server::StdioDoor door(worker_, service_, "", longest_line);
      io::TaskGroup watching(worker_.executor());
      watching.spawn(stop_on_signal(signals, door));
      co_await door.run();
      signals.stop();
      co_await watching.join();
      // What nobody can ask for any more.
      service_.shut_down();
      co_await world_.tasks.join();
      co_return;
    }
    co_await signals.next();
    service_.shut_down();
    http_server_->drain();
    co_await sse_door_->stop();
    co_await http_door_->stop();
    co_await http_server_->stop();
    co_await world_.tasks.join();
  }

  awaitable<void> stop_on_signal(io::Signals& signals, server::StdioDoor& door) {
    if (co_await signals.next() == 0) co_return;
    service_.shut_down();
    door.stop();
  }

  const CommandLine& line_;
  io::Worker worker_;
  World world_;
  EverythingService service_;
  std::optional<server::HttpDoor> http_door_;
  std::optional<server::SseDoor> sse_door_;
  std::optional<HttpFront> front_;
  std::optional<io::HttpServer> http_server_;
  bool failed_ = false;
};

}  // namespace
}  // namespace mooring::everything

int main(int argc, char** argv) {
  using namespace mooring;
  auto parsed = everything::parse_command_line(argc, argv);
  if (!parsed.line) return parsed.exit_code;
  core::log::Level level{};
  if (!core::log::parse_level(parsed.line->log_level, level)) {
    fmt::print(stderr, "mooring-everything: unknown log level {}\n", parsed.line->log_level);
    return 2;
  }
  core::log::configure(level, core::log::Format::text);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return everything::Program(*parsed.line).run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "mooring-everything: {}\n", error.what());
    return 1;
  }
}
