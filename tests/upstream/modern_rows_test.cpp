// Which era a server is found to be of, and what that changes in what is sent to it (2026-07-28;
// protocol.md §6 and §7).
#include "modern_side.hpp"
#include "steps.hpp"

namespace mooring::upstream {
namespace {

using Methods = std::vector<std::string>;
using Era = ModernSide::Era;

/// Nothing that went with the legacy era was said.
void expect_no_session(const World& world) {
  for (const auto* method :
       {"initialize", "notifications/initialized", "ping", "logging/setLevel",
        "resources/subscribe", "notifications/roots/list_changed"})
    EXPECT_EQ(world.server->count(method), 0u) << method;
  for (const auto& each : world.server->seen) EXPECT_EQ(each.session, "") << each.method;
  EXPECT_TRUE(world.server->ended.empty());
  EXPECT_TRUE(world.server->streams.empty());
}

/// Every request says who asks, and over HTTP its headers repeat the body.
void expect_envelopes(const World& world, bool over_http) {
  for (const auto& each : world.server->seen) {
    if (each.id.empty()) continue;
    const auto meta = protocol::member(each.params, "_meta").value_or("{}");
    EXPECT_EQ(protocol::string_member(meta, protocol::meta_protocol_version), "2026-07-28")
        << each.method;
    EXPECT_TRUE(protocol::member(meta, protocol::meta_client_capabilities)) << each.method;
    EXPECT_TRUE(protocol::member(meta, protocol::meta_client_info)) << each.method;
    EXPECT_EQ(each.version, "2026-07-28") << each.method;
    const auto said = each.headers.find("Mcp-Method");
    EXPECT_EQ(said != each.headers.end(), over_http) << each.method;
    if (over_http) {
      EXPECT_EQ(said->second, each.method);
    }
  }
}

TEST(ModernRows, a_modern_server_is_discovered_and_listed_without_a_session) {
  World world(modern_http());
  world.server->capabilities = R"({"tools":{},"resources":{},"prompts":{}})";
  ModernSide modern(world);
  world.connect();
  EXPECT_EQ(
      world.server->methods(), (Methods{
                                   "server/discover", "tools/list", "resources/list",
                                   "resources/templates/list", "prompts/list"
                               })
  );
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->last("tools/call").headers.at("Mcp-Name"), "echo");
  world.advance(3600s);
  EXPECT_EQ(world.server->seen.size(), 6u) << "no keepalive";
  EXPECT_EQ(world.status().protocol_version, "2026-07-28");
  EXPECT_EQ(world.status().server_info, R"({"name":"fake"})");
  world.stop();
  expect_envelopes(world, true);
  expect_no_session(world);
}

TEST(ModernRows, over_stdio_there_are_no_headers) {
  World world(modern_stdio());
  ModernSide modern(world);
  world.connect();
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.channels->processes.size(), 1u);
  world.advance(600s);
  expect_envelopes(world, false);
  expect_no_session(world);
}

TEST(ModernRows, pages_of_a_list_carry_the_envelope_each) {
  World world(modern_http());
  ModernSide modern(world);
  world.server->then("tools/list", R"({"tools":[{"name":"a"}],"nextCursor":"2"})");
  world.connect();
  EXPECT_EQ(world.server->count("tools/list"), 2u);
  EXPECT_EQ(protocol::string_member(world.server->last("tools/list").params, "cursor"), "2");
  expect_envelopes(world, true);
}

TEST(ModernRows, protocol_legacy_never_asks_and_protocol_modern_never_initializes) {
  {
    World world(modern_http(ProtocolEra::legacy));
    ModernSide modern(world, Era::both);
    world.connect();
    EXPECT_EQ(world.server->count("server/discover"), 0u);
    world.report_lost(1, true, "gone");
    world.turn();
    EXPECT_EQ(world.server->count("server/discover"), 0u);
    EXPECT_FALSE(world.snapshot().session->server.modern());
  }
  {
    World world(modern_http(ProtocolEra::legacy));
    ModernSide modern(world, Era::modern);
    world.server->always["initialize"] = modern.says(400, -32022, "Unsupported protocol version");
    world.start();
    EXPECT_EQ(world.server->count("server/discover"), 0u);
    EXPECT_EQ(world.state(), State::failed);
    const auto& error = world.snapshot().last_error;
    EXPECT_NE(error.find("set `protocol` to auto"), std::string::npos) << error;
    EXPECT_EQ(error.find("not an MCP endpoint"), std::string::npos) << error;
  }
  for (const auto& config : {modern_http(ProtocolEra::modern), modern_stdio(ProtocolEra::modern)}) {
    World world(config);
    ModernSide modern(world, Era::legacy);
    world.start();
    EXPECT_EQ(world.server->methods(), Methods{"server/discover"});
    EXPECT_EQ(world.state(), State::failed);
    EXPECT_NE(world.snapshot().last_error.find("set `protocol` to"), std::string::npos);
    modern.become(Era::both);
    world.advance(600s);
    EXPECT_EQ(world.state(), State::ready);
    EXPECT_TRUE(world.snapshot().session->server.modern());
    EXPECT_EQ(world.server->count("initialize"), 0u);
  }
}

