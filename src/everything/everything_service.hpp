#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "everything/modern_side.hpp"
#include "everything/world.hpp"
#include "gateway/front.hpp"

namespace mooring::everything {

/// The MCP side of mooring-everything: sessions and what they are told up to 2025-11-25; requests
/// of later revisions go to the ModernSide. One endpoint, "". On the worker's thread only.
class EverythingService final : public gateway::Service {
 public:
  /// `world` outlives the service.
  explicit EverythingService(World& world);
  ~EverythingService() override;

  awaitable<gateway::Opened> open(
      protocol::Frame initialize, std::string endpoint, std::string principal
  ) override;
  gateway::ClientSessionPtr find(std::string_view id) override;
  awaitable<void> request(
      gateway::ClientSessionPtr client, protocol::Frame request, gateway::ResponderPtr responder
  ) override;
  void notice(gateway::ClientSessionPtr client, protocol::Frame message) override;
  void listen(gateway::ClientSessionPtr client, gateway::Outbox outbox) override;
  void unlisten(gateway::ClientSessionPtr client) override;
  void end(gateway::ClientSessionPtr client) override;
  bool has_endpoint(std::string_view endpoint) override { return endpoint.empty(); }

  /// Called after `--drop-every` has forgotten all sessions: a server that restarts cuts its
  /// streams, too.
  void on_drop(std::function<void()> told) { on_drop_ = std::move(told); }
  /// Cancels what runs, so that the doors can close.
  void shut_down();

 private:
  awaitable<std::string> run_tool(
      ToolHandler run, SessionPtr session, protocol::Frame request, gateway::ResponderPtr responder
  );
  void drop_later();

  World& world_;
  ModernSide modern_;
  core::Timers::Id dropping_ = 0;
  std::function<void()> on_drop_;
};

}  // namespace mooring::everything
