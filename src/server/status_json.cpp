#include "server/status_json.hpp"

#include <boost/json.hpp>

#include "core/redact.hpp"
#include "core/rfc3339.hpp"
#include "server/episode_json.hpp"

namespace mooring::server {

namespace json = boost::json;

namespace {

/// Where it stands and what comes next.
void add_state(json::object& out, const upstream::Status& server) {
  out["state"] = std::string(to_string(server.state));
  out["reason"] = core::redact(server.last_error);
  out["failure_kind"] = server.failure_kind;
  out["generation"] = server.generation;
  out["attempts"] = server.attempts;
  const auto now = std::chrono::system_clock::now();
  if (server.next_probe_in) {
    out["next_probe_in_ms"] = server.next_probe_in->count();
    out["next_probe_at"] = core::rfc3339(now + *server.next_probe_in);
  }
  if (server.last_success) out["last_success_at"] = core::rfc3339(*server.last_success);
  if (server.ready_since) out["ready_since"] = core::rfc3339(*server.ready_since);
  out["breaker"] = server.breaker;
  out["breaker_failures"] = server.breaker_failures;
  if (server.breaker_open_in) out["breaker_open_in_ms"] = server.breaker_open_in->count();
}

/// What happened to it and its calls.
void add_record(json::object& out, const upstream::Status& server) {
  out["in_flight"] = server.in_flight;
  out["client_sessions"] = server.client_sessions;
  out["recoveries"] = server.recoveries;
  out["calls_saved"] = server.calls_saved;
  out["calls_failed"] = server.calls_failed;
  out["calls_unknown"] = server.calls_unknown;
  if (server.idle_ttl) out["idle_ttl_ms"] = server.idle_ttl->count();
}

json::object describe(const upstream::Status& server) {
  json::object out;
  out["name"] = server.name;
  out["transport"] = server.transport;
  out["target"] = core::redact(server.target);
  add_state(out, server);
  add_record(out, server);
  if (!server.protocol_version.empty()) out["protocol_version"] = server.protocol_version;
  boost::system::error_code error;
  const auto told = server.server_info.empty() ? "{}" : core::redact(server.server_info);
  auto info = json::parse(told, error);
  if (!error) out["server_info"] = std::move(info);
  if (server.signed_in) {
    json::array scopes;
    for (const auto& scope : server.signed_in->scopes) scopes.emplace_back(scope);
    json::object login = {
        {"issuer", server.signed_in->issuer},
        {"scopes", std::move(scopes)},
        {"refreshable", server.signed_in->refreshable},
    };
    if (server.signed_in->expires) login["expires_at"] = core::rfc3339(*server.signed_in->expires);
    out["login"] = std::move(login);
  }
  if (server.pid) out["pid"] = *server.pid;
  out["tools"] = server.listed[0];
  out["resources"] = server.listed[1];
  out["resource_templates"] = server.listed[2];
  out["prompts"] = server.listed[3];
  return out;
}

}  // namespace

std::string server_json(const upstream::Status& server) {
  return json::serialize(describe(server));
}

std::string server_json(
    const upstream::Status& server, const std::vector<recovery::Episode>& episodes
) {
  auto out = describe(server);
  json::array list;
  for (const auto& episode : episodes) list.push_back(episode_json(episode));
  out["episodes"] = std::move(list);
  return json::serialize(out);
}

std::string status_json(const GatewayFacts& gateway, const std::vector<upstream::Status>& servers) {
  json::object out;
  out["gateway"] = json::object{
      {"version", gateway.version},
      {"url", gateway.url},
      {"pid", gateway.pid},
      {"uptime_seconds", gateway.uptime.count()},
      {"connections", gateway.connections},
      {"listening", gateway.listening},
      {"draining", gateway.draining},
  };
  json::array list;
  for (const auto& server : servers) list.push_back(describe(server));
  out["servers"] = std::move(list);
  return json::serialize(out);
}

}  // namespace mooring::server
