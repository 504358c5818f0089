#include "gateway/listeners.hpp"

#include <algorithm>
#include <vector>

#include "protocol/json_scan.hpp"

namespace mooring::gateway {

Listeners::Entry& Listeners::entry(const ClientSessionPtr& session) {
  auto& found = sessions_[session->key];
  found.session = session;
  found.heard = std::chrono::system_clock::now();
  return found;
}

bool Listeners::hears(const Entry& entry, const std::string& server) {
  return entry.outbox && (entry.session->endpoint.empty() || entry.session->endpoint == server);
}

void Listeners::listen(const ClientSessionPtr& session, Outbox outbox) {
  entry(session).outbox = std::move(outbox);
}

void Listeners::unlisten(const ClientSession& session) {
  const auto found = sessions_.find(session.key);
  if (found == sessions_.end()) return;
  found->second.outbox = nullptr;
  const bool remembered = found->second.subscriptions > 0 || !found->second.levels.empty();
  if (!remembered) forget(session);
}

void Listeners::purge(std::chrono::system_clock::time_point then) {
  std::vector<ClientSessionPtr> gone;
  for (const auto& [key, entry] : sessions_) {
    if (!entry.outbox && entry.heard < then) gone.push_back(entry.session);
  }
  for (const auto& session : gone) forget(*session);
}

void Listeners::forget(const ClientSession& session) {
  sessions_.erase(session.key);
  for (auto at = subscribers_.begin(); at != subscribers_.end();) {
    at->second.erase(session.key);
    at = at->second.empty() ? subscribers_.erase(at) : std::next(at);
  }
}

void Listeners::set_level(
    const ClientSessionPtr& session, const std::string& server, int severity
) {
  entry(session).levels[server] = severity;
}

std::optional<int> Listeners::wanted_level(const std::string& server) const {
  std::optional<int> wanted;
  for (const auto& [key, entry] : sessions_) {
    const auto found = entry.levels.find(server);
    if (found != entry.levels.end())
      wanted = std::min(wanted.value_or(found->second), found->second);
  }
  return wanted;
}

bool Listeners::subscribe(
    const ClientSessionPtr& session, const std::string& server, const std::string& uri
) {
  auto& mine = entry(session);
  auto& keys = subscribers_[{server, uri}];
  const bool first = keys.empty();
  if (keys.insert(session->key).second) ++mine.subscriptions;
  return first;
}

bool Listeners::unsubscribe(
    const ClientSession& session, const std::string& server, const std::string& uri
) {
  const auto found = subscribers_.find({server, uri});
  if (found == subscribers_.end() || found->second.erase(session.key) == 0) return false;
  if (const auto mine = sessions_.find(session.key); mine != sessions_.end()) {
    --mine->second.subscriptions;
  }
  if (!found->second.empty()) return false;
  subscribers_.erase(found);
  return true;
}

bool Listeners::subscribed(
    const ClientSession& session, const std::string& server, const std::string& uri
) const {
  const auto found = subscribers_.find({server, uri});
  return found != subscribers_.end() && found->second.contains(session.key);
}

std::size_t Listeners::subscription_count(const ClientSession& session) const {
  const auto found = sessions_.find(session.key);
  return found == sessions_.end() ? 0 : found->second.subscriptions;
}

std::set<std::pair<std::string, std::string>> Listeners::subscriptions(const ClientSession& session
) const {
  std::set<std::pair<std::string, std::string>> alone;
  for (const auto& [resource, keys] : subscribers_) {
    if (keys.size() == 1 && keys.contains(session.key)) alone.insert(resource);
  }
  return alone;
}

std::optional<Listeners::Listener> Listeners::find(const std::string& session_key) const {
  const auto found = sessions_.find(session_key);
  if (found == sessions_.end() || !found->second.outbox) return std::nullopt;
  return Listener{found->second.session, found->second.outbox};
}

void Listeners::to_session(const std::string& session_key, const std::string& message) const {
  if (const auto listener = find(session_key)) listener->outbox(message);
}

std::optional<Listeners::Listener> Listeners::only_one(
    const std::string& server, std::string_view capability
) const {
  std::optional<Listener> found;
  for (const auto& [key, entry] : sessions_) {
    if (!hears(entry, server) || entry.session->modern() ||
        !protocol::member(entry.session->capabilities, capability))
      continue;
    if (found) return std::nullopt;
    found = Listener{entry.session, entry.outbox};
  }
  return found;
}

std::vector<std::string> Listeners::subscribed(const std::string& server) const {
  std::vector<std::string> uris;
  for (const auto& [resource, keys] : subscribers_) {
    if (resource.first == server) uris.push_back(resource.second);
  }
  return uris;
}

void Listeners::to_endpoint(const std::string& endpoint, const std::string& message) const {
  for (const auto& [key, entry] : sessions_) {
    if (entry.outbox && entry.session->endpoint == endpoint) entry.outbox(message);
  }
}

void Listeners::to_subscribers(
    const std::string& server, const std::string& uri, const std::string& message
) const {
  const auto found = subscribers_.find({server, uri});
  if (found == subscribers_.end()) return;
  for (const auto& key : found->second) {
    const auto session = sessions_.find(key);
    if (session != sessions_.end() && session->second.outbox) session->second.outbox(message);
  }
}

void Listeners::log(const std::string& server, int severity, const std::string& message) const {
  for (const auto& [key, entry] : sessions_) {
    if (!hears(entry, server)) continue;
    const auto level = entry.levels.find(server);
    if (level == entry.levels.end() || severity >= level->second) entry.outbox(message);
  }
}

std::size_t Listeners::listening() const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [](const auto& entry) {
    return static_cast<bool>(entry.second.outbox);
  }));
}

}  // namespace mooring::gateway
