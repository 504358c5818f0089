#include "chaos/proxy.hpp"

#include <fmt/format.h>

#include <map>

#include "chaos/pass.hpp"
#include "core/log.hpp"
#include "core/percent.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::chaos {
namespace {

constexpr std::string_view control_path = "/chaos";
constexpr core::Duration listen_again = std::chrono::milliseconds(50);

io::HttpServerLimits limits() {
  io::HttpServerLimits all;
  all.body_bytes = std::size_t{64} << 20;  // what is too large is the upstream's to say
  return all;
}

bool is_control(std::string_view path) {
  return path == control_path || path.starts_with("/chaos/");
}

awaitable<void> say(io::HttpExchange& exchange, int status, std::string_view json) {
  co_await exchange.respond(status, {{"Content-Type", "application/json"}}, json);
}

std::string error_json(std::string_view text) {
  return fmt::format("{{\"error\":{}}}\n", protocol::quote(text));
}

}  // namespace

Proxy::Proxy(io::Worker& worker, ProxyOptions options, Tell tell)
    : engine_(worker, std::move(options), std::move(tell)), tasks_(worker.executor()) {}

Proxy::~Proxy() = default;

Result<io::Endpoint> Proxy::open() {
  server_.emplace(engine_.worker, limits(), [this](io::HttpExchange& exchange) {
    return handle(exchange);
  });
  return server_->listen(host_, port_);
}

Result<io::Endpoint> Proxy::listen(const std::string& host, std::uint16_t port) {
  host_ = host;
  port_ = port;
  auto bound = open();
  if (!bound) return bound;
  port_ = bound->port;
  tasks_.spawn(clock());
  return bound;
}

awaitable<void> Proxy::stop() {
  stopped_.abort();
  co_await tasks_.join();
  if (server_) co_await server_->stop();
  server_.reset();
}

/// Faults that no request brings about.
awaitable<void> Proxy::clock() {
  auto& timers = engine_.worker.timers();
  while (!stopped_.aborted()) {
    for (const auto index : engine_.plan.on_time(timers.now())) engine_.strike(index);
    if (engine_.down_until) {
      co_await fall();
    } else {
      co_await engine_.wake.wait(engine_.plan.next_time(), &stopped_);
    }
  }
}

awaitable<void> Proxy::fall() {
  auto& timers = engine_.worker.timers();
  co_await server_->stop();
  server_.reset();
  co_await io::sleep_until(timers, *engine_.down_until, &stopped_);
  for (bool told = false; !stopped_.aborted();) {
    const auto bound = open();
    if (bound) break;
    server_.reset();
    if (!told) core::log::warn("chaos", "{}; trying again", bound.error().detail);
    told = true;
    co_await io::sleep_until(timers, timers.now() + listen_again, &stopped_);
  }
  engine_.down_until.reset();
}

awaitable<void> Proxy::handle(io::HttpExchange& exchange) {
  const auto& host_ok = engine_.options.host_ok;
  if (host_ok && !host_ok(exchange.header("Host"))) {
    co_return co_await say(exchange, 403, error_json("this Host is not allowed"));
  }
  if (engine_.options.control && is_control(exchange.path())) {
    co_return co_await control(exchange);
  }
  Pass pass(engine_, exchange);
  co_await pass.run();
}

// ---- the control endpoint

awaitable<void> Proxy::control(io::HttpExchange& exchange) {
  // No web page either: it would come with an Origin.
  if (!core::is_loopback_host(exchange.remote_address()) || exchange.has_header("Origin")) {
    co_return co_await say(exchange, 403, error_json("control is for local programs alone"));
  }
  const bool status = exchange.path() == control_path;
  if (exchange.method() != (status ? "GET" : "POST")) {
    co_return co_await say(exchange, 405, error_json("GET /chaos or POST /chaos/FAULT"));
  }
  if (status) co_return co_await say(exchange, 200, status_json() + "\n");
  const auto text = core::percent_decode(exchange.path().substr(control_path.size() + 1));
  const auto injected = inject(text);
  if (!injected) co_return co_await say(exchange, 400, error_json(injected.error().detail));
  co_await say(
      exchange, 200,
      fmt::format(
          "{{\"fault\":{},\"injected\":{}}}\n", protocol::quote(text),
          *injected ? "true" : "\"at the next request that fits\""
      )
  );
  // Only now: a server that goes down takes the answer with it.
  engine_.wake.notify();
}

/// True: it has struck. False: it strikes at the next request that fits.
Result<bool> Proxy::inject(const std::string& text) {
  auto fault = parse_fault(text);
  if (!fault) return std::unexpected(fault.error());
  if (fault->probability || fault->every_requests > 0 || fault->every.count() > 0 || fault->once) {
    return fail(Reason::usage, "by hand a fault strikes once: p, every and once say nothing");
  }
  const bool by_itself = fault->kind == FaultKind::expire || fault->kind == FaultKind::restart ||
                         fault->kind == FaultKind::cut;
  const bool at_once = by_itself && (fault->methods.empty() || fault->kind == FaultKind::cut);
  const auto index = engine_.plan.arm(std::move(*fault));
  if (!index) return fail(Reason::usage, "the same fault already waits for its request");
  if (!at_once) return false;
  engine_.plan.take(*index);
  return engine_.strike(*index);
}

// ---- accounts

std::string Proxy::status_json() const {
  std::string faults;
  for (const auto& entry : engine_.plan.entries()) {
    fmt::format_to(
        std::back_inserter(faults),
        "{}{{\"fault\":{},\"by_hand\":{},\"fitting\":{},\"injected\":{},\"waiting\":{}}}",
        faults.empty() ? "" : ",", protocol::quote(entry.fault.text), entry.by_hand, entry.fitting,
        entry.injected, entry.due
    );
  }
  return fmt::format(
      "{{\"upstream\":{},\"seed\":{},\"uptime_ms\":{},\"requests\":{},\"sessions\":{{\"open\":{},"
      "\"begun\":{}}},\"faults\":[{}]}}",
      protocol::quote(engine_.options.upstream.text()), engine_.options.seed, engine_.age().count(),
      engine_.requests, engine_.sessions.size(), engine_.sessions.begun(), faults
  );
}

std::string Proxy::summary() const {
  std::map<std::string_view, std::uint64_t> by_name;
  for (const auto& entry : engine_.plan.entries()) {
    if (entry.injected > 0) by_name[name_of(entry.fault.kind)] += entry.injected;
  }
  std::string all;
  for (const auto& [name, count] : by_name) {
    fmt::format_to(std::back_inserter(all), "{}{} {}", all.empty() ? "" : ", ", name, count);
  }
  const auto plural = [](std::uint64_t count) { return count == 1 ? "" : "s"; };
  const auto begun = engine_.sessions.begun();
  return fmt::format(
      "{} request{}, {} session{}; injected: {}", engine_.requests, plural(engine_.requests), begun,
      plural(begun), all.empty() ? "nothing" : all
  );
}

}  // namespace mooring::chaos
