#include "server/status_json.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <boost/json.hpp>
#include <ctime>

#include "core/redact.hpp"

namespace mooring::server {

namespace json = boost::json;
using upstream::State;

namespace {

json::object describe(const upstream::Status& server) {
  json::object out;
  out["name"] = server.name;
  out["transport"] = server.transport;
  out["target"] = core::redact(server.target);
  out["state"] = std::string(to_string(server.state));
  out["reason"] = core::redact(server.last_error);
  out["generation"] = server.generation;
  out["attempts"] = server.attempts;
  out["recoveries"] = server.recoveries;
  if (server.next_probe_in) {
    out["next_probe_in_ms"] = server.next_probe_in->count();
    const auto at = std::chrono::system_clock::now() + *server.next_probe_in;
    out["next_probe_at"] =
        fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(at)));
  }
  if (server.last_success) {
    out["last_success_at"] = fmt::format(
        "{:%Y-%m-%dT%H:%M:%SZ}",
        fmt::gmtime(std::chrono::system_clock::to_time_t(*server.last_success))
    );
  }
  if (!server.protocol_version.empty()) out["protocol_version"] = server.protocol_version;
  boost::system::error_code error;
  const auto told = server.server_info.empty() ? "{}" : core::redact(server.server_info);
  auto info = json::parse(told, error);
  if (!error) out["server_info"] = std::move(info);
  if (server.pid) out["pid"] = *server.pid;
  out["tools"] = server.listed[0];
  out["resources"] = server.listed[1];
  out["resource_templates"] = server.listed[2];
  out["prompts"] = server.listed[3];
  return out;
}

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

ClientMetric value(double number, MetricType type, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (type == MetricType::Counter) {
    metric.counter.value = number;
  } else {
    metric.gauge.value = number;
  }
  return metric;
}

MetricFamily family(std::string name, std::string help, MetricType type) {
  return MetricFamily{std::move(name), std::move(help), type, {}};
}

MetricFamily single(std::string name, std::string help, MetricType type, double number) {
  auto one = family(std::move(name), std::move(help), type);
  one.metric.push_back(value(number, type));
  return one;
}

constexpr std::array all_states = {State::connecting,  State::ready,  State::recovering,
                                   State::backing_off, State::parked, State::failed,
                                   State::disabled,    State::stopped};

}  // namespace

std::string server_json(const upstream::Status& server) {
  return json::serialize(describe(server));
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

std::string metrics_text(
    const GatewayFacts& gateway, const RequestTotals& totals,
    const std::vector<upstream::Status>& servers
) {
  using enum MetricType;
  std::vector<MetricFamily> all;
  all.push_back(single(
      "mooring_requests_total", "JSON-RPC requests of clients.", Counter,
      static_cast<double>(totals.requests)
  ));
  all.push_back(single(
      "mooring_calls_total", "Requests relayed to an upstream.", Counter,
      static_cast<double>(totals.calls)
  ));
  all.push_back(single(
      "mooring_call_errors_total", "Relayed requests that got no answer from the upstream.",
      Counter, static_cast<double>(totals.call_errors)
  ));
  all.push_back(single(
      "mooring_connections", "Open downstream HTTP connections.", Gauge,
      static_cast<double>(gateway.connections)
  ));
  all.push_back(single(
      "mooring_listeners", "Downstream sessions with an open stream.", Gauge,
      static_cast<double>(gateway.listening)
  ));
  all.push_back(single(
      "mooring_uptime_seconds", "Time since the gateway started.", Gauge,
      static_cast<double>(gateway.uptime.count())
  ));
  auto state = family("mooring_upstream_state", "1 for the state an upstream is in.", Gauge);
  auto generation =
      family("mooring_upstream_generation", "Number of the session that stands.", Gauge);
  auto recoveries =
      family("mooring_upstream_recoveries_total", "Sessions rebuilt after a loss.", Counter);
  auto attempts =
      family("mooring_upstream_failed_attempts", "Connection attempts failed in a row.", Gauge);
  for (const auto& server : servers) {
    const ClientMetric::Label name{"server", server.name};
    for (const auto each : all_states) {
      state.metric.push_back(value(
          each == server.state ? 1 : 0, Gauge, {name, {"state", std::string(to_string(each))}}
      ));
    }
    generation.metric.push_back(value(static_cast<double>(server.generation), Gauge, {name}));
    recoveries.metric.push_back(value(static_cast<double>(server.recoveries), Counter, {name}));
    attempts.metric.push_back(value(server.attempts, Gauge, {name}));
  }
  for (auto* each : {&state, &generation, &recoveries, &attempts}) all.push_back(std::move(*each));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace mooring::server
