#include "cli/recoveries.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "cli/console.hpp"
#include "cli/status_table.hpp"
#include "cli/text.hpp"
#include "core/rfc3339.hpp"

namespace mooring::cli {

namespace json = boost::json;
using recovery::Episode;
using Outcome = Episode::Outcome;
using std::chrono::milliseconds;

namespace {

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::int64_t number_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  const auto* number = value == nullptr ? nullptr : value->if_int64();
  return number == nullptr ? 0 : std::max<std::int64_t>(*number, 0);
}

Episode episode_of(const json::object& object) {
  const auto count = [&object](std::string_view key) {
    return static_cast<std::uint64_t>(number_of(object, key));
  };
  Episode episode;
  episode.id = text_of(object, "id");
  episode.server = text_of(object, "server");
  episode.cause = text_of(object, "cause");
  episode.evidence = text_of(object, "evidence");
  episode.begun = core::parse_rfc3339(text_of(object, "begun_at")).value_or(Moment{});
  episode.took = milliseconds(number_of(object, "took_ms"));
  episode.outcome = recovery::outcome_of(text_of(object, "outcome"));
  episode.attempts = count("attempts");
  episode.generation_before = count("generation_before");
  episode.generation_after = count("generation_after");
  episode.calls_saved = count("calls_saved");
  episode.calls_failed = count("calls_failed");
  episode.calls_unknown = count("calls_unknown");
  const auto* steps = object.if_contains("steps");
  if (steps == nullptr || !steps->is_array()) return episode;
  for (const auto& step : steps->as_array()) {
    if (!step.is_object()) continue;
    episode.steps.push_back(
        {milliseconds(number_of(step.as_object(), "at_ms")), text_of(step.as_object(), "what")}
    );
  }
  return episode;
}

std::chrono::milliseconds took(const Episode& episode, Moment now) {
  if (episode.outcome != Outcome::running) return episode.took;
  return std::chrono::duration_cast<milliseconds>(now - episode.begun);
}

std::string calls(const Episode& episode) {
  std::vector<std::string> parts;
  if (episode.calls_saved > 0) parts.push_back(fmt::format("{} saved", episode.calls_saved));
  if (episode.calls_failed > 0) parts.push_back(fmt::format("{} lost", episode.calls_failed));
  if (episode.calls_unknown > 0) parts.push_back(fmt::format("{} unknown", episode.calls_unknown));
  return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Episodes episodes_in(std::string_view body, std::string_view key) {
  Episodes episodes;
  boost::system::error_code error;
  const auto whole = json::parse(body, error);
  if (error || !whole.is_object()) return episodes;
  const auto* all = whole.as_object().if_contains(key);
  if (all == nullptr || !all->is_array()) return episodes;
  for (const auto& each : all->as_array()) {
    if (each.is_object()) episodes.push_back(episode_of(each.as_object()));
  }
  return episodes;
}

std::string recovery_summary(const Episodes& episodes, bool more, Moment now) {
  auto since = now - std::chrono::hours(24);
  const bool cut_off = more && !episodes.empty() && episodes.back().begun > since;
  if (cut_off) since = episodes.back().begun;
  std::uint64_t count = 0, saved = 0, failed = 0, unknown = 0;
  std::array<std::uint64_t, 6> ended{};
  for (const auto& episode : episodes) {
    if (episode.begun < since) continue;
    ++count;
    ++ended.at(static_cast<std::size_t>(episode.outcome));
    saved += episode.calls_saved;
    failed += episode.calls_failed;
    unknown += episode.calls_unknown;
  }
  if (count == 0) return "last 24 hours: no recoveries\n";
  std::vector<std::string> outcomes;
  for (std::size_t i = 0; i < ended.size(); ++i) {
    if (ended[i] == 0) continue;
    outcomes.push_back(fmt::format("{} {}", ended[i], to_string(static_cast<Outcome>(i))));
  }
  return fmt::format(
      "{}: {} {} ({}); calls: {} saved, {} lost, {} unknown\n",
      cut_off ? "since " + when(since, now) : "last 24 hours", count,
      count == 1 ? "recovery" : "recoveries", fmt::join(outcomes, ", "), saved, failed, unknown
  );
}

std::string recovery_table(
    const Episodes& episodes, bool with_server, std::size_t width, Moment now
) {
  Rows rows = {{"WHEN", "SERVER", "CAUSE", "OUTCOME", "TOOK", "CALLS", "EVIDENCE"}};
  for (const auto& episode : episodes) {
    rows.push_back(
        {when(episode.begun, now), one_line(episode.server), one_line(episode.cause),
         std::string(to_string(episode.outcome)), span(took(episode, now)), calls(episode),
         one_line(episode.evidence)}
    );
  }
  return fitted_table(
      with_server ? rows : without_column(std::move(rows), "SERVER"), {"TOOK", "CAUSE"}, width
  );
}

std::string recovery_steps(const Episode& episode, std::size_t width, Moment now) {
  auto out = fmt::format(
      "recovery {}, {}: {} after {}, {} {}, session {} to {}\n", one_line(episode.id),
      when(episode.begun, now), to_string(episode.outcome), span(took(episode, now)),
      episode.attempts, episode.attempts == 1 ? "attempt" : "attempts", episode.generation_before,
      episode.generation_after
  );
  Rows rows;
  for (const auto& step : episode.steps) rows.push_back({span(step.at), one_line(step.what)});
  return out + table(rows, width, 2);
}

}  // namespace mooring::cli
