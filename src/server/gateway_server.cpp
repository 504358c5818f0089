#include "server/gateway_server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mooring/version.hpp>
#include <span>

#include "core/percent.hpp"
#include "core/url.hpp"
#include "protocol/json_scan.hpp"
#include "server/dashboard.hpp"
#include "server/episode_json.hpp"
#include "server/metrics.hpp"
#include "server/recovery_query.hpp"

namespace mooring::server {

using io::HeaderField;
using io::HttpExchange;

namespace {

constexpr std::array json_type = {HeaderField{"Content-Type", "application/json"}};
constexpr std::array text_type = {HeaderField{"Content-Type", "text/plain; charset=utf-8"}};

constexpr std::size_t shown_episodes = 20;  ///< of one server

std::string error_json(std::string_view message) {
  return fmt::format(R"({{"error":{}}})", protocol::quote(message));
}

awaitable<void> turn_away(HttpExchange& exchange, int status, std::string why) {
  const std::array headers = {
      json_type[0], HeaderField{"WWW-Authenticate", R"(Bearer realm="mooring")"}
  };
  const std::span<const HeaderField> all(headers);
  co_await exchange.respond(status, status == 401 ? all : all.first(1), error_json(why));
}

awaitable<void> no_such_path(HttpExchange& exchange) {
  co_await exchange.respond(
      404, json_type,
      error_json("no such path; MCP is at /mcp and /mcp/SERVER, HTTP+SSE at /sse and /sse/SERVER")
  );
}

HttpDoorOptions door_options(const config::GatewayConfig& settings, const std::string& boot) {
  HttpDoorOptions options;
  options.stream_after = settings.stream_after;
  options.keepalive_comment = settings.keepalive_comment;
  options.event_retention = settings.event_retention;
  options.event_bytes = settings.limits.event_bytes;
  options.streams = settings.limits.streams;
  options.json_depth = settings.limits.json_depth;
  options.retry_ms = static_cast<int>(settings.sse_retry.count());
  options.boot = boot;
  return options;
}

SseDoorOptions sse_door_options(const config::GatewayConfig& settings) {
  SseDoorOptions options;
  options.keepalive_comment = settings.keepalive_comment;
  options.unread_bytes = settings.limits.event_bytes;
  options.held_bytes = settings.limits.buffer_bytes;
  // Calls over the limit are refused behind the door; this is for requests that do not count there.
  options.requests = 2 * settings.limits.requests_in_flight;
  options.json_depth = settings.limits.json_depth;
  return options;
}

io::HttpServerLimits server_limits(const config::GatewayConfig& settings) {
  io::HttpServerLimits limits;
  limits.header_bytes = settings.limits.header_bytes;
  limits.body_bytes = settings.limits.request_bytes;
  limits.connections = settings.limits.connections;
  limits.header_timeout = settings.header_timeout;
  limits.body_timeout = settings.body_timeout;
  limits.idle_timeout = settings.idle_timeout;
  limits.write_timeout = settings.write_timeout;
  return limits;
}

}  // namespace

GatewayServer::GatewayServer(
    std::vector<io::Worker*> workers, gateway::Gateway& gateway,
    const config::GatewayConfig& settings
)
    : workers_(std::move(workers)),
      gateway_(gateway),
      hosts_{settings.allowed_hosts, settings.allowed_origins},
      bearer_(settings.tokens) {
  std::vector<HttpDoor*> peers;
  std::vector<SseDoor*> sse_peers;
  for (auto* worker : workers_) {
    const auto index = worker->index();
    doors_.push_back(std::make_unique<HttpDoor>(
        *worker, gateway_.router(index), door_options(settings, gateway_.boot())
    ));
    peers.push_back(doors_.back().get());
    sse_doors_.push_back(
        std::make_unique<SseDoor>(*worker, gateway_.router(index), sse_door_options(settings))
    );
    sse_peers.push_back(sse_doors_.back().get());
    servers_.push_back(std::make_unique<io::HttpServer>(
        *worker, server_limits(settings),
        [this, index](HttpExchange& exchange) { return handle(index, exchange); }
    ));
  }
  for (const auto& door : doors_) door->set_peers(peers);
  for (const auto& door : sse_doors_) door->set_peers(sse_peers);
  feed_ = std::make_unique<EventFeed>(
      *workers_.front(),
      EventFeed::Source{
          [this] { return status(); },
          [this](std::set<std::string> names) { return server_bodies(std::move(names)); }
      },
      settings.keepalive_comment
  );
  gateway_.show_to(feed_.get());
}

GatewayServer::~GatewayServer() { gateway_.show_to(nullptr); }

Result<io::Endpoint> GatewayServer::listen(const config::ListenAddress& address) {
  // Beyond loopback a client may call us by any name, and had to show a token.
  if (!core::is_loopback_host(address.host) && hosts_.allowed_hosts.empty())
    hosts_.allowed_hosts = {"*"};
  auto bound = servers_.front()->listen(address.host, address.port, servers_.size() > 1);
  if (!bound) return bound;
  for (std::size_t i = 1; i < servers_.size(); ++i) {
    const auto shared = servers_[i]->listen(address.host, bound->port, true);
    if (!shared) return shared;
  }
  const bool v6 = address.host.find(':') != std::string::npos;
  url_ = fmt::format("http://{}{}{}:{}", v6 ? "[" : "", address.host, v6 ? "]" : "", bound->port);
  return bound;
}

bool GatewayServer::let_in(
    const HttpExchange& exchange, int& status, std::string& why, std::string& principal
) const {
  if (!hosts_.host_ok(exchange.header("Host"))) {
    status = 403;
    why = "this Host is not served here: add it to gateway.allowed_hosts";
    return false;
  }
  if (!hosts_.origin_ok(exchange.header("Origin"))) {
    status = 403;
    why = "this Origin may not call the gateway: add it to gateway.allowed_origins";
    return false;
  }
  const auto path = exchange.path();
  if (path == "/healthz" || path == "/readyz") return true;
  const auto found = bearer_.principal(exchange.header("Authorization"));
  if (!found) {
    status = 401;
    why = "a bearer token of this gateway is needed";
    return false;
  }
  principal = *found;
  return true;
}

awaitable<void> GatewayServer::handle(unsigned worker, HttpExchange& exchange) {
  int status = 200;
  std::string why, principal;
  if (!let_in(exchange, status, why, principal)) return turn_away(exchange, status, std::move(why));
  const auto path = exchange.path();
  if (auto served = mcp(worker, exchange, path, std::move(principal))) return std::move(*served);
  return admin(worker, exchange, path);
}

/// Nothing where the path is none of MCP's.
std::optional<awaitable<void>> GatewayServer::mcp(
    unsigned worker, HttpExchange& exchange, std::string_view path, std::string principal
) {
  // /mcp and /sse are every server (or the only one), what comes after a slash is the name of one.
  const auto under = [this, path](std::string_view root) -> std::optional<std::string> {
    if (path == root) return only_;
    if (!path.starts_with(root) || path[root.size()] != '/') return std::nullopt;
    const auto name = path.substr(root.size() + 1);
    return name.empty() ? only_ : core::percent_decode(name);
  };
  if (auto endpoint = under("/mcp")) {
    return doors_[worker]->handle(exchange, std::move(*endpoint), std::move(principal));
  }
  if (auto streamed = under("/sse")) {
    return sse_doors_[worker]->stream(exchange, std::move(*streamed), std::move(principal));
  }
  if (path == "/message") return sse_doors_[worker]->message(exchange, std::move(principal));
  return std::nullopt;
}

awaitable<void> GatewayServer::admin(
    unsigned worker, HttpExchange& exchange, std::string_view path
) {
  constexpr std::string_view api_root = "/api/v1/";
  const bool get = exchange.method() == "GET" || exchange.method() == "HEAD";
  if (path.starts_with(api_root)) {
    co_await api(worker, exchange, path.substr(api_root.size()));
  } else if (path == "/healthz" && get) {
    co_await exchange.respond(200, text_type, "ok\n");
  } else if (path == "/readyz" && get) {
    co_await exchange.respond(
        draining_ ? 503 : 200, text_type, draining_ ? "draining\n" : "ready\n"
    );
  } else if (path == "/metrics" && get) {
    co_await metrics(exchange);
  } else if (path == "/" && get) {
    constexpr std::array html = {
        HeaderField{"Content-Type", "text/html; charset=utf-8"},
        HeaderField{"X-Content-Type-Options", "nosniff"},
        HeaderField{
            "Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
        }
    };
    co_await exchange.respond(200, html, dashboard_html());
  } else {
    co_await no_such_path(exchange);
  }
}

awaitable<void> GatewayServer::api(unsigned worker, HttpExchange& exchange, std::string_view path) {
  constexpr std::string_view servers = "servers/";
  const bool get = exchange.method() == "GET" || exchange.method() == "HEAD";
  if (path == "status" && get) {
    co_await exchange.respond(200, json_type, co_await status());
  } else if (path == "recoveries" && get) {
    co_await recoveries(exchange);
  } else if (path == "events" && exchange.method() == "GET") {
    co_await feed_->serve(*workers_[worker], exchange);
  } else if (path == "reload" && exchange.method() == "POST" && reload_) {
    const auto error =
        co_await asio::co_spawn(workers_.front()->executor(), reload_(), asio::use_awaitable);
    co_await exchange.respond(
        error.empty() ? 200 : 422, json_type,
        error.empty() ? R"({"reloaded":true})" : error_json(error)
    );
  } else if (path.starts_with(servers)) {
    co_await server_action(exchange, path.substr(servers.size()));
  } else {
    co_await no_such_path(exchange);
  }
}

awaitable<void> GatewayServer::recoveries(HttpExchange& exchange) {
  auto query = recovery_query(exchange.query());
  if (!query) {
    co_await exchange.respond(400, json_type, error_json(query.error().detail));
    co_return;
  }
  const auto found = co_await gateway_.recoveries(std::move(*query));
  co_await exchange.respond(200, json_type, recoveries_json(found));
}

awaitable<GatewayFacts> GatewayServer::facts() {
  GatewayFacts facts{MOORING_VERSION, url_,
                     ::getpid(),      {},
                     connections(),   co_await gateway_.listening(),
                     draining_};
  facts.uptime =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started_);
  co_return facts;
}

