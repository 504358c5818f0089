#include "server/status_json.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "core/redact.hpp"
#include "server/episode_json.hpp"

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
  recovery::Episode episode;
  episode.evidence = status.last_error;
  episode.steps = {{0ms, status.last_error}};
  for (const auto& text :
       {server_json(status, {episode}), status_json(facts(), {status}), recoveries_json({episode})
       }) {
    for (const auto* secret :
         {"s3cr3t-of-the-config", "pa55word", "abcdefgh12345678", "ghp_0123456789"}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in " << text;
    }
  }
}

TEST(StatusJson, STAT_01_every_state_has_its_word) {
  constexpr std::string_view words[] = {"connecting",  "ready",    "suspect",      "recovering",
                                        "backing_off", "parked",   "login_needed", "failed",
                                        "idle",        "disabled", "stopped"};
  ASSERT_EQ(upstream::all_states.size(), std::size(words));
  for (std::size_t i = 0; i < std::size(words); ++i) {
    auto status = ready();
    status.state = upstream::all_states[i];
    EXPECT_EQ(json::parse(server_json(status)).at("state").as_string(), words[i]);
  }
}

TEST(StatusJson, tells_what_became_of_it_and_of_its_calls) {
  auto status = parked();
  status.failure_kind = "session_lost";
  status.breaker = "open";
  status.breaker_failures = 3;
  status.breaker_open_in = 30s;
  status.idle_ttl = 20min;
  status.in_flight = 2;
  status.calls_saved = 7;
  status.calls_failed = 8;
  status.calls_unknown = 9;
  status.ready_since = std::chrono::system_clock::time_point(1'800'000'000s);
  const auto server = json::parse(server_json(status)).as_object();
  EXPECT_EQ(server.at("failure_kind"), "session_lost");
  EXPECT_EQ(server.at("breaker"), "open");
  EXPECT_EQ(server.at("breaker_failures"), 3);
  EXPECT_EQ(server.at("breaker_open_in_ms"), 30'000);
  EXPECT_EQ(server.at("idle_ttl_ms"), 1'200'000);
  EXPECT_EQ(server.at("in_flight"), 2);
  EXPECT_EQ(server.at("calls_saved"), 7);
  EXPECT_EQ(server.at("calls_failed"), 8);
  EXPECT_EQ(server.at("calls_unknown"), 9);
  EXPECT_EQ(server.at("ready_since"), "2027-01-15T08:00:00Z");
  EXPECT_FALSE(server.contains("episodes"));
  const auto fine = json::parse(server_json(ready())).as_object();
  EXPECT_EQ(fine.at("breaker"), "closed");
  EXPECT_FALSE(fine.contains("breaker_open_in_ms"));
  EXPECT_FALSE(fine.contains("idle_ttl_ms"));
}

TEST(StatusJson, one_server_with_its_recoveries) {
  recovery::Episode episode;
  episode.id = "r-1";
  const auto server = json::parse(server_json(ready(), {episode})).as_object();
  EXPECT_EQ(server.at("name"), "git");
  EXPECT_EQ(server.at("recoveries"), 2);
  EXPECT_EQ(server.at("episodes").at(0).at("id"), "r-1");
}

}  // namespace
}  // namespace mooring::server
