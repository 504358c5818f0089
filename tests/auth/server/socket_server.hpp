#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "auth/server/authorization_server.hpp"
#include "auth/server/protected_resource.hpp"
#include "core/random.hpp"
#include "integration/harness/background.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"

namespace mooring::test_auth {

/// Both models on 127.0.0.1, on a thread of their own. Of the URLs in the options only the paths
/// are kept. Every member may be called from any thread but that one.
class SocketServer {
 public:
  enum class Ports {
    one,  ///< the MCP server is its own authorization server's origin, as in 2025-03-26
    two,
  };
  enum class Hold {
    before,  ///< nothing has happened yet
    after,   ///< the work is done, and the answer waits
  };

  explicit SocketServer(
      ServerOptions authority = {}, ResourceOptions resource = {}, Ports ports = Ports::two,
      std::uint64_t seed = 1
  );
  ~SocketServer();
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;

  std::string issuer() const { return issuer_; }    ///< as it was at the start
  std::string mcp_url() const { return mcp_url_; }  ///< likewise

  /// Calls `action(AuthorizationServer&, ProtectedResource&)`; no request is handled meanwhile.
  /// What it returns must not refer to them.
  template <class F>
  auto with(F action) {
    const std::lock_guard lock(mutex_);
    return action(authority_, resource_);
  }
  /// Waits until `holds(AuthorizationServer&, ProtectedResource&)`, looked at after every request.
  /// False: not within 20 s.
  template <class F>
  bool wait_until(F holds) {
    std::unique_lock lock(mutex_);
    return happened_.wait_for(lock, patience, [&] { return holds(authority_, resource_); });
  }
  /// A person opens this URL and agrees; where the browser is sent to.
  std::string visit(std::string_view url);

  /// The next requests stay open until `release`, or until their client leaves.
  void hold_next(Endpoint endpoint, int times = 1, Hold when = Hold::before);
  /// Waits until so many requests are held. False: not within 20 s.
  bool wait_held(int number = 1);
  /// Lets go of all that are held, and forgets what was to be held.
  void release();

  /// The servers' clock: the system's, and what it was advanced by.
  auth::SystemTime now() const;
  void advance(std::chrono::seconds by);

 private:
  static constexpr std::chrono::seconds patience{20};

  awaitable<void> handle(io::HttpExchange& exchange, std::string origin, bool shared, bool mcp);
  awaitable<bool> held(io::HttpExchange& exchange, int releases);
  std::unique_ptr<io::HttpServer> listen(std::string& origin, bool shared, bool mcp);
  /// How many releases there were when this request began to wait; empty: it does not.
  std::optional<int> takes_hold(Endpoint endpoint, Hold when);

  mutable std::mutex mutex_;  ///< guards the models and what follows them
  core::SeededRandom random_;
  AuthorizationServer authority_;
  ProtectedResource resource_;
  std::map<std::pair<Endpoint, Hold>, int> holds_;
  int held_ = 0;
  int releases_ = 0;
  std::chrono::seconds ahead_{0};
  bool stopping_ = false;
  std::condition_variable happened_;

  std::string issuer_, mcp_url_;
  integration::Background background_;
  io::Event stirred_;  ///< on the worker's thread
  std::unique_ptr<io::HttpServer> first_, second_;
};

}  // namespace mooring::test_auth