awaitable<std::string> GatewayServer::status() {
  const auto gateway = co_await facts();
  co_return status_json(gateway, co_await gateway_.status());
}

awaitable<std::vector<std::string>> GatewayServer::server_bodies(std::set<std::string> names) {
  std::vector<std::string> bodies;
  for (const auto& server : co_await gateway_.status()) {
    if (names.contains(server.name)) bodies.push_back(server_json(server));
  }
  co_return bodies;
}

awaitable<void> GatewayServer::server_action(HttpExchange& exchange, std::string_view rest) {
  const auto slash = rest.find('/');
  const auto name = core::percent_decode(rest.substr(0, slash));
  const auto action = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  if (action == "reconnect" && exchange.method() == "POST") {
    const bool known = co_await gateway_.reconnect(name);
    co_await exchange.respond(
        known ? 202 : 404, json_type,
        known ? R"({"reconnecting":true})" : error_json("no such server")
    );
    co_return;
  }
  if (!action.empty() || exchange.method() != "GET") {
    co_await no_such_path(exchange);
    co_return;
  }
  const auto all = co_await gateway_.status();
  const auto found = std::ranges::find(all, name, &upstream::Status::name);
  if (found == all.end()) {
    co_await exchange.respond(404, json_type, error_json("no such server"));
    co_return;
  }
  const auto episodes = co_await gateway_.recoveries({.server = name, .limit = shown_episodes});
  co_await exchange.respond(200, json_type, server_json(*found, episodes));
}

