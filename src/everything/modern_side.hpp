#pragma once

#include <map>
#include <string>

#include "everything/world.hpp"
#include "gateway/front.hpp"

namespace mooring::everything {

/// Requests of modern clients (from 2026-07-28): each stands for itself and says who asks. On the
/// worker's thread only.
class ModernSide {
 public:
  explicit ModernSide(World& world) : world_(world) {}

  /// `responder` turns results and errors into those of the era.
  awaitable<void> request(
      gateway::ClientSessionPtr client, protocol::Frame request, gateway::ResponderPtr responder
  );
  void notice(const gateway::ClientSession& client, const protocol::Frame& message);
  void shut_down();

 private:
  awaitable<std::string> run(
      const Tool& tool, SessionPtr session, protocol::Frame request, gateway::ResponderPtr responder
  );
  awaitable<void> listen(
      SessionPtr session, const protocol::Frame& request, gateway::Responder& responder
  );

  World& world_;
  std::multimap<std::string, SessionPtr> running_;  ///< by the key of the client's session
};

}  // namespace mooring::everything
