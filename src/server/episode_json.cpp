#include "server/episode_json.hpp"

#include "core/redact.hpp"
#include "core/rfc3339.hpp"

namespace mooring::server {

namespace json = boost::json;

json::object episode_json(const recovery::Episode& episode) {
  json::array steps;
  for (const auto& step : episode.steps) {
    steps.push_back(json::object{{"at_ms", step.at.count()}, {"what", core::redact(step.what)}});
  }
  return {
      {"id", episode.id},
      {"server", episode.server},
      {"cause", episode.cause},
      {"evidence", core::redact(episode.evidence)},
      {"begun_at", core::rfc3339_millis(episode.begun)},
      {"took_ms", episode.took.count()},
      {"outcome", std::string(to_string(episode.outcome))},
      {"attempts", episode.attempts},
      {"generation_before", episode.generation_before},
      {"generation_after", episode.generation_after},
      {"calls_saved", episode.calls_saved},
      {"calls_failed", episode.calls_failed},
      {"calls_unknown", episode.calls_unknown},
      {"steps", std::move(steps)},
  };
}

std::string recoveries_json(const std::vector<recovery::Episode>& episodes) {
  json::array all;
  for (const auto& episode : episodes) all.push_back(episode_json(episode));
  return json::serialize(json::object{{"recoveries", std::move(all)}});
}

}  // namespace mooring::server
