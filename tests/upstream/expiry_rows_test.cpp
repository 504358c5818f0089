// Section A of the requirements: what a lost session leads to, row by row. What the words of a
// failure mean is tested in tests/recovery.
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

using Sessions = std::vector<std::string>;

Sessions sessions_of(const World& world, std::string_view method) {
  Sessions all;
  for (const auto& seen : world.server->seen) {
    if (seen.method == method) all.push_back(seen.session);
  }
  return all;
}

std::string_view error_message(const World::Call& call) {
  return call.result.response ? call.result.response->error() : std::string_view{};
}

// ---- the plain case

TEST(Expiry, EXP_01_the_phrase_in_an_error_leads_to_one_reconnect_and_one_repeat) {
  World world;
  world.connect();
  world.server->then("tools/call", says(-32602, "Invalid params: Invalid or expired session"));
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::result);
  EXPECT_EQ(sessions_of(world, "tools/call"), (Sessions{"s-1", "s-2"}));
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_05_an_error_with_an_empty_text_is_passed_on) {
  World world;
  world.connect();
  world.server->then("tools/call", says(-32603, ""));
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->kind(), Frame::Kind::error);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Expiry, EXP_06_an_unrelated_error_is_one_request_and_no_reconnect) {
  World world;
  world.connect();
  world.server->then("tools/call", says(-32000, "the disk is full"));
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_NE(error_message(*call).find("the disk is full"), std::string_view::npos);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_TRUE(world.status().episodes.empty());
}

TEST(Expiry, EXP_07_a_supervisor_that_has_stopped_declines) {
  World world;
  world.connect();
  world.server->holds = {"tools/call"};
  const auto call = world.call();
  world.stop();
  world.server->expire_sessions();
  world.server->released.set();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
}

TEST(Expiry, EXP_08_a_server_that_was_taken_away_meanwhile_declines) {
  World world;
  world.connect();
  world.server->holds = {"tools/call"};
  const auto call = world.call();
  world.tear_down();
  world.server->expire_sessions();
  world.server->released.set();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "session_lost");
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_EQ(world.server->count("tools/call"), 1u);
}

TEST(Expiry, EXP_09_a_server_that_refuses_everything_is_called_twice) {
  World world;
  world.connect();
  ASSERT_TRUE(world.call()->answered());
  world.server->forgets_all = true;
  // As in the world: what is listed on the new session takes as long as the call does.
  world.server->always["tools/list"] = [&](FakeServer::Ask) -> awaitable<transport::Outcome> {
    co_await io::sleep_until(world.home().timers(), world.now() + 1ms);
    co_return lost();
  };
  const auto call = world.call();
  world.advance(60s);
  ASSERT_TRUE(call->done);
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_EQ(world.server->count("tools/call"), 1u + 2u);
}

TEST(Expiry, EXP_09_a_new_session_that_is_known_to_be_refused_is_not_tried) {
  World world;
  world.connect();
  ASSERT_TRUE(world.call()->answered());
  world.server->forgets_all = true;
  const auto call = world.call();
  world.advance(60s);
  ASSERT_TRUE(call->done);
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_LE(world.server->count("tools/call"), 1u + 2u);
}

TEST(Expiry, EXP_09_a_server_that_refuses_calls_alone_is_called_twice) {
  World world;
  world.connect();
  ASSERT_TRUE(world.call()->answered());
  world.server->always["tools/call"] = ends_in(session_gone());
  const auto call = world.call();
  world.advance(60s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "session_lost");
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_EQ(world.server->count("tools/call"), 1u + 2u);
  EXPECT_LE(world.server->count("initialize"), 3u);
  // What still works goes on working.
  EXPECT_TRUE(world.send(protocol::make_request("1", "resources/list", "{}"))->answered());
}

// ---- every method

