// How a session comes to stand, and how often that is tried when it does not.
#include "protocol/json_scan.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

using Methods = std::vector<std::string>;

std::vector<core::TimePoint> times(const FakeServer& server, std::string_view method) {
  std::vector<core::TimePoint> all;
  for (const auto& each : server.seen) {
    if (each.method == method) all.push_back(each.at);
  }
  return all;
}

/// The server has no address: each attempt ends in this failure.
FakeServer::Step refusing(Failure failure) {
  return
      [failure](FakeServer::Ask) -> awaitable<transport::Outcome> { co_return outcome(failure); };
}

TEST(Connect, handshake_then_catalogue_then_ready) {
  World world;
  world.connect();
  EXPECT_EQ(
      world.server->methods(), (Methods{"initialize", "notifications/initialized", "tools/list"})
  );
  const auto& first = world.server->seen[0];
  EXPECT_EQ(first.session, "");
  EXPECT_EQ(first.version, "");
  EXPECT_EQ(protocol::string_member(first.params, "protocolVersion"), "2025-11-25");
  for (const auto index : {1u, 2u}) {
    EXPECT_EQ(world.server->seen[index].session, "s-1");
    EXPECT_EQ(world.server->seen[index].version, "2025-11-25");
  }
  const auto& snapshot = world.snapshot();
  ASSERT_TRUE(snapshot.session);
  EXPECT_EQ(snapshot.session->generation, 1u);
  EXPECT_EQ(snapshot.session->headers->session_id, "s-1");
  ASSERT_TRUE(snapshot.catalogue);
  EXPECT_NE((*snapshot.catalogue)[ListKind::tools].find("echo"), nullptr);
  EXPECT_EQ(snapshot.last_error, "");
  EXPECT_TRUE(world.observer.lists.empty());
}

TEST(Connect, only_lists_of_declared_capabilities_are_asked_for) {
  World world;
  world.server->capabilities = R"({"resources":{},"prompts":{}})";
  world.connect();
  EXPECT_EQ(world.server->count("tools/list"), 0u);
  EXPECT_EQ(world.server->count("resources/list"), 1u);
  EXPECT_EQ(world.server->count("resources/templates/list"), 1u);
  EXPECT_EQ(world.server->count("prompts/list"), 1u);
}

TEST(Connect, nothing_is_sent_before_initialized_was_accepted) {
  World world;
  world.server->holds = {"initialize"};
  world.start();
  const auto call = world.call();
  EXPECT_EQ(world.server->methods(), Methods{"initialize"});
  EXPECT_FALSE(call->done);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(call->answered());
  EXPECT_EQ(world.server->seen[1].method, "notifications/initialized");
}

TEST(Connect, SM_15_disabled_touches_nothing) {
  auto config = World::http();
  config.enabled = false;
  World world(config);
  world.start();
  world.advance(1h);
  EXPECT_TRUE(world.server->seen.empty());
  EXPECT_EQ(world.state(), State::disabled);
}

TEST(Connect, SM_01_four_attempts_then_parked_with_the_reason) {
  World world;
  world.server->always["initialize"] = refusing(http_failure(502));
  world.start();
  EXPECT_EQ(world.state(), State::connecting);
  world.advance(30s);
  const auto at = times(*world.server, "initialize");
  ASSERT_EQ(at.size(), 4u);
  const std::vector<core::Duration> gaps = {1s, 2s, 4s};
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    EXPECT_GE((at[i + 1] - at[i]) * 10, gaps[i] * 8) << i;
    EXPECT_LE((at[i + 1] - at[i]) * 10, gaps[i] * 12) << i;
  }
  EXPECT_EQ(world.state(), State::parked);
  EXPECT_NE(world.snapshot().last_error.find("502"), std::string::npos);
  ASSERT_TRUE(world.snapshot().next_probe);
  EXPECT_EQ(*world.snapshot().next_probe, at.back() + 300s);
}

TEST(Connect, SM_02_no_such_command_is_tried_once_and_named) {
  World world(World::stdio());
  world.channels->refusals.push_back(
      Error{Reason::config, "cannot run fake-server: no such file or directory"}
  );
  world.start();
  world.advance(299s);
  EXPECT_EQ(world.channels->asked, 1);
  EXPECT_EQ(world.state(), State::failed);
  EXPECT_NE(world.snapshot().last_error.find("fake-server"), std::string::npos);
}

TEST(Connect, SM_03_missing_credentials_are_not_retried) {
  for (const int status : {401, 403}) {
    World world;
    world.server->always["initialize"] = refusing(http_failure(status));
    world.start();
    world.advance(299s);
    EXPECT_EQ(world.server->count("initialize"), 1u);
    EXPECT_EQ(world.state(), State::failed);
    EXPECT_NE(world.snapshot().last_error.find("credentials"), std::string::npos);
  }
}

