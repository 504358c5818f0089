#include "scenario.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/messages.hpp"

namespace mooring::simulation {
namespace {

using namespace std::chrono_literals;
using Durations = std::vector<Duration>;

constexpr int second = 1000;

UpstreamConfig draw_config(Draw& draw, Kind kind) {
  UpstreamConfig config;
  config.protocol = ProtocolEra::legacy;
  if (kind == Kind::stdio) {
    config.command = "scripted";
    config.idle_timeout = draw.pick(Durations{0s, 0s, 10s});
    config.max_lifetime = draw.pick(Durations{0s, 0s, 20s});
  } else {
    config.url = "http://127.0.0.1:9/mcp";
    config.transport = TransportKind::http;
    config.keepalive_interval = draw.pick(Durations{0s, 5s, 20s, 180s});
  }
  config.timeout = draw.pick(Durations{2s, 5s, 10s, 30s});
  config.timeout_max = config.timeout * 2;
  config.connect_timeout = draw.pick(Durations{5s, 20s, 60s});
  config.queue_wait = draw.pick(Durations{1s, 5s});
  config.recovery_wait = draw.pick(Durations{3s, 15s});
  config.breaker_failures = draw.pick(std::vector<int>{1, 3, 3, 5});
  config.breaker_cooldown = draw.pick(Durations{5s, 20s, 60s});
  config.initial_attempts = draw.pick(std::vector<int>{1, 4, 4});
  config.reconnect_attempts = draw.pick(std::vector<int>{2, 5, 5});
  config.parked_interval = draw.pick(Durations{30s, 60s});
  if (draw.chance(0.1)) config.replay = ReplayPolicy::spec;
  if (draw.chance(0.1)) config.replay = ReplayPolicy::never;
  if (draw.chance(0.1)) config.repeatable_tools = {"wri*"};
  return config;
}

Profile draw_profile(Draw& draw, std::size_t index) {
  static const std::vector<Kind> kinds = {
      Kind::http, Kind::http, Kind::http, Kind::http_without_ids, Kind::stdio
  };
  Profile profile;
  profile.name = fmt::format("up{}", index);
  profile.kind = draw.pick(kinds);
  const auto dialects = chaos::expiry_dialects();
  profile.dialect =
      &dialects[static_cast<std::size_t>(draw.between(0, static_cast<int>(dialects.size()) - 1))];
  profile.keeps_sessions = draw.chance(0.2);
  profile.offers_stream = draw.chance(0.5);
  profile.streams_end_with_session = draw.chance(0.5);
  profile.announces = draw.chance(0.8);
  profile.knows_ping = draw.chance(0.9);
  profile.config = draw_config(draw, profile.kind);
  profile.config.name = profile.name;
  profile.guarded = index > 0 && profile.kind != Kind::stdio && draw.chance(0.3);
  return profile;
}

void make_modern(Draw& draw, Profile& profile) {
  profile.modern = true;
  if (profile.kind != Kind::stdio) profile.kind = Kind::http_without_ids;
  profile.config.protocol = draw.chance(0.5) ? ProtocolEra::modern : ProtocolEra::automatic;
}

void draw_calls(
    Draw& draw, std::size_t upstream, const Scenario& scenario, std::vector<CallPlan>& into
) {
  using What = CallPlan::What;
  static const std::vector<What> kinds = {What::write, What::write, What::write,
                                          What::read,  What::put,   What::resource};
  const auto end = scenario.trouble;
  const int gap = draw.between(400, 4 * second);
  for (auto at = draw.time(0, 2 * second); at < end; at += draw.time(1, 2 * gap)) {
    const int together = draw.chance(0.1) ? draw.between(2, 8) : 1;
    for (int i = 0; i < together; ++i) {
      CallPlan plan;
      plan.what = draw.pick(kinds);
      plan.at = at;
      plan.upstream = upstream;
      plan.worker =
          static_cast<std::size_t>(draw.between(0, static_cast<int>(scenario.workers) - 1));
      if (draw.chance(0.2)) plan.cancel_after = draw.time(0, 3 * second);
      plan.progress = draw.chance(0.2);
      into.push_back(plan);
    }
  }
}

}  // namespace

Scenario draw_scenario(std::uint64_t seed) {
  Draw draw(seed);
  Scenario scenario;
  scenario.seed = seed;
  scenario.workers = draw.chance(0.5) ? 2 : 1;
  scenario.trouble = draw.time(20 * second, 90 * second);
  scenario.stops_early = draw.chance(0.1);
  const int servers = draw.between(2, 3);
  Draw eras(seed ^ 0x2026'0728);
  for (int i = 0; i < servers; ++i) {
    auto profile = draw_profile(draw, static_cast<std::size_t>(i));
    // The first is the neighbour that must not notice anything.
    profile.quiet = i == 0;
    if (eras.chance(0.25)) make_modern(eras, profile);
    auto weather = draw.fork();
    scenario.weather.push_back(
        profile.quiet ? Weather{} : draw_weather(weather, profile.kind, scenario.trouble)
    );
    scenario.servers.push_back(std::move(profile));
  }
  for (std::size_t i = 0; i < scenario.servers.size(); ++i) {
    auto calls = draw.fork();
    draw_calls(calls, i, scenario, scenario.calls);
  }
  std::ranges::sort(scenario.calls, {}, [](const CallPlan& plan) {
    return std::pair(plan.at, plan.upstream);
  });
  for (std::size_t i = 0; i < scenario.calls.size(); ++i) {
    scenario.calls[i].key = fmt::format("k{}", i + 1);
  }
  return scenario;
}

std::string request_of(const CallPlan& plan) {
  using What = CallPlan::What;
  const auto meta = plan.progress ? fmt::format(R"("_meta":{{"progressToken":"p-{}"}},)", plan.key)
                                  : std::string();
  if (plan.what == What::resource) {
    return protocol::make_request(
        "1", "resources/read", fmt::format(R"({{{}"uri":"sim:1","key":"{}"}})", meta, plan.key)
    );
  }
  const auto* const tool = plan.what == What::write  ? "write"
                           : plan.what == What::read ? "read"
                                                     : "put";
  return protocol::make_request(
      "1", "tools/call",
      fmt::format(R"({{{}"name":"{}","arguments":{{"key":"{}"}}}})", meta, tool, plan.key)
  );
}

bool is_harmless(const CallPlan& plan, const Profile& server) {
  return plan.what != CallPlan::What::write || !server.config.repeatable_tools.empty();
}

std::string describe(const Scenario& scenario) {
  auto text = fmt::format(
      "seed {}: {} worker(s), {} servers, {} calls, {} s of trouble{}\n", scenario.seed,
      scenario.workers, scenario.servers.size(), scenario.calls.size(),
      scenario.trouble.count() / 1000, scenario.stops_early ? ", stopped in the middle" : ""
  );
  for (std::size_t i = 0; i < scenario.servers.size(); ++i) {
    const auto& server = scenario.servers[i];
    const auto& config = server.config;
    text += fmt::format(
        "{}: {}, timeout {} ms, keepalive {} ms, breaker {} / {} ms{}\n", server.name,
        server.quiet                ? "quiet"
        : server.kind == Kind::http ? server.dialect->name
        : server.modern             ? "modern"
                                    : to_string(server.kind),
        config.timeout.count(), config.keepalive_interval.count(), config.breaker_failures,
        config.breaker_cooldown.count(),
        config.replay == ReplayPolicy::safe   ? ""
        : config.replay == ReplayPolicy::spec ? ", replay spec"
                                              : ", replay never"
    );
    if (server.guarded) text += "  wants access tokens\n";
    for (const auto& spell : scenario.weather[i].spells) {
      text += fmt::format(
          "  {} to {} ms: {} ({:.1f}, {})\n", spell.begin.count(), spell.end.count(),
          to_string(spell.fault), spell.probability, to_string(spell.where)
      );
    }
    for (const auto& happening : scenario.weather[i].happenings) {
      text += fmt::format(
          "  at {} ms: {} ({} ms)\n", happening.at.count(), to_string(happening.event),
          happening.lasts.count()
      );
    }
  }
  return text;
}

}  // namespace mooring::simulation
