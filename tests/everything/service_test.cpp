#include <algorithm>

#include "everything/harness.hpp"

namespace mooring::everything {
namespace {

using namespace std::chrono_literals;
using Everything = EverythingTest;

std::vector<std::string> names(const boost::json::value& items) {
  std::vector<std::string> all;
  for (const auto& item : items.as_array()) all.emplace_back(item.at("name").as_string());
  return all;
}

TEST_F(Everything, initialize_negotiates_and_declares_what_is_there) {
  start();
  auto opened = open_raw(
      R"({"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}})"
  );
  ASSERT_TRUE(opened.session);
  auto result = boost::json::parse(opened.response).at("result");
  EXPECT_EQ(result.at("protocolVersion").as_string(), "2025-06-18");
  EXPECT_EQ(result.at("serverInfo").at("name").as_string(), "mooring-everything");
  EXPECT_TRUE(result.at("capabilities").at("resources").at("subscribe").as_bool());
  EXPECT_TRUE(result.at("capabilities").as_object().contains("completions"));
  EXPECT_EQ(service->find(opened.session->id), opened.session);
  auto newer = open_raw(R"({"protocolVersion":"2099-01-01","capabilities":{}})");
  EXPECT_EQ(newer.session->version, protocol::latest_legacy);
}

TEST_F(Everything, initialize_without_a_version_is_refused) {
  start();
  auto opened = open_raw("{}");
  EXPECT_FALSE(opened.session);
  EXPECT_EQ(boost::json::parse(opened.response).at("error").at("code").as_int64(), -32602);
}

TEST_F(Everything, everything_listed_has_a_name_and_a_description) {
  start();
  auto session = connect();
  for (auto [method, key] :
       {std::pair{"tools/list", "tools"},
        {"resources/list", "resources"},
        {"resources/templates/list", "resourceTemplates"},
        {"prompts/list", "prompts"}}) {
    auto result = request(session, method)->json().at("result");
    ASSERT_FALSE(result.at(key).as_array().empty());
    for (const auto& item : result.at(key).as_array()) {
      EXPECT_FALSE(item.at("name").as_string().empty());
      EXPECT_FALSE(item.at("description").as_string().empty());
    }
    EXPECT_FALSE(result.as_object().contains("nextCursor"));
  }
  for (const auto& tool :
       request(session, "tools/list")->json().at("result").at("tools").as_array()) {
    EXPECT_EQ(tool.at("inputSchema").at("type").as_string(), "object");
  }
}

TEST_F(Everything, page_size_cuts_lists_and_cursors_join_them_again) {
  start({.page_size = 7, .extra_tools = 20});
  auto session = connect();
  std::vector<std::string> all;
  std::string params = "{}";
  int pages = 0;
  for (;; ++pages) {
    auto result = request(session, "tools/list", params)->json().at("result");
    auto some = names(result.at("tools"));
    EXPECT_LE(some.size(), 7U);
    all.insert(all.end(), some.begin(), some.end());
    const auto* next = result.as_object().if_contains("nextCursor");
    if (next == nullptr) break;
    params = fmt::format(R"({{"cursor":{}}})", boost::json::serialize(*next));
  }
  EXPECT_GT(pages, 3);
  EXPECT_EQ(all.size(), world->tools.definitions(false).size());
  EXPECT_EQ(all.back(), "extra_tool_0020");
  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end());
  for (auto cursor : {R"("7")", R"("from-x")", R"("from-")", "7"}) {
    auto bad = request(session, "tools/list", fmt::format(R"({{"cursor":{}}})", cursor))->json();
    EXPECT_EQ(bad.at("error").at("code").as_int64(), -32602) << cursor;
  }
}

