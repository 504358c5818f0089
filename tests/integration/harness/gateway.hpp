#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authenticator.hpp"
#include "core/seal.hpp"
#include "gateway/gateway.hpp"
#include "harness/background.hpp"
#include "harness/client.hpp"
#include "server/gateway_server.hpp"
#include "store/history_store.hpp"
#include "store/session_store.hpp"
#include "support/temporary_directory.hpp"
#include "transport/factory.hpp"

namespace mooring::integration {

struct GatewayOptions {
  unsigned workers = 1;
  core::SealKey key{1, 2, 3};
  Background::Time time = Background::Time::real;
  core::ProxySettings proxies = {};
  std::filesystem::path state_dir = {};  ///< of an earlier gateway; empty: a fresh one
};

/// The gateway in this process, each worker on a thread of its own, on a free port of 127.0.0.1.
/// Put together as `mooring serve` does it.
class TestGateway {
 public:
  /// `config`: what a configuration file would hold.
  explicit TestGateway(std::string_view config, GatewayOptions options = {});
  ~TestGateway();
  TestGateway(const TestGateway&) = delete;
  TestGateway& operator=(const TestGateway&) = delete;

  const std::string& url() const { return server_->url(); }
  std::string mcp(std::string_view server = {}) const;
  std::uint16_t port() const { return port_; }
  const std::filesystem::path& state_dir() const { return state_dir_; }
  /// What sign-ins are kept in.
  auth::CredentialStore& credentials() { return *credentials_; }
  /// What a reload does.
  void apply(std::string_view config);
  /// As SIGTERM does, without waiting for calls in hand. The destructor does it otherwise.
  void stop();
  void advance(core::Duration by);
  /// What authenticators are told the time is, ahead of the system's clock.
  void advance_wall_clock(std::chrono::seconds by) { *ahead_ += by.count(); }

  json::value status(const std::string& server);
  /// Asks for the status until it fits.
  json::value wait_status(
      const std::string& server, const std::function<bool(const json::value&)>& fits
  );
  json::value wait_state(const std::string& server, std::string_view state);

 private:
  test::TemporaryDirectory own_state_;
  std::filesystem::path state_dir_;
  Client admin_;
  std::vector<std::unique_ptr<Background>> workers_;
  std::unique_ptr<transport::SystemChannels> channels_;
  std::unique_ptr<store::SessionStore> store_;
  std::unique_ptr<store::HistoryStore> history_;
  std::shared_ptr<auth::CredentialStore> credentials_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<server::GatewayServer> server_;
  std::shared_ptr<std::atomic<long long>> ahead_ = std::make_shared<std::atomic<long long>>(0);
  std::uint16_t port_ = 0;
};

/// A configuration with servers under these names, one line of JSON each.
std::string servers(std::initializer_list<std::pair<std::string, std::string>> each);
/// …with a `gateway` section, too.
std::string servers(
    std::string_view gateway, std::initializer_list<std::pair<std::string, std::string>> each
);

}  // namespace mooring::integration