awaitable<void> GatewayServer::metrics(HttpExchange& exchange) {
  RequestTotals totals;
  for (unsigned i = 0; i < workers_.size(); ++i) {
    const auto& counters = gateway_.router(i).counters();
    totals.requests += counters.requests.load(std::memory_order_relaxed);
    totals.calls += counters.calls.load(std::memory_order_relaxed);
    totals.call_errors += counters.call_errors.load(std::memory_order_relaxed);
  }
  constexpr std::array type = {
      HeaderField{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}
  };
  const auto gateway = co_await facts();
  const auto servers = co_await gateway_.status();
  co_await exchange.respond(
      200, type, metrics_text(gateway, totals, servers, feed_->totals().totals())
  );
}

std::size_t GatewayServer::connections() const {
  std::size_t sum = 0;
  for (const auto& server : servers_) sum += server->connections();
  return sum;
}

std::size_t GatewayServer::in_flight() const {
  std::size_t sum = 0;
  for (const auto& door : doors_) sum += door->requests_in_flight();
  for (const auto& door : sse_doors_) sum += door->requests_in_flight();
  return sum;
}

awaitable<void> GatewayServer::drain(core::Duration timeout) {
  draining_ = true;
  feed_->close();
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    workers_[i]->post([server = servers_[i].get()] { server->drain(); });
  }
  auto& timers = workers_.front()->timers();
  const auto until = timers.now() + timeout;
  while (in_flight() > 0 && timers.now() < until) {
    co_await io::sleep_until(timers, std::min(until, timers.now() + std::chrono::milliseconds(20)));
  }
}

awaitable<void> GatewayServer::stop() {
  co_await feed_->stop();
  // All of them before any server: a message may wait for the stream of another worker.
  for (std::size_t i = 0; i < sse_doors_.size(); ++i) {
    co_await asio::co_spawn(workers_[i]->executor(), sse_doors_[i]->stop(), asio::use_awaitable);
  }
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto close = [](HttpDoor* door, io::HttpServer* server) -> awaitable<void> {
      // Streams first: their exchanges end by themselves then.
      co_await door->stop();
      co_await server->stop();
    };
    co_await asio::co_spawn(
        workers_[i]->executor(), close(doors_[i].get(), servers_[i].get()), asio::use_awaitable
    );
  }
}

}  // namespace mooring::server
