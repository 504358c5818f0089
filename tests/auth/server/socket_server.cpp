#include "auth/server/socket_server.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace mooring::test_auth {

namespace {

/// `url` at another origin, to the letter: an issuer is compared as a string.
std::string moved(const std::string& url, const std::string& origin) {
  const auto scheme = url.find("://");
  const auto path = scheme == std::string::npos ? scheme : url.find('/', scheme + 3);
  return path == std::string::npos ? origin : origin + url.substr(path);
}

auth::Request read(io::HttpExchange& exchange, const std::string& origin) {
  auth::Request request;
  request.method = exchange.method();
  if (auto url = core::Url::parse(origin + std::string(exchange.target()))) {
    request.url = std::move(*url);
  }
  for (const auto& [name, value] : exchange.headers()) request.headers.emplace_back(name, value);
  request.body = exchange.body();
  return request;
}

}  // namespace

SocketServer::SocketServer(
    ServerOptions authority, ResourceOptions resource, Ports ports, std::uint64_t seed
)
    : random_(seed),
      authority_(random_, std::move(authority)),
      resource_(random_, authority_, std::move(resource)),
      stirred_(background_.worker.executor(), background_.worker.timers()) {
  const bool shared = ports == Ports::one;
  std::string origin;
  first_ = listen(origin, shared, shared);
  authority_.options().issuer = moved(authority_.options().issuer, origin);
  if (!shared) second_ = listen(origin, false, true);
  resource_.options().url = moved(resource_.options().url, origin);
  issuer_ = authority_.issuer();
  mcp_url_ = resource_.url();
  background_.start();
}

SocketServer::~SocketServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  background_.call([this] { stirred_.notify(); });
  for (auto* server : {&first_, &second_}) {
    if (*server == nullptr) continue;
    background_.run((*server)->stop());
    background_.call([server] { server->reset(); });
  }
  background_.stop();
}

std::unique_ptr<io::HttpServer> SocketServer::listen(std::string& origin, bool shared, bool mcp) {
  // The port is part of every URL and known only once it listens; the worker starts after that.
  auto named = std::make_shared<std::string>();
  auto server = std::make_unique<io::HttpServer>(
      background_.worker, io::HttpServerLimits{},
      [this, named, shared, mcp](io::HttpExchange& exchange) {
        return handle(exchange, *named, shared, mcp);
      }
  );
  const auto bound = server->listen("127.0.0.1", 0);
  if (!bound) throw std::runtime_error(bound.error().detail);
  origin = fmt::format("http://127.0.0.1:{}", bound->port);
  *named = origin;
  return server;
}

std::string SocketServer::visit(std::string_view url) {
  const auto at = now();
  return with([&](AuthorizationServer& authority, ProtectedResource&) {
    return authority.visit(url, at);
  });
}

void SocketServer::hold_next(Endpoint endpoint, int times, Hold when) {
  const std::lock_guard lock(mutex_);
  holds_[{endpoint, when}] += times;
}

bool SocketServer::wait_held(int number) {
  std::unique_lock lock(mutex_);
  return happened_.wait_for(lock, patience, [&] { return held_ >= number; });
}

void SocketServer::release() {
  {
    const std::lock_guard lock(mutex_);
    holds_.clear();
    ++releases_;
  }
  background_.call([this] { stirred_.notify(); });
}

auth::SystemTime SocketServer::now() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::system_clock::now() + ahead_;
}

void SocketServer::advance(std::chrono::seconds by) {
  const std::lock_guard lock(mutex_);
  ahead_ += by;
}

std::optional<int> SocketServer::takes_hold(Endpoint endpoint, Hold when) {
  const std::lock_guard lock(mutex_);
  auto& left = holds_[{endpoint, when}];
  if (left == 0) return std::nullopt;
  --left;
  ++held_;
  happened_.notify_all();
  return releases_;
}

/// False: nobody waits for the answer any more.
awaitable<bool> SocketServer::held(io::HttpExchange& exchange, int releases) {
  exchange.on_peer_gone([this] { stirred_.notify(); });
  bool waits = true;
  while (waits && !exchange.peer_gone()) {
    {
      const std::lock_guard lock(mutex_);
      waits = !stopping_ && releases == releases_;
    }
    if (waits) co_await stirred_.wait();
  }
  const std::lock_guard lock(mutex_);
  --held_;
  co_return !stopping_ && !exchange.peer_gone();
}

awaitable<void> SocketServer::handle(
    io::HttpExchange& exchange, std::string origin, bool shared, bool mcp
) {
  const auto request = read(exchange, origin);
  Endpoint endpoint = Endpoint::other;
  bool for_mcp = mcp;
  {
    const std::lock_guard lock(mutex_);
    if (mcp) endpoint = resource_.endpoint_of(request.url);
    if (!mcp || (shared && endpoint == Endpoint::other)) {
      endpoint = authority_.endpoint_of(request.url);
      for_mcp = false;
    }
  }
  if (const auto releases = takes_hold(endpoint, Hold::before)) {
    const bool goes_on = co_await held(exchange, *releases);
    if (!goes_on) co_return exchange.close();
  }
  auth::Reply reply;
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::chrono::system_clock::now() + ahead_;
    reply = for_mcp ? resource_.handle(request, at) : authority_.handle(request, at);
  }
  happened_.notify_all();
  if (const auto releases = takes_hold(endpoint, Hold::after)) {
    const bool goes_on = co_await held(exchange, *releases);
    if (!goes_on) co_return exchange.close();
  }
  if (reply.status == 0) co_return exchange.reset();
  std::vector<io::HeaderField> headers;
  for (const auto& [name, value] : reply.headers) headers.push_back({name, value});
  co_await exchange.respond(reply.status, headers, reply.body);
}

}  // namespace mooring::test_auth
