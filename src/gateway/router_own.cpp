// Servers with which each client has a session of its own (`sessions: per_client`).
#include "gateway/own_sessions.hpp"
#include "gateway/router.hpp"
#include "protocol/messages.hpp"

namespace mooring::gateway {

namespace {
constexpr std::size_t most_remembered = 16'384;  ///< sessions that began on a shared process
}

/// The name of the session that this client has, or gets, for itself; empty: it shares that of all.
/// A legacy client's is its own session's. A modern client has none: whoever says who they are has
/// one by that name, and a call that may have to wait for an answer has one where questions of
/// several would meet on the shared process.
std::string Router::own_key(const ClientSession& session, const upstream::Link& shared) {
  const auto& config = shared.config();
  const bool always = config.sessions == SessionMode::per_client;
  const bool may = config.sessions == SessionMode::automatic && config.url.empty() &&
                   !shared.snapshot().server.modern();
  if (!always && !may) return {};
  if (session.modern()) {
    if (always && !session.principal.empty()) return "principal " + session.principal;
    const bool meets_others = shared.snapshot().asks_clients && shared.busy();
    return bridged_.contains(session.key) && meets_others ? session.key : std::string();
  }
  if (always) return session.key;
  // What it has begun on the shared process is there.
  const auto name = shared.name() + '\n' + session.key;
  if (on_shared_.contains(name)) return {};
  if (shared.snapshot().asks_clients) return session.key;
  // Its next call may come to any worker.
  for (auto* peer : peers_) {
    if (peer == this) {
      stays_on_shared(name);
    } else {
      peer->worker_.post([peer, name] { peer->stays_on_shared(name); });
    }
  }
  return {};
}

void Router::stays_on_shared(const std::string& name) {
  if (on_shared_.size() >= most_remembered) on_shared_.clear();
  on_shared_.insert(name);
}

awaitable<void> Router::take_own(
    const ClientSession& session, const protocol::Frame& request, Target& target
) {
  const auto key = own_key(session, *target.link);
  if (key.empty() || shared_.own == nullptr) co_return;
  auto own = co_await own_link(session, key, target.link->name());
  if (own) {
    target.link = std::move(*own);
  } else {
    protocol::ErrorData data;
    data.server = target.link->name();
    data.kind = "unavailable";
    data.delivery = "not_sent";
    data.outcome = "not_executed";
    data.retryable = true;
    data.advice = "The call did not run; repeat it when another client has left.";
    target.error = protocol::make_error(request.id(), protocol::internal_error, own.error(), data);
  }
}

/// In place of the shared link; the error is for the client.
awaitable<std::expected<std::shared_ptr<upstream::Link>, std::string>> Router::own_link(
    const ClientSession& session, std::string key, const std::string& server
) {
  if (auto known = known_own(key, server)) co_return known;
  auto owner = std::make_shared<ClientSession>(session);
  owner->key = key;
  const bool told = levels_.contains(session.key);
  auto made = co_await shared_.own->link(
      std::move(owner), server, worker_.index(),
      told ? std::string(log_level_of(session)) : std::string()
  );
  if (made) own_.insert_or_assign({server, key}, *made);
  co_return made;
}

std::shared_ptr<upstream::Link> Router::known_own(const std::string& key, const std::string& server)
    const {
  const auto found = own_.find({server, key});
  return found == own_.end() ? nullptr : found->second;
}

void Router::forget_own(const std::string& server, const std::string& session_key) {
  own_.erase({server, session_key});
}

}  // namespace mooring::gateway
