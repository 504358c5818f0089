#include "server/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <limits>
#include <string_view>

namespace mooring::server {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using enum prometheus::MetricType;
using Families = std::vector<MetricFamily>;
using Labels = std::vector<ClientMetric::Label>;

/// Families in the making, by the order in which they are added.
class Page {
 public:
  class Family {
   public:
    Family(Page& page, std::size_t at) : page_(page), at_(at) {}
    void add(Labels labels, double number) {
      auto& family = page_.families_[at_];
      ClientMetric metric;
      metric.label = std::move(labels);
      if (family.type == Counter) {
        metric.counter.value = number;
      } else {
        metric.gauge.value = number;
      }
      family.metric.push_back(std::move(metric));
    }
    void add(Labels labels, std::uint64_t number) {
      add(std::move(labels), static_cast<double>(number));
    }
    void add(ClientMetric metric) { page_.families_[at_].metric.push_back(std::move(metric)); }

   private:
    Page& page_;
    std::size_t at_;
  };

  Family family(std::string name, std::string help, MetricType type) {
    families_.push_back({std::move(name), std::move(help), type, {}});
    return {*this, families_.size() - 1};
  }
  void single(std::string name, std::string help, MetricType type, std::uint64_t number) {
    family(std::move(name), std::move(help), type).add({}, number);
  }
  std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  Families families_;
};

double seconds(core::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void add_gateway(Page& page, const GatewayFacts& gateway, const RequestTotals& requests) {
  page.single(
      "mooring_requests_total", "JSON-RPC requests of clients.", Counter, requests.requests
  );
  page.single("mooring_calls_total", "Requests relayed to an upstream.", Counter, requests.calls);
  page.single(
      "mooring_call_errors_total", "Relayed requests that got no answer from the upstream.",
      Counter, requests.call_errors
  );
  page.single(
      "mooring_connections", "Open downstream HTTP connections.", Gauge, gateway.connections
  );
  page.single(
      "mooring_listeners", "Downstream sessions with an open stream.", Gauge, gateway.listening
  );
  page.single(
      "mooring_uptime_seconds", "Time since the gateway started.", Gauge,
      static_cast<std::uint64_t>(gateway.uptime.count())
  );
}

void add_states(Page& page, const std::vector<upstream::Status>& servers) {
  auto states = page.family("mooring_upstream_state", "1 for the state an upstream is in.", Gauge);
  auto breakers = page.family(
      "mooring_upstream_breaker", "1 for the state the circuit breaker of an upstream is in.", Gauge
  );
  for (const auto& server : servers) {
    const ClientMetric::Label name{"server", server.name};
    for (const auto each : upstream::all_states) {
      const bool in_it = each == server.state;
      states.add({name, {"state", std::string(to_string(each))}}, in_it ? 1.0 : 0.0);
    }
    for (const std::string_view each : {"closed", "open", "half_open"}) {
      breakers.add({name, {"state", std::string(each)}}, each == server.breaker ? 1.0 : 0.0);
    }
  }
}

void add_upstreams(Page& page, const std::vector<upstream::Status>& servers) {
  auto generation =
      page.family("mooring_upstream_generation", "Number of the session that stands.", Gauge);
  auto attempts = page.family(
      "mooring_upstream_failed_attempts", "Connection attempts failed in a row.", Gauge
  );
  auto probe = page.family(
      "mooring_upstream_next_probe_seconds", "Time until the next connection attempt.", Gauge
  );
  auto in_flight = page.family("mooring_upstream_calls_in_flight", "Calls under way.", Gauge);
  auto recoveries =
      page.family("mooring_upstream_recoveries_total", "Sessions rebuilt after a loss.", Counter);
  auto fates = page.family(
      "mooring_upstream_broken_calls_total",
      "Calls that failed with their session or connection: repeated and answered (saved), "
      "certainly not executed (failed), or perhaps executed and not repeated (unknown).",
      Counter
  );
  for (const auto& server : servers) {
    const ClientMetric::Label name{"server", server.name};
    generation.add({name}, server.generation);
    attempts.add({name}, static_cast<double>(server.attempts));
    if (server.next_probe_in) probe.add({name}, seconds(*server.next_probe_in));
    in_flight.add({name}, static_cast<std::uint64_t>(server.in_flight));
    recoveries.add({name}, server.recoveries);
    fates.add({name, {"fate", "saved"}}, server.calls_saved);
    fates.add({name, {"fate", "failed"}}, server.calls_failed);
    fates.add({name, {"fate", "unknown"}}, server.calls_unknown);
  }
}

ClientMetric histogram(const std::string& server, const RecoveryTotals::Durations& durations) {
  ClientMetric metric;
  metric.label = {{"server", server}};
  metric.histogram.sample_count = durations.count;
  metric.histogram.sample_sum = durations.seconds;
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < durations.counts.size(); ++i) {
    so_far += durations.counts[i];
    const auto bound = i < RecoveryTotals::bounds.size() ? RecoveryTotals::bounds[i]
                                                         : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({so_far, bound});
  }
  return metric;
}

void add_recoveries(Page& page, const RecoveryTotals::Totals& recoveries) {
  auto ended = page.family(
      "mooring_recoveries_total", "Recoveries that ended, by what they began with and led to.",
      Counter
  );
  for (const auto& [key, count] : recoveries.ended) {
    ended.add({{"server", key.server}, {"cause", key.cause}, {"outcome", key.outcome}}, count);
  }
  auto healing = page.family(
      "mooring_recovery_duration_seconds", "From the first failure until the session stood again.",
      Histogram
  );
  for (const auto& [server, durations] : recoveries.healing) {
    healing.add(histogram(server, durations));
  }
}

}  // namespace

std::string metrics_text(
    const GatewayFacts& gateway, const RequestTotals& requests,
    const std::vector<upstream::Status>& servers, const RecoveryTotals::Totals& recoveries
) {
  Page page;
  add_gateway(page, gateway, requests);
  add_states(page, servers);
  add_upstreams(page, servers);
  add_recoveries(page, recoveries);
  return page.text();
}

}  // namespace mooring::server
