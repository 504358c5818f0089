#include "server/status_json.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cctype>
#include <map>
#include <set>
#include <sstream>

#include "core/redact.hpp"

namespace mooring::server {
namespace {

using namespace std::chrono_literals;
namespace json = boost::json;

upstream::Status ready() {
  upstream::Status status;
  status.name = "git";
  status.transport = "http";
  status.target = "https://mcp.example.com/mcp";
  status.state = upstream::State::ready;
  status.generation = 3;
  status.recoveries = 2;
  status.protocol_version = "2025-11-25";
  status.server_info = R"({"name":"git","version":"1"})";
  status.last_success = std::chrono::system_clock::time_point(1'800'000'000s);
  status.listed = {5, 4, 3, 2};
  return status;
}
upstream::Status parked() {
  upstream::Status status;
  status.name = "files";
  status.transport = "stdio";
  status.target = "mcp-files";
  status.state = upstream::State::parked;
  status.last_error = "exited with status 3";
  status.attempts = 4;
  status.next_probe_in = 90s;
  status.pid = 4711;
  return status;
}
GatewayFacts facts() {
  GatewayFacts facts;
  facts.version = "0.1.0";
  facts.url = "http://127.0.0.1:7777";
  facts.pid = 42;
  facts.uptime = 61s;
  facts.connections = 7;
  facts.listening = 2;
  return facts;
}

TEST(StatusJson, tells_everything_about_a_server) {
  const auto server = json::parse(server_json(ready())).as_object();
  EXPECT_EQ(server.at("name"), "git");
  EXPECT_EQ(server.at("transport"), "http");
  EXPECT_EQ(server.at("target"), "https://mcp.example.com/mcp");
  EXPECT_EQ(server.at("state"), "ready");
  EXPECT_EQ(server.at("reason"), "");
  EXPECT_EQ(server.at("generation"), 3);
  EXPECT_EQ(server.at("recoveries"), 2);
  EXPECT_EQ(server.at("protocol_version"), "2025-11-25");
  EXPECT_EQ(server.at("server_info").at("name"), "git");
  EXPECT_EQ(server.at("last_success_at"), "2027-01-15T08:00:00Z");
  EXPECT_EQ(server.at("tools"), 5);
  EXPECT_EQ(server.at("resources"), 4);
  EXPECT_EQ(server.at("resource_templates"), 3);
  EXPECT_EQ(server.at("prompts"), 2);
  EXPECT_FALSE(server.contains("next_probe_in_ms"));
  EXPECT_FALSE(server.contains("pid"));
}

TEST(StatusJson, names_the_next_probe_and_the_reason) {
  const auto server = json::parse(server_json(parked())).as_object();
  EXPECT_EQ(server.at("state"), "parked");
  EXPECT_EQ(server.at("reason"), "exited with status 3");
  EXPECT_EQ(server.at("attempts"), 4);
  EXPECT_EQ(server.at("next_probe_in_ms"), 90'000);
  EXPECT_TRUE(server.at("next_probe_at").as_string().ends_with("Z"));
  EXPECT_EQ(server.at("pid"), 4711);
  EXPECT_FALSE(server.contains("last_success_at"));
}

TEST(StatusJson, tells_about_the_gateway) {
  const auto all = json::parse(status_json(facts(), {ready(), parked()})).as_object();
  const auto& gateway = all.at("gateway").as_object();
  EXPECT_EQ(gateway.at("version"), "0.1.0");
  EXPECT_EQ(gateway.at("url"), "http://127.0.0.1:7777");
  EXPECT_EQ(gateway.at("pid"), 42);
  EXPECT_EQ(gateway.at("uptime_seconds"), 61);
  EXPECT_EQ(gateway.at("connections"), 7);
  EXPECT_EQ(gateway.at("listening"), 2);
  EXPECT_EQ(gateway.at("draining"), false);
  ASSERT_EQ(all.at("servers").as_array().size(), 2u);
  EXPECT_EQ(all.at("servers").at(1).at("name"), "files");
  EXPECT_TRUE(json::parse(status_json(facts(), {})).at("servers").as_array().empty());
}

TEST(StatusJson, what_a_server_says_cannot_break_the_document) {
  auto status = ready();
  status.last_error = "said \"no\"\n\x01 </script>";
  status.server_info = "{broken";
  status.name = "\"quoted\"";
  const auto server = json::parse(server_json(status)).as_object();
  EXPECT_EQ(server.at("name"), "\"quoted\"");
  EXPECT_FALSE(server.contains("server_info"));
  status.server_info = "";
  EXPECT_TRUE(json::parse(server_json(status)).at("server_info").as_object().empty());
}

TEST(StatusJson, no_secret_is_shown) {
  core::register_secret("s3cr3t-of-the-config");
  auto status = ready();
  status.target = "https://user:pa55word@mcp.example.com/s3cr3t-of-the-config/mcp";
  status.last_error =
      "HTTP 401: Bearer abcdefgh12345678 is not s3cr3t-of-the-config nor "
      "ghp_0123456789abcdefghijABCDEFGHIJ012345";
  status.server_info = R"({"name":"s3cr3t-of-the-config"})";
  for (const auto& text :
       {server_json(status), status_json(facts(), {status}), metrics_text(facts(), {}, {status})}) {
    for (const auto* secret :
         {"s3cr3t-of-the-config", "pa55word", "abcdefgh12345678", "ghp_0123456789"}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
    }
  }
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
    if (!types.contains(name)) problems.push_back("no type: " + line);
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
      facts(), {.requests = 10, .calls = 8, .call_errors = 1}, {ready(), parked(), hostile}
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
  const Exposition read(metrics_text(facts(), {}, {ready(), parked()}));
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
    EXPECT_EQ(states, 8u);
    EXPECT_EQ(sum, 1);
  }
}

TEST(Metrics, a_gateway_without_servers_has_some_too) {
  const Exposition read(metrics_text(facts(), {}, {}));
  EXPECT_TRUE(read.problems.empty());
  EXPECT_EQ(read.samples.at("mooring_requests_total"), 0);
}

}  // namespace
}  // namespace mooring::server
