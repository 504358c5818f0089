#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "gateway/gateway.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"
#include "server/bearer.hpp"
#include "server/event_feed.hpp"
#include "server/host_check.hpp"
#include "server/http_door.hpp"
#include "server/sse_door.hpp"
#include "server/status_json.hpp"

namespace mooring::server {

/// The gateway's HTTP front on all workers: who may come in, and which room a path leads to
/// (CONTRACT.md, "HTTP endpoints").
class GatewayServer {
 public:
  GatewayServer(
      std::vector<io::Worker*> workers, gateway::Gateway& gateway,
      const config::GatewayConfig& settings
  );
  ~GatewayServer();

  /// Asked for by POST /api/v1/reload; answers with an error sentence, or nothing. Runs on the
  /// control worker.
  void on_reload(std::function<awaitable<std::string>()> reload) { reload_ = std::move(reload); }

  /// `/mcp` stands for this one server, names untouched. Before `listen`.
  void show_only(std::string server) { only_ = std::move(server); }
  /// Opens the port on every worker. Before the workers run, or on the control worker.
  Result<io::Endpoint> listen(const config::ListenAddress& address);
  /// No new connections and sessions; waits until the requests in hand are answered, at most
  /// `timeout`.
  awaitable<void> drain(core::Duration timeout);
  awaitable<void> stop();
  const std::string& url() const { return url_; }

 private:
  awaitable<void> handle(unsigned worker, io::HttpExchange& exchange);
  /// False: it is no path of MCP.
  std::optional<awaitable<void>> mcp(
      unsigned worker, io::HttpExchange& exchange, std::string_view path, std::string principal
  );
  awaitable<void> admin(unsigned worker, io::HttpExchange& exchange, std::string_view path);
  awaitable<void> api(unsigned worker, io::HttpExchange& exchange, std::string_view path);
  awaitable<void> recoveries(io::HttpExchange& exchange);
  awaitable<void> server_action(io::HttpExchange& exchange, std::string_view rest);
  awaitable<void> metrics(io::HttpExchange& exchange);
  awaitable<GatewayFacts> facts();
  awaitable<std::string> status();
  awaitable<std::vector<std::string>> server_bodies(std::set<std::string> names);
  bool let_in(
      const io::HttpExchange& exchange, int& status, std::string& why, std::string& principal
  ) const;
  std::size_t connections() const;
  std::size_t in_flight() const;

  std::vector<io::Worker*> workers_;
  gateway::Gateway& gateway_;
  HostCheck hosts_;
  Bearer bearer_;
  std::vector<std::unique_ptr<HttpDoor>> doors_;
  std::vector<std::unique_ptr<SseDoor>> sse_doors_;
  std::vector<std::unique_ptr<io::HttpServer>> servers_;
  std::unique_ptr<EventFeed> feed_;
  std::function<awaitable<std::string>()> reload_;
  std::string only_;  ///< what `/mcp` stands for; empty: all servers as one
  std::string url_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::atomic<bool> draining_ = false;
};

}  // namespace mooring::server