TEST_F(Everything, unknown_things_have_their_codes) {
  start();
  auto session = connect();
  auto code = [&](std::string_view method, std::string_view params) {
    return request(session, method, params)->json().at("error").at("code").as_int64();
  };
  EXPECT_EQ(code("no/such", "{}"), -32601);
  EXPECT_EQ(code("no/list", "{}"), -32601);
  EXPECT_EQ(code("tools/call", R"({"name":"no_such"})"), -32602);
  EXPECT_EQ(code("prompts/get", R"({"name":"no_such"})"), -32602);
  EXPECT_EQ(
      code("prompts/get", R"({"name":"test_prompt_with_arguments","arguments":{"arg1":"a"}})"),
      -32602
  );
  EXPECT_EQ(code("resources/read", R"({"uri":"test://no-such"})"), -32002);
  EXPECT_EQ(code("resources/subscribe", R"({"uri":"test://no-such"})"), -32002);
  EXPECT_EQ(code("logging/setLevel", R"({"level":"loud"})"), -32602);
  EXPECT_EQ(
      code("completion/complete", R"({"ref":{"type":"x"},"argument":{"name":"a","value":""}})"),
      -32602
  );
}

TEST_F(Everything, resources_and_prompts_say_what_the_suite_expects) {
  start();
  auto session = connect();
  auto read = [&](std::string_view uri) {
    return request(session, "resources/read", fmt::format(R"({{"uri":"{}"}})", uri))
        ->json()
        .at("result")
        .at("contents")
        .at(0);
  };
  EXPECT_EQ(
      read("test://static-text").at("text").as_string(),
      "This is the content of the static text resource."
  );
  EXPECT_EQ(read("test://static-binary").at("mimeType").as_string(), "image/png");
  EXPECT_NE(read("test://template/123/data").at("text").as_string().find("123"), std::string::npos);
  auto prompt = request(
      session, "prompts/get",
      R"({"name":"test_prompt_with_arguments","arguments":{"arg1":"a","arg2":"b"}})"
  );
  EXPECT_EQ(
      prompt->json().at("result").at("messages").at(0).at("content").at("text").as_string(),
      "Prompt with arguments: arg1='a', arg2='b'"
  );
  auto completed = request(
      session, "completion/complete",
      R"({"ref":{"type":"ref/prompt","name":"test_prompt_with_arguments"},"argument":{"name":"arg1","value":"park"}})"
  );
  EXPECT_EQ(completed->json().at("result").at("completion").at("total").as_int64(), 1);
  EXPECT_EQ(request(session, "ping")->response, R"({"jsonrpc":"2.0","id":1,"result":{}})");
}

TEST_F(Everything, subscribers_hear_of_a_touched_resource) {
  start();
  auto session = connect();
  std::vector<std::string> heard;
  service->listen(session, [&](std::string message) { heard.push_back(std::move(message)); });
  call(session, "touch_resource", R"({"uri":"test://watched-resource"})");
  EXPECT_TRUE(heard.empty());
  request(session, "resources/subscribe", R"({"uri":"test://watched-resource"})");
  call(session, "touch_resource", R"({"uri":"test://watched-resource"})");
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_NE(heard[0].find("notifications/resources/updated"), std::string::npos);
  request(session, "resources/unsubscribe", R"({"uri":"test://watched-resource"})");
  call(session, "touch_resource", R"({"uri":"test://watched-resource"})");
  EXPECT_EQ(heard.size(), 1U);
}

TEST_F(Everything, an_idle_session_expires_and_a_used_one_does_not) {
  start({.session_ttl = 1s});
  auto session = connect();
  for (int i = 0; i < 4; ++i) {
    advance(900ms);
    ASSERT_TRUE(service->find(session->id));
  }
  advance(1s);
  EXPECT_FALSE(service->find(session->id));
  EXPECT_EQ(world->sessions.size(), 0U);
}

TEST_F(Everything, a_session_that_ends_with_its_stream_does_not_expire_before) {
  start({.session_ttl = 1s});
  auto session = *connect();
  session.id.clear();  // as the doors of HTTP+SSE and stdio do
  const auto bound = std::make_shared<const gateway::ClientSession>(session);
  service->listen(bound, [](std::string) {});
  advance(2s);
  EXPECT_TRUE(service->find(bound->key));
}

TEST_F(Everything, a_session_with_a_running_call_does_not_expire) {
  start({.session_ttl = 1s});
  auto session = connect();
  auto running = call(session, "slow", R"({"seconds":3,"progress":false})");
  advance(2s);
  EXPECT_TRUE(service->find(session->id));
  finish(*running);
  EXPECT_EQ(text(*running), "Slept 3 s");
}

TEST_F(Everything, all_sessions_are_dropped_every_so_often) {
  start({.drop_every = 20s});
  auto first = connect();
  advance(19s);
  EXPECT_TRUE(service->find(first->id));
  advance(2s);
  EXPECT_FALSE(service->find(first->id));
  auto second = connect();
  EXPECT_NE(second->id, first->id);
  advance(20s);
  EXPECT_FALSE(service->find(second->id));
}

TEST_F(Everything, a_call_that_runs_while_its_session_is_forgotten_still_ends) {
  start();
  auto session = connect();
  auto running = call(session, "slow", R"({"seconds":1})");
  world->sessions.forget_all();
  EXPECT_FALSE(service->find(session->id));
  finish(*running);
  EXPECT_EQ(text(*running), "Slept 1 s");
}

TEST_F(Everything, ending_a_session_cancels_its_calls) {
  start();
  auto session = connect();
  auto running = call(session, "sleep_forever");
  EXPECT_EQ(running->finished, 0);
  service->end(session);
  settle();
  EXPECT_EQ(running->finished, 1);
  EXPECT_FALSE(service->find(session->id));
}

TEST_F(Everything, strict_init_refuses_what_comes_before_initialized) {
  start({.strict_init = true});
  auto opened = open_raw(R"({"protocolVersion":"2025-11-25","capabilities":{}})");
  auto early = request(opened.session, "tools/list")->json();
  EXPECT_EQ(early.at("error").at("code").as_int64(), -32602);
  EXPECT_EQ(early.at("error").at("data").as_string(), "");
  EXPECT_TRUE(request(opened.session, "ping")->json().as_object().contains("result"));
  service->notice(
      opened.session, frame(R"({"jsonrpc":"2.0","method":"notifications/initialized"})")
  );
  EXPECT_TRUE(request(opened.session, "tools/list")->json().as_object().contains("result"));
}

TEST_F(Everything, more_sessions_than_allowed_push_out_the_one_that_rested_longest) {
  start({.max_sessions = 2});
  auto first = connect();
  advance(1s);
  auto second = connect();
  advance(1s);
  service->find(first->id);
  auto third = connect();
  EXPECT_TRUE(service->find(first->id));
  EXPECT_FALSE(service->find(second->id));
  EXPECT_TRUE(service->find(third->id));
}

}  // namespace
}  // namespace mooring::everything