TEST(ModernRows, a_server_of_both_eras_is_a_modern_one) {
  World world(modern_http());
  ModernSide modern(world, Era::both);
  world.connect();
  EXPECT_TRUE(world.snapshot().session->server.modern());
  EXPECT_EQ(world.server->count("initialize"), 0u);
}

TEST(ModernRows, a_legacy_server_is_asked_once_and_not_again_for_its_next_sessions) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world, Era::legacy);
    world.connect();
    EXPECT_EQ(
        world.server->methods(),
        (Methods{"server/discover", "initialize", "notifications/initialized", "tools/list"})
    );
    EXPECT_EQ(world.server->last("initialize").version, "");
    EXPECT_TRUE(world.server->last("tools/list").headers.empty());
    EXPECT_EQ(world.server->last("tools/list").params.find("_meta"), std::string::npos);
    for (std::uint64_t generation = 1; generation < 4; ++generation) {
      world.report_lost(generation, true, "gone");
      world.turn();
      world.advance(60s);
      ASSERT_EQ(world.state(), State::ready);
    }
    EXPECT_EQ(world.server->count("server/discover"), 1u);
    EXPECT_EQ(world.server->count("initialize"), 4u);
  }
}

TEST(ModernRows, an_odd_answer_to_the_question_means_legacy) {
  for (const auto* odd :
       {"{}", R"({"supportedVersions":[]})", R"({"supportedVersions":["2025-11-25"]})"}) {
    World world(modern_http());
    ModernSide modern(world, Era::legacy);
    world.server->then("server/discover", std::string(odd));
    world.connect();
    EXPECT_EQ(world.server->count("initialize"), 1u) << odd;
  }
}

TEST(ModernRows, a_server_that_wants_the_version_it_was_offered_is_asked_once_more) {
  World world(modern_http());
  ModernSide modern(world);
  const auto again = [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    co_return modern.error(ask, 400, -32022, "no", R"({"supported":["2026-07-28"]})");
  };
  world.server->then("server/discover", FakeServer::Step(again));
  world.connect();
  EXPECT_EQ(world.server->count("server/discover"), 2u);
  EXPECT_EQ(world.server->count("initialize"), 0u);

  World stubborn(modern_http());
  ModernSide other(stubborn);
  stubborn.server->always["server/discover"] = again;
  stubborn.start();
  EXPECT_EQ(stubborn.server->methods(), (Methods{"server/discover", "server/discover"}));
  EXPECT_EQ(stubborn.state(), State::failed);
}

TEST(ModernRows, a_server_of_a_later_era_alone_is_told_so_and_never_initialized) {
  World world(modern_http());
  ModernSide modern(world);
  world.server->always["server/discover"] = answers(R"({"supportedVersions":["2030-01-01"]})");
  world.start();
  EXPECT_EQ(world.server->methods(), Methods{"server/discover"});
  EXPECT_EQ(world.state(), State::failed);
  EXPECT_NE(world.snapshot().last_error.find("2030-01-01"), std::string::npos);
}

TEST(ModernRows, a_question_without_an_answer_is_given_up_for_initialize) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world, Era::legacy);
    world.server->hangs = {"server/discover"};
    world.server->always.erase("server/discover");
    world.start();
    EXPECT_EQ(world.state(), State::connecting);
    world.advance(world.config->probe_timeout);
    ASSERT_EQ(world.state(), State::ready) << world.snapshot().last_error;
    EXPECT_EQ(world.server->count("initialize"), 1u);
    EXPECT_EQ(world.channels->processes.size(), config.url.empty() ? 1u : 0u);
  }
}