void is_repeated(const char* method, std::string params) {
  World world;
  world.connect();
  world.server->then(method, says(-32600, "Session expired"));
  world.server->then(method, std::string(R"({"of":"the repeat"})"));
  const auto call = world.send(protocol::make_request("1", method, params));
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->result(), R"({"of":"the repeat"})");
  const auto sessions = sessions_of(world, method);
  ASSERT_GE(sessions.size(), 2u);
  EXPECT_EQ(sessions.back(), "s-2");
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_10a_resources_list_is_repeated) { is_repeated("resources/list", "{}"); }
TEST(Expiry, EXP_10b_resources_read_is_repeated) {
  is_repeated("resources/read", R"({"uri":"file:///a"})");
}
TEST(Expiry, EXP_10c_prompts_list_is_repeated) { is_repeated("prompts/list", "{}"); }
TEST(Expiry, EXP_10d_prompts_get_is_repeated) { is_repeated("prompts/get", R"({"name":"p"})"); }
TEST(Expiry, EXP_10_resources_templates_list_is_repeated) {
  is_repeated("resources/templates/list", "{}");
}
TEST(Expiry, EXP_10_resources_subscribe_is_repeated) {
  is_repeated("resources/subscribe", R"({"uri":"file:///a"})");
}
TEST(Expiry, EXP_10_completion_complete_is_repeated) {
  is_repeated("completion/complete", R"({"ref":{"type":"ref/prompt","name":"p"}})");
}
TEST(Expiry, EXP_10_logging_setLevel_is_repeated) {
  is_repeated("logging/setLevel", R"({"level":"info"})");
}
TEST(Expiry, EXP_10_tools_call_is_repeated) { is_repeated("tools/call", R"({"name":"echo"})"); }

TEST(Expiry, EXP_10_tools_list_is_repeated) {
  World world;
  world.connect();
  world.server->expire_sessions();
  const auto call = world.send(protocol::make_request("1", "tools/list", "{}"));
  ASSERT_TRUE(call->answered());
  EXPECT_NE(call->result.response->result().find("echo"), std::string_view::npos);
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

// ---- credentials

TEST(Expiry, EXP_11_a_lost_session_is_no_matter_of_credentials) {
  World world;
  world.connect();
  world.server->expire_sessions();
  EXPECT_TRUE(world.call()->answered());
  const auto status = world.status();
  ASSERT_EQ(status.episodes.size(), 1u);
  EXPECT_EQ(status.episodes.back().cause, "session_lost");
  EXPECT_EQ(status.failure_kind, "session_lost");
}

TEST(Expiry, EXP_12a_a_plain_401_is_about_credentials) {
  World world;
  world.connect();
  world.server->always["tools/call"] = ends_in(http_answer(401));
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().kind, "auth");
  EXPECT_FALSE(call->error().retryable);
  EXPECT_EQ(world.status().episodes.front().cause, "auth");
}

TEST(Expiry, EXP_12b_a_401_that_speaks_of_the_session_is_one_reinitialize) {
  for (const bool in_challenge : {false, true}) {
    World world;
    world.connect();
    auto failure = http_answer(401, in_challenge ? "" : "Session expired");
    if (in_challenge) {
      failure.headers = {
          {"www-authenticate",
           R"(Bearer error="invalid_token", error_description="Session expired")"}
      };
    }
    world.server->then("tools/call", failure);
    EXPECT_TRUE(world.call()->answered()) << in_challenge;
    EXPECT_EQ(world.server->count("initialize"), 2u) << in_challenge;
    EXPECT_EQ(world.status().episodes.back().cause, "session_lost") << in_challenge;
  }
}

TEST(Expiry, EXP_12b_refused_again_it_is_not_tried_a_third_time) {
  World world;
  world.connect();
  world.server->always["tools/call"] = ends_in(http_answer(401, "Session expired"));
  const auto call = world.call();
  world.advance(60s);
  ASSERT_TRUE(call->done);
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_EQ(world.server->count("tools/call"), 2u);
}

// ---- waiting for the rebuild, and what it resets

TEST(Expiry, EXP_13_the_rebuild_that_nobody_waits_for_any_more_still_heals) {
  World world;
  world.connect();
  world.server->expire_sessions();
  world.server->holds = {"initialize"};
  const auto call = world.call();
  world.advance(15s);
  ASSERT_TRUE(call->done);
  EXPECT_TRUE(call->error().not_executed());
  EXPECT_FALSE(call->error().recovery_id.empty());
  EXPECT_EQ(call->error().recovery_id, world.status().episodes.back().id);
  world.server->released.set();
  world.turn();
  EXPECT_EQ(world.state(), State::ready);
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_TRUE(world.call()->answered());
}

TEST(Expiry, EXP_14_a_repeat_that_succeeds_clears_the_breaker) {
  World world;
  world.connect();
  for (int i = 0; i < 2; ++i) {
    world.server->then("tools/call", http_answer(502));
    EXPECT_TRUE(world.call()->result.error.has_value());
  }
  ASSERT_EQ(world.status().breaker_failures, 2);
  world.server->expire_sessions();
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.status().breaker_failures, 0);
}

TEST(Expiry, EXP_15a_a_server_that_was_restarted_costs_one_reconnect) {
  World world;
  world.connect();
  world.server->down = true;
  world.advance(10s);
  world.server->expire_sessions();
  world.server->down = false;
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_15b_an_idle_limit_of_the_server_costs_one_reconnect) {
  World world;
  world.server->ttl = 100s;
  world.connect();
  world.advance(101s);
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
  EXPECT_EQ(world.status().idle_ttl, 50500ms);
}

TEST(Expiry, EXP_16_the_old_session_is_ended_and_the_new_one_has_another_id) {
  World world;
  world.connect();
  world.supervisor->reconnect_now();
  world.turn();
  EXPECT_EQ(world.server->ended, Sessions{"s-1"});
  EXPECT_EQ(world.snapshot().session->headers->session_id, "s-2");
  EXPECT_EQ(world.server->last("initialize").session, "");
}

TEST(Expiry, EXP_18_no_repeat_travels_on_the_old_session) {
  World world(World::http(), 3);
  world.connect();
  world.server->holds = {"tools/call", "initialize"};
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 12; ++i) calls.push_back(world.call(R"({"name":"echo"})", i % 3));
  world.server->expire_sessions();
  world.server->released.set();
  world.turn();
  for (const auto& call : calls) EXPECT_TRUE(call->answered());
  const auto sessions = sessions_of(world, "tools/call");
  ASSERT_EQ(sessions.size(), 24u);
  for (std::size_t i = 12; i < sessions.size(); ++i) EXPECT_EQ(sessions[i], "s-2") << i;
}

