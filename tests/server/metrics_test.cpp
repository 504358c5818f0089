#include "server/metrics.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <set>
#include <sstream>

#include "core/redact.hpp"

namespace mooring::server {
namespace {

using namespace std::chrono_literals;
using recovery::Episode;
using Outcome = Episode::Outcome;

upstream::Status ready() {
  upstream::Status status;
  status.name = "git";
  status.state = upstream::State::ready;
  status.generation = 3;
  status.recoveries = 2;
  status.in_flight = 4;
  status.calls_saved = 5;
  status.calls_failed = 6;
  status.calls_unknown = 7;
  return status;
}
upstream::Status parked() {
  upstream::Status status;
  status.name = "files";
  status.state = upstream::State::parked;
  status.attempts = 4;
  status.next_probe_in = 1500ms;
  status.breaker = "open";
  return status;
}
GatewayFacts facts() {
  GatewayFacts facts;
  facts.uptime = 61s;
  facts.connections = 7;
  facts.listening = 2;
  return facts;
}
Episode ended(std::string id, Outcome outcome, std::chrono::milliseconds took = 0ms) {
  Episode episode;
  episode.id = std::move(id);
  episode.server = "git";
  episode.cause = "session_lost";
  episode.outcome = outcome;
  episode.took = took;
  return episode;
}

/// The text exposition format 0.0.4, as strictly as Prometheus reads it.
struct Exposition {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;  ///< by name and labels
  std::vector<std::string> problems;

  explicit Exposition(const std::string& text) {
    if (!text.ends_with('\n')) problems.push_back("no line break at the end");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) take(line);
  }

  void take(const std::string& line) {
    if (line.empty()) return;
    std::istringstream words(line);
    if (line.starts_with("# ")) {
      std::string hash, what, name, type;
      words >> hash >> what >> name >> type;
      if (what == "TYPE" && !types.emplace(name, type).second) problems.push_back("twice: " + line);
      return;
    }
    const auto open = line.find('{');
    const auto blank = line.rfind(' ');
    const auto name = line.substr(0, std::min(open, blank));
    auto family = name;
    for (const std::string part : {"_bucket", "_sum", "_count"}) {
      const auto stem = name.substr(0, name.size() - std::min(name.size(), part.size()));
      if (name.ends_with(part) && types.contains(stem) && types.at(stem) == "histogram") {
        family = stem;
      }
    }
    if (!types.contains(family)) problems.push_back("no type: " + line);
    for (const char c : name) {
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') problems.push_back(line);
    }
    if (open != std::string::npos) check_labels(line.substr(open, blank - open));
    std::size_t used = 0;
    const double value = std::stod(line.substr(blank + 1), &used);
    if (used != line.size() - blank - 1) problems.push_back("not a number: " + line);
    if (!samples.emplace(line.substr(0, blank), value).second) problems.push_back("twice: " + line);
  }

  void check_labels(const std::string& labels) {
    bool quoted = false;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (quoted && labels[i] == '\\') {
        ++i;
      } else if (labels[i] == '"') {
        quoted = !quoted;
      }
    }
    if (quoted || !labels.ends_with('}')) problems.push_back("labels: " + labels);
  }
};

TEST(Metrics, are_valid_exposition_format) {
  auto hostile = ready();
  hostile.name = "a\"b\\c\nd";
  const Exposition read(metrics_text(
      facts(), {.requests = 10, .calls = 8, .call_errors = 1}, {ready(), parked(), hostile}, {}
  ));
  EXPECT_TRUE(read.problems.empty()) << read.problems.front();
  EXPECT_EQ(read.types.at("mooring_requests_total"), "counter");
  EXPECT_EQ(read.types.at("mooring_upstream_state"), "gauge");
  EXPECT_EQ(read.samples.at("mooring_requests_total"), 10);
  EXPECT_EQ(read.samples.at("mooring_calls_total"), 8);
  EXPECT_EQ(read.samples.at("mooring_call_errors_total"), 1);
  EXPECT_EQ(read.samples.at("mooring_connections"), 7);
  EXPECT_EQ(read.samples.at("mooring_listeners"), 2);
  EXPECT_EQ(read.samples.at("mooring_uptime_seconds"), 61);
  EXPECT_EQ(read.samples.at(R"(mooring_upstream_generation{server="git"})"), 3);
  EXPECT_EQ(read.samples.at(R"(mooring_upstream_recoveries_total{server="git"})"), 2);
  EXPECT_EQ(read.samples.at(R"(mooring_upstream_failed_attempts{server="files"})"), 4);
  EXPECT_EQ(read.samples.at(R"(mooring_upstream_generation{server="a\"b\\c\nd"})"), 3);
}

TEST(Metrics, an_upstream_is_in_exactly_one_state) {
  const Exposition read(metrics_text(facts(), {}, {ready(), parked()}, {}));
  for (const auto& [server, state] :
       std::map<std::string, std::string>{{"git", "ready"}, {"files", "parked"}}) {
    double sum = 0;
    std::size_t states = 0;
    for (const auto& [sample, value] : read.samples) {
      if (!sample.starts_with("mooring_upstream_state{server=\"" + server + "\"")) continue;
      ++states;
      sum += value;
      EXPECT_EQ(value, sample.find("\"" + state + "\"") != std::string::npos ? 1 : 0) << sample;
    }
    EXPECT_EQ(states, upstream::all_states.size());
    EXPECT_EQ(sum, 1);
  }
}