TEST(ModernRows, a_modern_server_that_was_slow_to_start_is_asked_again) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world);
    const auto says_what_it_is = world.server->always.at("server/discover");
    world.server->always.erase("server/discover");
    world.server->hangs = {"server/discover"};
    const auto refuses = world.server->always.at("initialize");
    world.server->always["initialize"] = [&, refuses, says_what_it_is](FakeServer::Ask ask) {
      world.server->hangs.clear();
      world.server->always["server/discover"] = says_what_it_is;
      return refuses(std::move(ask));
    };
    world.start();
    world.advance(world.config->probe_timeout);
    ASSERT_EQ(world.state(), State::ready) << world.snapshot().last_error;
    EXPECT_TRUE(world.snapshot().session->server.modern());
    EXPECT_EQ(world.server->count("initialize"), 1u);
    EXPECT_EQ(world.server->count("server/discover"), 2u);
  }
}

TEST(ModernRows, credentials_and_trouble_say_nothing_of_the_era) {
  for (const int status : {401, 403, 429, 500, 502, 503, 504}) {
    World world(modern_http());
    ModernSide modern(world);
    world.server->then("server/discover", http_failure(status));
    world.start();
    EXPECT_EQ(world.server->methods(), Methods{"server/discover"}) << status;
    EXPECT_NE(world.state(), State::ready) << status;
    world.advance(600s);
    EXPECT_EQ(world.state(), State::ready) << status;
    EXPECT_TRUE(world.snapshot().session->server.modern());
    EXPECT_EQ(world.server->count("initialize"), 0u) << status;
  }
  World world(modern_http());
  ModernSide modern(world);
  world.server->down = true;
  world.start();
  world.server->down = false;
  world.advance(10s);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("initialize"), 0u);
}

/// Some die of any message before `initialize` (protocol.md §7.2).
FakeServer::Step kills_the_child(World& world) {
  return [&world](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    world.channels->processes.back()->die();
    co_return co_await world.server->hang(ask, world.server->never);
  };
}

TEST(ModernRows, a_child_that_dies_of_the_question_is_started_again_and_initialized) {
  World world(modern_stdio());
  ModernSide modern(world, Era::legacy);
  world.server->always["server/discover"] = kills_the_child(world);
  world.connect();
  EXPECT_EQ(world.channels->processes.size(), 2u);
  EXPECT_TRUE(world.channels->processes[0]->closed);
  EXPECT_EQ(world.server->count("server/discover"), 1u);
  EXPECT_EQ(world.status().recoveries, 0u);
  EXPECT_TRUE(world.call()->answered());
  // The next child is not asked.
  world.channels->processes[1]->die();
  world.turn();
  world.advance(60s);
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("server/discover"), 1u);
  EXPECT_EQ(world.channels->processes.size(), 3u);
}

/// It starts slowly, reads the question when nobody waits for it any more, and dies of it.
TEST(ModernRows, a_child_that_dies_of_the_question_late_is_initialized_alone) {
  World world(modern_stdio());
  ModernSide modern(world, Era::legacy);
  world.server->always.erase("server/discover");
  world.server->hangs = {"server/discover"};
  world.server->always["initialize"] = [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    const auto& methods = world.server->methods();
    const bool asked_before =
        methods.size() > 1 && methods[methods.size() - 2] == "server/discover";
    if (!asked_before) co_return world.server->open(ask);
    world.channels->processes.back()->die();
    co_return co_await world.server->hang(ask, world.server->never);
  };
  world.start();
  world.advance(60s);
  EXPECT_EQ(world.state(), State::ready) << world.snapshot().last_error;
  EXPECT_EQ(world.channels->processes.size(), 2u);
  EXPECT_EQ(world.server->count("server/discover"), 1u);
}

TEST(ModernRows, a_legacy_server_that_is_modern_after_a_restart) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world, Era::legacy);
    world.connect();
    modern.become(Era::modern);
    world.server->seen.clear();
    if (config.url.empty()) {
      world.channels->processes.back()->die();
    } else {
      world.report_lost(1, true, "gone");
    }
    world.turn();
    ASSERT_EQ(world.state(), State::ready) << world.snapshot().last_error;
    EXPECT_EQ(
        world.server->methods(),
        (Methods{"initialize", "server/discover", "subscriptions/listen", "tools/list"})
    );
    EXPECT_EQ(world.snapshot().session->generation, 2u);
    EXPECT_TRUE(world.snapshot().session->server.modern());
    EXPECT_TRUE(world.call()->answered());
    // From now on that is what it is.
    world.server->seen.clear();
    world.report_lost(2, true, "gone");
    world.turn();
    EXPECT_EQ(world.server->count("initialize"), 0u);
  }
}