// ---- by delivery

TEST(Expiry, EXP_19a_what_broke_after_dispatch_is_not_sent_again) {
  World world;
  world.connect();
  world.server->then("tools/call", reset());
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_FALSE(call->error().retryable);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.state(), State::ready) << "the connection was looked after all the same";
  EXPECT_EQ(world.status().calls_unknown, 1u);
}

TEST(Expiry, EXP_19a_nor_is_it_when_its_process_died) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.server->holds = {"tools/call"};
  const auto call = world.call();
  world.channels->processes[0]->die();
  world.turn();
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.channels->processes.size(), 2u);
  EXPECT_EQ(world.state(), State::ready);
}

void repeated_by_hint(const char* hint) {
  World world;
  world.server->hints["echo"] = fmt::format(R"({{"{}":true}})", hint);
  world.connect();
  world.server->then("tools/call", reset());
  EXPECT_TRUE(world.call()->answered());
  EXPECT_EQ(world.server->count("tools/call"), 2u);
  EXPECT_EQ(world.status().calls_saved, 1u);
}
TEST(Expiry, EXP_19b_a_read_only_tool_is_sent_again) { repeated_by_hint("readOnlyHint"); }
TEST(Expiry, EXP_19b_an_idempotent_tool_is_sent_again) { repeated_by_hint("idempotentHint"); }

