// Servers with which each client has a session of its own (`sessions: per_client`).
#include "gateway/own_sessions.hpp"
#include "gateway/router.hpp"
#include "protocol/messages.hpp"

namespace mooring::gateway {

namespace {
constexpr std::size_t most_remembered = 16'384;  ///< sessions that began on a shared process
}

/// Whether this client has, or gets, a session of its own. A modern client has none that it could
/// belong to; its call has, while it waits for an answer of its client.
bool Router::wants_own(const ClientSession& session, const upstream::Link& shared) {
  if (session.modern() && !bridged_.contains(session.key)) return false;
  const auto& config = shared.config();
  if (config.sessions == SessionMode::per_client) return true;
  const bool stdio = config.url.empty();
  if (config.sessions == SessionMode::shared || !stdio || shared.snapshot().server.modern())
    return false;
  // What it has begun on the shared process is there.
  const auto name = shared.name() + '\n' + session.key;
  if (on_shared_.contains(name)) return false;
  if (shared.snapshot().asks_clients) return true;
  // Its next call may come to any worker.
  for (auto* peer : peers_) {
    if (peer == this) {
      stays_on_shared(name);
    } else {
      peer->worker_.post([peer, name] { peer->stays_on_shared(name); });
    }
  }
  return false;
}

void Router::stays_on_shared(const std::string& name) {
  if (on_shared_.size() >= most_remembered) on_shared_.clear();
  on_shared_.insert(name);
}

/// In place of the shared link; the error is for the client.
awaitable<std::expected<std::shared_ptr<upstream::Link>, std::string>> Router::own_link(
    const ClientSession& session, const std::string& server
) {
  if (auto known = known_own(session, server)) co_return known;
  const auto level = levels_.find(session.key);
  auto made = co_await shared_.own->link(
      std::make_shared<const ClientSession>(session), server, worker_.index(),
      level == levels_.end() ? std::string() : std::string(log_level_of(session))
  );
  if (made) own_.insert_or_assign({server, session.key}, *made);
  co_return made;
}

std::shared_ptr<upstream::Link> Router::known_own(
    const ClientSession& session, const std::string& server
) const {
  const auto found = own_.find({server, session.key});
  return found == own_.end() ? nullptr : found->second;
}

void Router::forget_own(const std::string& server, const std::string& session_key) {
  own_.erase({server, session_key});
}

}  // namespace mooring::gateway
