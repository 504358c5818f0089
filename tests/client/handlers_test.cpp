#include <gmock/gmock.h>

#include <atomic>
#include <boost/json.hpp>
#include <condition_variable>
#include <mutex>

#include "support.hpp"

namespace mooring::client {
namespace {

using testing::HasSubstr;
namespace json = boost::json;

/// Gives every field of the form its default.
std::string with_defaults(std::string_view params) {
  const auto request = json::parse(json::string_view(params.data(), params.size()));
  json::object content;
  for (const auto& [name, field] : request.at("requestedSchema").at("properties").as_object()) {
    if (const auto* value = field.as_object().if_contains("default")) content[name] = *value;
  }
  return json::serialize(json::object{{"action", "accept"}, {"content", content}});
}

struct Kind {
  const char* name;
  bool http;
  std::string era;  ///< of the server
};

class HandlerTest : public ClientTest, public testing::WithParamInterface<Kind> {
 protected:
  Client with(ClientHandlers handlers) {
    const std::vector<std::string> words = {"--era", GetParam().era};
    return connected(GetParam().http ? over_http(words) : over_stdio(words), std::move(handlers));
  }
};

TEST_P(HandlerTest, AnswersAnElicitationWithDefaults) {
  ClientHandlers handlers;
  handlers.elicitation = with_defaults;
  auto client = with(std::move(handlers));
  const auto result = client.call("test_client_elicitation_defaults");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(result->text, HasSubstr("action=accept"));
  for (const auto* value : {"John Doe", "30", "9.55E1", "active", "true"}) {
    EXPECT_THAT(result->text, HasSubstr(value));
  }
}

TEST_P(HandlerTest, AnswersSampling) {
  ClientHandlers handlers;
  handlers.sampling = [](std::string_view params) -> std::string {
    EXPECT_THAT(std::string(params), HasSubstr("what now"));
    return R"({"role":"assistant","content":{"type":"text","text":"tea"},"model":"m"})";
  };
  auto client = with(std::move(handlers));
  const auto result = client.call("test_sampling", R"({"prompt":"what now"})");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->text, "LLM response: tea");
}

TEST_P(HandlerTest, ListsItsRoots) {
  ClientHandlers handlers;
  handlers.roots = [] { return std::string(R"({"roots":[{"uri":"file:///srv/data"}]})"); };
  auto client = with(std::move(handlers));
  const auto result = client.call("list_roots");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->text, "file:///srv/data");
}

TEST_P(HandlerTest, WithoutHandlersNothingIsDeclared) {
  auto client = with({});
  const auto result = client.call("test_sampling", R"({"prompt":"what now"})");
  EXPECT_TRUE(!result || result->is_error);
  EXPECT_TRUE(client.call("echo", R"({"text":"x"})"));
}

TEST_P(HandlerTest, AHandlerThatThrowsIsAnErrorForTheServer) {
  ClientHandlers handlers;
  handlers.sampling = [](std::string_view) -> std::string { throw std::runtime_error("no model"); };
  auto client = with(std::move(handlers));
  const auto result = client.call("test_sampling", R"({"prompt":"what now"})");
  if (GetParam().era == "modern") {
    // There is no such word to the server in that era; the call ends with it.
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().detail, HasSubstr("no model"));
    return;
  }
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(result->is_error);
  EXPECT_THAT(result->text, HasSubstr("no model"));
}

TEST_P(HandlerTest, TellsOfProgress) {
  auto client = with({});
  std::vector<double> steps;
  double total = 0;
  CallOptions options;
  options.progress = [&](double progress, double of, std::string_view) {
    steps.push_back(progress);
    total = of;
  };
  const auto result = client.call("test_tool_with_progress", "{}", options);
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(steps, (std::vector<double>{0, 50, 100}));
  EXPECT_EQ(total, 100);
}

TEST_P(HandlerTest, TellsOfNotifications) {
  std::mutex mutex;
  std::condition_variable told;
  std::vector<std::string> methods;
  ClientHandlers handlers;
  handlers.notification = [&](std::string_view method, std::string_view params) {
    EXPECT_EQ(params.front(), '{');
    const std::lock_guard lock(mutex);
    methods.emplace_back(method);
    told.notify_all();
  };
  auto client = with(std::move(handlers));
  const auto logged = client.call("test_tool_with_logging");
  ASSERT_TRUE(logged) << logged.error().detail;
  ASSERT_TRUE(client.call("mutate_tools", R"({"add":"new_tool"})"));
  std::unique_lock lock(mutex);
  EXPECT_TRUE(told.wait_for(lock, std::chrono::seconds(20), [&] {
    return std::ranges::count(methods, "notifications/message") >= 3 &&
           std::ranges::count(methods, "notifications/tools/list_changed") >= 1;
  }));
}

INSTANTIATE_TEST_SUITE_P(
    Transport, HandlerTest,
    testing::Values(
        Kind{"http", true, "legacy"}, Kind{"http_modern", true, "modern"},
        Kind{"stdio", false, "legacy"}, Kind{"stdio_modern", false, "modern"}
    ),
    [](const auto& each) { return each.param.name; }
);

}  // namespace
}  // namespace mooring::client