TEST(Expiry, EXP_19b_but_once) {
  World world;
  world.server->hints["echo"] = R"({"readOnlyHint":true})";
  world.connect();
  world.server->always["tools/call"] = ends_in(reset());
  const auto call = world.call();
  world.advance(60s);
  ASSERT_TRUE(call->done);
  EXPECT_EQ(call->error().delivery, Delivery::unknown);
  EXPECT_EQ(world.server->count("tools/call"), 2u);
}

// ---- 404

TEST(Expiry, EXP_20a_a_404_without_words_is_looked_into_and_the_session_was_lost) {
  for (const auto* body : {"", "<html><body>Not Found</body></html>"}) {
    World world;
    world.connect();
    world.server->expire_sessions();
    world.server->then("tools/call", http_answer(404, body));
    EXPECT_TRUE(world.call()->answered()) << body;
    EXPECT_EQ(sessions_of(world, "tools/call"), (Sessions{"s-1", "s-2"})) << body;
  }
}

TEST(Expiry, EXP_20a_a_404_without_words_is_looked_into_and_the_session_lives) {
  World world;
  world.connect();
  const auto listed = world.server->count("tools/list");
  world.server->then("tools/call", http_answer(404, "<html><body>Not Found</body></html>"));
  const auto call = world.call();
  ASSERT_TRUE(call->done);
  EXPECT_NE(call->error().message.find("404"), std::string::npos);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("tools/list"), listed + 1);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_EQ(world.snapshot().session->generation, 1u);
}

TEST(Expiry, EXP_20b_a_404_with_session_wording_needs_no_question) {
  for (const auto* body :
       {"Session not found",
        R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Session not found"}})"}) {
    World world;
    world.connect();
    world.server->then("tools/call", http_answer(404, body));
    world.server->holds = {"tools/list"};
    EXPECT_TRUE(world.call()->answered()) << body;
    EXPECT_EQ(world.server->count("initialize"), 2u) << body;
    world.server->released.set();
  }
}

TEST(Expiry, EXP_20c_a_404_with_an_answer_code_is_that_answer) {
  for (const int code : {-32601, -32602, -32002, -32003, -32004}) {
    World world;
    world.connect();
    world.server->then(
        "tools/call",
        http_answer(
            404,
            fmt::format(R"({{"jsonrpc":"2.0","id":9,"error":{{"code":{},"message":"no"}}}})", code)
        )
    );
    const auto call = world.call();
    ASSERT_TRUE(call->answered()) << code;
    EXPECT_NE(error_message(*call).find(std::to_string(code)), std::string_view::npos);
    EXPECT_EQ(world.server->count("tools/call"), 1u) << code;
    EXPECT_EQ(world.server->count("initialize"), 1u) << code;
  }
}

// ---- many at once, and what is no loss at all

TEST(Expiry, EXP_21_who_comes_while_the_rebuild_runs_waits_for_it_too) {
  World world(World::http(), 2);
  world.connect();
  world.server->holds = {"initialize"};
  world.server->expire_sessions();
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 20; ++i) {
    calls.push_back(world.call(R"({"name":"echo"})", i % 2));
    world.advance(10ms);
  }
  EXPECT_EQ(world.server->count("initialize"), 2u);
  world.server->released.set();
  world.turn();
  for (const auto& call : calls) EXPECT_TRUE(call->answered());
  EXPECT_EQ(world.server->count("initialize"), 2u);
}

TEST(Expiry, EXP_22_a_result_that_quotes_a_lost_session_is_a_result) {
  World world;
  world.connect();
  const std::string result =
      R"({"isError":true,"content":[{"type":"text","text":"Error: session expired, session not found"}]})";
  world.server->then("tools/call", result);
  const auto call = world.call();
  ASSERT_TRUE(call->answered());
  EXPECT_EQ(call->result.response->result(), result);
  EXPECT_EQ(world.server->count("tools/call"), 1u);
  EXPECT_EQ(world.server->count("initialize"), 1u);
  EXPECT_TRUE(world.status().episodes.empty());
}

}  // namespace
}  // namespace mooring::upstream