TEST(Metrics, a_gateway_without_servers_has_some_too) {
  const Exposition read(metrics_text(facts(), {}, {}, {}));
  EXPECT_TRUE(read.problems.empty());
  EXPECT_EQ(read.samples.at("mooring_requests_total"), 0);
}

TEST(Metrics, tell_of_breaker_probe_and_calls) {
  const Exposition read(metrics_text(facts(), {}, {ready(), parked()}, {}));
  const auto sample = [&read](const std::string& name) { return read.samples.at(name); };
  EXPECT_EQ(sample(R"(mooring_upstream_breaker{server="git",state="closed"})"), 1);
  EXPECT_EQ(sample(R"(mooring_upstream_breaker{server="git",state="open"})"), 0);
  EXPECT_EQ(sample(R"(mooring_upstream_breaker{server="files",state="open"})"), 1);
  EXPECT_EQ(sample(R"(mooring_upstream_breaker{server="files",state="half_open"})"), 0);
  EXPECT_EQ(sample(R"(mooring_upstream_next_probe_seconds{server="files"})"), 1.5);
  EXPECT_FALSE(read.samples.contains(R"(mooring_upstream_next_probe_seconds{server="git"})"));
  EXPECT_EQ(sample(R"(mooring_upstream_calls_in_flight{server="git"})"), 4);
  EXPECT_EQ(sample(R"(mooring_upstream_broken_calls_total{server="git",fate="saved"})"), 5);
  EXPECT_EQ(sample(R"(mooring_upstream_broken_calls_total{server="git",fate="failed"})"), 6);
  EXPECT_EQ(sample(R"(mooring_upstream_broken_calls_total{server="git",fate="unknown"})"), 7);
}

TEST(Metrics, count_recoveries_by_cause_and_outcome_and_measure_them) {
  RecoveryTotals totals;
  totals.note(ended("r-1", Outcome::running));
  totals.note(ended("r-1", Outcome::healed, 40ms));
  totals.note(ended("r-1", Outcome::healed, 40ms));  // accounted to afterwards
  totals.note(ended("r-2", Outcome::kept, 100ms));
  totals.note(ended("r-3", Outcome::parked, 20s));
  totals.note(ended("r-3", Outcome::running, 20s));
  totals.note(ended("r-3", Outcome::healed, 90s));
  const Exposition read(metrics_text(facts(), {}, {}, totals.totals()));
  EXPECT_TRUE(read.problems.empty()) << read.problems.front();
  const auto ended_so = [&read](const std::string& outcome) {
    return read.samples.at(
        R"(mooring_recoveries_total{server="git",cause="session_lost",outcome=")" + outcome + "\"}"
    );
  };
  EXPECT_EQ(ended_so("healed"), 2);
  EXPECT_EQ(ended_so("kept"), 1);
  EXPECT_EQ(ended_so("parked"), 1);
  const auto within = [&read](const std::string& seconds) {
    return read.samples.at(
        R"(mooring_recovery_duration_seconds_bucket{server="git",le=")" + seconds + "\"}"
    );
  };
  EXPECT_EQ(within("0.025"), 0);
  EXPECT_EQ(within("0.05"), 1);
  EXPECT_EQ(within("0.1"), 2);
  EXPECT_EQ(within("60"), 2);
  EXPECT_EQ(within("+Inf"), 3);
  EXPECT_EQ(read.samples.at(R"(mooring_recovery_duration_seconds_count{server="git"})"), 3);
  EXPECT_NEAR(
      read.samples.at(R"(mooring_recovery_duration_seconds_sum{server="git"})"), 90.14, 1e-9
  );
}

TEST(RecoveryTotals, remember_a_bounded_number_of_episodes) {
  RecoveryTotals totals;
  for (int i = 0; i < 5000; ++i) {
    totals.note(ended("r-" + std::to_string(i), Outcome::healed));
    totals.note(ended("r-" + std::to_string(i), Outcome::healed));
  }
  EXPECT_EQ((totals.totals().ended.at({"git", "session_lost", "healed"})), 5000u);
}

TEST(Metrics, show_no_secret) {
  core::register_secret("s3cr3t-of-metrics");
  auto status = ready();
  status.target = "https://user:pa55word@mcp.example.com/s3cr3t-of-metrics/mcp";
  status.last_error = "Bearer s3cr3t-of-metrics";
  status.server_info = R"({"name":"s3cr3t-of-metrics"})";
  const auto text = metrics_text(facts(), {}, {status}, {});
  EXPECT_EQ(text.find("s3cr3t"), std::string::npos) << text;
  EXPECT_EQ(text.find("pa55word"), std::string::npos) << text;
}

}  // namespace
}  // namespace mooring::server
