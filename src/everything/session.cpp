#include "everything/session.hpp"

#include <algorithm>
#include <vector>

namespace mooring::everything {

SessionPtr Sessions::open(gateway::ClientSession client) {
  make_room();
  client.key = random_.token(18);
  client.id = client.key;
  auto session = std::make_shared<Session>();
  session->client = std::make_shared<const gateway::ClientSession>(std::move(client));
  session->last_used = timers_.now();
  sessions_.emplace(session->client->key, session);
  return session;
}

SessionPtr Sessions::find(std::string_view key) {
  auto at = sessions_.find(key);
  if (at == sessions_.end()) return nullptr;
  if (expired(*at->second)) {
    forget(at);
    return nullptr;
  }
  at->second->last_used = timers_.now();
  return at->second;
}

void Sessions::unlisten(std::string_view key) {
  auto at = sessions_.find(key);
  if (at != sessions_.end()) at->second->outbox = nullptr;
}

void Sessions::end(std::string_view key) {
  auto at = sessions_.find(key);
  if (at == sessions_.end()) return;
  SessionPtr session = at->second;
  forget(at);
  std::vector<io::AbortSource*> running;
  for (auto& [id, abort] : session->calls) running.push_back(abort);
  for (auto* abort : running) abort->abort();
}

void Sessions::forget_all() {
  for (auto at = sessions_.begin(); at != sessions_.end();) at = forget(at);
}

void Sessions::cancel_calls() {
  std::vector<io::AbortSource*> running;
  each([&](Session& session) {
    for (auto& [id, abort] : session.calls) running.push_back(abort);
  });
  for (const auto& weak : forgotten_) {
    if (auto session = weak.lock()) {
      for (auto& [id, abort] : session->calls) running.push_back(abort);
    }
  }
  for (auto* abort : running) abort->abort();
}

void Sessions::each(const std::function<void(Session&)>& visit) {
  for (auto& [key, session] : sessions_) visit(*session);
}

bool Sessions::expired(const Session& session) const {
  if (!options_.session_ttl || session.lasts || !session.calls.empty()) return false;
  return timers_.now() - session.last_used >= *options_.session_ttl;
}

Sessions::Map::iterator Sessions::forget(Map::iterator at) {
  SessionPtr session = at->second;
  std::erase_if(forgotten_, [](const auto& weak) { return weak.expired(); });
  if (!session->calls.empty()) forgotten_.insert(session);
  auto next = sessions_.erase(at);
  session->outbox = nullptr;
  session->forgotten.abort();
  return next;
}

void Sessions::make_room() {
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    at = expired(*at->second) ? forget(at) : std::next(at);
  }
  if (sessions_.size() < options_.max_sessions) return;
  auto oldest = std::ranges::min_element(sessions_, {}, [](const auto& entry) {
    return entry.second->last_used;
  });
  if (oldest != sessions_.end()) forget(oldest);
}

}  // namespace mooring::everything