TEST(Connect, what_is_no_mcp_endpoint_is_not_retried) {
  World html;
  html.server->always["initialize"] = refusing(http_failure(404));
  html.start();
  html.advance(299s);
  EXPECT_EQ(html.server->count("initialize"), 1u);
  EXPECT_EQ(html.state(), State::failed);
  EXPECT_NE(html.snapshot().last_error.find("not an MCP endpoint"), std::string::npos);

  World other;
  other.server->then("initialize", std::string(R"({"hello":"world"})"));
  other.start();
  EXPECT_EQ(other.state(), State::failed);

  World future;
  future.server->version = "2099-01-01";
  future.start();
  EXPECT_EQ(future.state(), State::failed);
  EXPECT_NE(future.snapshot().last_error.find("2099-01-01"), std::string::npos);
}

TEST(Connect, a_server_that_refuses_initialize_in_json_rpc_is_tried_again) {
  World world;
  world.server->then("initialize", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return outcome(protocol::make_error(ask.request.id, -32603, "still starting"));
  });
  world.start();
  EXPECT_NE(world.snapshot().last_error.find("still starting"), std::string::npos);
  world.advance(2s);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.snapshot().last_error, "");
}

TEST(Connect, a_first_session_that_is_lost_at_once_is_made_again_at_once) {
  World world;
  auto gone = http_failure(404);
  gone.sent_session_id = true;
  world.server->then("tools/list", gone);
  world.start();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.server->last("tools/list").session, "s-2");
}

TEST(Connect, SM_05a_parked_gets_one_attempt_every_interval) {
  auto config = World::http();
  config.initial_attempts = 1;
  World world(config);
  world.server->always["initialize"] = refusing(http_failure(503));
  world.start();
  EXPECT_EQ(world.state(), State::parked);
  for (std::size_t probes = 2; probes < 6; ++probes) {
    world.advance(299s);
    EXPECT_EQ(world.server->count("initialize"), probes - 1);
    world.advance(1s);
    EXPECT_EQ(world.server->count("initialize"), probes);
    EXPECT_EQ(world.state(), State::parked);
  }
}

TEST(Connect, SM_05b_SM_06_reconnect_brings_a_parked_server_back_at_once) {
  auto config = World::http();
  config.initial_attempts = 1;
  World world(config);
  world.server->down = true;
  world.start();
  ASSERT_EQ(world.state(), State::parked);
  world.server->down = false;
  world.supervisor->reconnect_now();
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_TRUE(world.call()->answered());
}

TEST(Connect, SM_16_a_hanging_handshake_ends_at_connect_timeout) {
  auto config = World::http();
  config.connect_timeout = 10s;
  World world(config);
  world.server->hangs = {"initialize"};
  world.start();
  world.advance(9999ms);
  EXPECT_EQ(world.snapshot().last_error, "");
  world.advance(1ms);
  EXPECT_EQ(world.snapshot().last_error, "no answer to the handshake within 10 s");
  EXPECT_EQ(world.snapshot().failure_kind, "transient");
  EXPECT_EQ(world.server->cut, 1);
  world.server->hangs.clear();
  world.advance(2s);
  EXPECT_EQ(world.state(), State::ready);
}

TEST(Connect, a_first_list_that_hangs_ends_at_connect_timeout_too) {
  auto config = World::http();
  config.connect_timeout = 10s;
  World world(config);
  world.server->hangs = {"tools/list"};
  world.start();
  world.advance(10s);
  EXPECT_NE(world.snapshot().last_error, "");
  EXPECT_EQ(world.state(), State::connecting);
  world.server->hangs.clear();
  world.advance(2s);
  EXPECT_EQ(world.state(), State::ready);
}

TEST(Connect, SM_22_retry_after_is_heeded) {
  for (const int status : {429, 503}) {
    World world;
    auto busy = http_failure(status);
    busy.headers = {{"retry-after", "7"}};
    world.server->then("initialize", busy);
    world.start();
    world.advance(6999ms);
    EXPECT_EQ(world.server->count("initialize"), 1u);
    world.advance(1ms);
    EXPECT_EQ(world.server->count("initialize"), 2u);
    EXPECT_EQ(world.state(), State::ready);
  }
}

TEST(Connect, the_older_transport_is_found_and_remembered) {
  auto config = World::http();
  config.transport = TransportKind::automatic;
  World world(config);
  world.channels->has_sse = true;
  world.server->with_session_ids = false;
  world.server->then("initialize", http_failure(405));
  world.start();
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.status().transport, "sse");
  EXPECT_EQ(world.channels->processes.size(), 1u);
  EXPECT_TRUE(world.call()->answered());
  world.channels->processes[0]->die();
  world.advance(2s);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.channels->processes.size(), 2u);
  EXPECT_EQ(world.server->count("initialize"), 3u);
}

TEST(Connect, an_address_that_speaks_neither_transport_fails) {
  auto config = World::http();
  config.transport = TransportKind::automatic;
  World world(config);
  world.server->always["initialize"] = refusing(http_failure(405));
  world.start();
  EXPECT_EQ(world.state(), State::failed);
  EXPECT_EQ(world.status().transport, "http");
}

TEST(Connect, a_server_without_session_ids_is_fine) {
  World world;
  world.server->with_session_ids = false;
  world.connect();
  EXPECT_TRUE(world.call()->answered());
  world.stop();
  EXPECT_TRUE(world.server->ended.empty());
}