TEST(ModernRows, a_modern_server_that_is_legacy_after_a_restart) {
  for (const auto& config : {modern_http(), modern_stdio()}) {
    World world(config);
    ModernSide modern(world);
    world.connect();
    modern.become(Era::legacy);
    world.server->seen.clear();
    if (config.url.empty()) {
      world.channels->processes.back()->die();
    } else {
      world.report_lost(1, false, "connection refused");
    }
    world.turn();
    ASSERT_EQ(world.state(), State::ready) << world.snapshot().last_error;
    EXPECT_EQ(
        world.server->methods(),
        (Methods{"server/discover", "initialize", "notifications/initialized", "tools/list"})
    );
    EXPECT_FALSE(world.snapshot().session->server.modern());
    EXPECT_TRUE(world.call()->answered());
    EXPECT_TRUE(world.server->last("tools/call").headers.empty());
  }
}

/// A call meets the other era before anything else has.
TEST(ModernRows, a_call_that_finds_a_legacy_server_is_repeated_on_a_session) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  modern.become(Era::legacy);
  world.server->then("tools/call", http_answer(400, "Bad Request: Server not initialized"));
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  EXPECT_FALSE(world.snapshot().session->server.modern());
}

TEST(ModernRows, a_call_that_finds_a_modern_server_is_repeated_without_a_session) {
  World world(modern_http());
  ModernSide modern(world, Era::legacy);
  world.server->with_session_ids = true;
  world.connect();
  modern.become(Era::modern);
  const auto strict = [&](FakeServer::Ask ask) -> awaitable<transport::Outcome> {
    if (!ask.request.headers.empty())
      co_return outcome(protocol::make_result(ask.request.id, world.server->tool_list()));
    auto refused = modern.error(ask, 400, -32602, "Missing _meta");
    refused.failure->sent_session_id = true;
    co_return refused;
  };
  world.server->always["tools/list"] = strict;
  world.server->always["tools/call"] = strict;
  const auto call = world.call();
  ASSERT_TRUE(call->answered()) << call->error().message;
  EXPECT_TRUE(call->result.modern);
  EXPECT_EQ(call->result.generation, 2u);
}

TEST(ModernRows, a_server_that_comes_back_is_met_anew_and_listed_again) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->down = true;
  modern.break_off(modern.last());
  EXPECT_NE(world.state(), State::ready);
  const auto waiting = world.call();
  world.server->tools = {"echo", "more"};
  world.server->down = false;
  world.advance(2s);
  ASSERT_EQ(world.state(), State::ready);
  EXPECT_TRUE(waiting->answered());
  world.advance(5s);
  EXPECT_EQ(world.snapshot().session->generation, 2u);
  EXPECT_EQ((*world.snapshot().catalogue)[ListKind::tools].items.size(), 2u);
  EXPECT_EQ(modern.open(), 1u);
  EXPECT_EQ(world.observer.lists, std::vector<ListKind>{ListKind::tools});
  expect_no_session(world);
}

TEST(ModernRows, a_server_that_falls_silent_for_good_is_never_taken_for_a_legacy_one) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->always.erase("server/discover");
  world.server->hangs = {"server/discover"};
  world.report_lost(1, false, "reset");
  world.advance(600s);
  EXPECT_EQ(world.server->count("initialize"), 0u);
  EXPECT_NE(world.state(), State::ready);
}

/// Each meeting counts as an answer, but a server that answers nothing else must not be met in a
/// hot loop.
TEST(ModernRows, a_server_whose_lists_break_the_connection_is_not_met_over_and_over) {
  World world(modern_http());
  ModernSide modern(world);
  world.connect();
  world.server->always["tools/list"] = ends_in(reset());
  int met = 0;
  const auto discover = world.server->always["server/discover"];
  world.server->always["server/discover"] = [&](FakeServer::Ask ask) {
    if (++met > 100) throw std::runtime_error("a hot loop");
    return discover(ask);
  };
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  world.advance(60s);
  EXPECT_LE(met, 8);
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_TRUE(world.snapshot().catalogue);
}

}  // namespace
}  // namespace mooring::upstream