TEST(Connect, what_the_server_asks_meanwhile_is_answered) {
  World world;
  world.server->then("tools/list", [](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    for (const auto* request :
         {R"({"jsonrpc":"2.0","id":"q1","method":"ping"})",
          R"({"jsonrpc":"2.0","id":"q2","method":"roots/list"})"}) {
      co_await ask.sink.message(std::move(*Frame::parse(request)));
    }
    co_return outcome(protocol::make_result(ask.request.id, R"({"tools":[]})"));
  });
  world.connect();
  ASSERT_EQ(world.server->count("response"), 2u);
  EXPECT_EQ(world.server->last("response").session, "s-1");
  // A ping is ours to answer; the rest may be somebody else's.
  ASSERT_EQ(world.observer.requests.size(), 1u);
  EXPECT_NE(world.observer.requests[0].find("roots/list"), std::string::npos);
  EXPECT_NE(world.server->last("response").params.find(R"("roots":[])"), std::string::npos);
}

TEST(Connect, status_tells_how_things_stand) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.server->tools = {"a", "b"};
  world.connect();
  const auto status = world.status();
  EXPECT_EQ(status.name, "s");
  EXPECT_EQ(status.transport, "stdio");
  EXPECT_EQ(status.target, "fake-server");
  EXPECT_EQ(status.state, State::ready);
  EXPECT_EQ(status.generation, 1u);
  EXPECT_EQ(status.attempts, 0);
  EXPECT_EQ(status.pid, 1000);
  EXPECT_EQ(status.protocol_version, "2025-11-25");
  EXPECT_EQ(status.server_info, R"({"name":"fake"})");
  EXPECT_EQ(status.listed[0], 2u);
  EXPECT_TRUE(status.last_success.has_value());
  EXPECT_FALSE(status.next_probe_in.has_value());
}

TEST(Connect, status_of_a_parked_server_names_the_next_probe_and_no_query) {
  auto config = World::http();
  config.url = "http://127.0.0.1:9/mcp?key=secret";
  config.initial_attempts = 1;
  World world(config);
  world.server->down = true;
  world.start();
  world.advance(100s);
  const auto status = world.status();
  EXPECT_EQ(status.target, "http://127.0.0.1:9/mcp");
  EXPECT_EQ(status.attempts, 1);
  EXPECT_EQ(status.next_probe_in, 200s);
  EXPECT_EQ(status.last_error, "connect: connection refused");
}

// ---- ending

TEST(Connect, SM_08a_stop_wins_over_a_reconnect_that_is_asked_for_with_it) {
  World world;
  world.connect();
  world.supervisor->reconnect_now();
  world.stop();
  world.supervisor->reconnect_now();
  world.supervisor->report(
      {1, recovery::Plan::Heal::rebuild, false, recovery::Kind::session_lost,
       std::make_shared<const Failure>(http_failure(404)), 0s}
  );
  world.turn();
  EXPECT_EQ(world.state(), State::stopped);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Connect, SM_08b_stop_ends_a_backoff_without_waiting_for_it) {
  World world;
  world.server->down = true;
  world.start();
  const auto before = world.now();
  world.stop();
  EXPECT_EQ(world.state(), State::stopped);
  EXPECT_EQ(world.now(), before);
}

TEST(Connect, stop_ends_an_attempt_in_every_phase) {
  for (const auto* method : {"initialize", "tools/list"}) {
    World world;
    world.server->hangs = {method};
    world.start();
    world.stop();
    EXPECT_EQ(world.state(), State::stopped) << method;
    EXPECT_EQ(world.server->cut, 1) << method;
  }
}

TEST(Connect, stop_while_a_process_starts_leaves_none_behind) {
  World world(World::stdio());
  world.channels->opening_hangs = true;
  world.start();
  bool stopped = false;
  asio::co_spawn(
      world.home().executor(), world.supervisor->stop(),
      [&stopped](const std::exception_ptr&) { stopped = true; }
  );
  world.turn();
  EXPECT_FALSE(stopped);
  world.server->released.set();
  world.turn();
  EXPECT_TRUE(stopped);
  ASSERT_EQ(world.channels->processes.size(), 1u);
  EXPECT_TRUE(world.channels->processes[0]->closed);
}

TEST(Connect, a_handshake_that_fails_leaves_no_process_behind) {
  World world(World::stdio());
  world.server->then("initialize", std::string("{}"));
  world.start();
  ASSERT_EQ(world.channels->processes.size(), 1u);
  EXPECT_TRUE(world.channels->processes[0]->closed);
}

TEST(Connect, stop_ends_the_session_at_the_server) {
  World world;
  world.connect();
  world.stop();
  EXPECT_EQ(world.server->ended, std::vector<std::string>{"s-1"});
  EXPECT_EQ(world.snapshot().session, nullptr);
}

TEST(Connect, stop_closes_the_process) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.stop();
  EXPECT_TRUE(world.channels->processes[0]->closed);
}

}  // namespace
}  // namespace mooring::upstream
