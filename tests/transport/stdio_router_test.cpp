#include "transport/stdio_router.hpp"

#include <gtest/gtest.h>

namespace mooring::transport {
namespace {

using To = StdioRouter::To;

class Router : public testing::Test {
 protected:
  std::string where(std::string text) {
    auto frame = protocol::Frame::parse(std::move(text));
    EXPECT_TRUE(frame.has_value());
    if (!frame) return "?";
    const auto target = router.route(*frame);
    if (target.to == To::nobody) return "nobody";
    return target.to == To::listener ? "listener" : target.id;
  }

  StdioRouter router;
};

const std::string ask = R"({"jsonrpc":"2.0","id":"q","method":"elicitation/create","params":{}})";
const std::string cancel =
    R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q"}})";
const std::string log_line = R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})";

TEST_F(Router, responses_go_by_their_raw_id) {
  router.add("1", {}, true);
  router.add("\"1\"", {}, true);
  EXPECT_EQ(where(R"({"jsonrpc":"2.0","id":1,"result":{}})"), "1");
  EXPECT_EQ(where(R"({"jsonrpc":"2.0","id":"1","result":{}})"), "\"1\"");
  EXPECT_EQ(where(R"({"jsonrpc":"2.0","id":2,"result":{}})"), "nobody");
  router.remove("1");
  EXPECT_EQ(where(R"({"jsonrpc":"2.0","id":1,"result":{}})"), "nobody");
}

TEST_F(Router, an_error_without_id_goes_to_the_only_call) {
  const std::string error = R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}})";
  EXPECT_EQ(where(error), "nobody");
  router.add("1", {}, false);
  EXPECT_EQ(where(error), "1");
  router.add("2", {}, false);
  EXPECT_EQ(where(error), "nobody");
}

TEST_F(Router, progress_goes_by_token_or_nowhere) {
  router.add("1", "\"a\"", true);
  router.add("2", "7", false);
  const auto progress = [&](const std::string& token) {
    return where(
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":)" +
        token + "}}"
    );
  };
  EXPECT_EQ(progress("\"a\""), "1");
  EXPECT_EQ(progress("7"), "2");
  EXPECT_EQ(progress("\"7\""), "nobody");
}

TEST_F(Router, everything_else_belongs_to_the_one_clients_call_or_the_listener) {
  EXPECT_EQ(where(ask), "listener");
  router.add("own", {}, false);
  EXPECT_EQ(where(log_line), "listener");
  router.add("1", {}, true);
  EXPECT_EQ(where(ask), "1");
  EXPECT_EQ(where(log_line), "1");
  router.add("2", {}, true);
  EXPECT_EQ(where(ask), "listener");
  router.remove("1");
  EXPECT_EQ(where(log_line), "2");
}

TEST_F(Router, changes_always_go_to_the_listener) {
  router.add("1", {}, true);
  for (const char* method :
       {"notifications/tools/list_changed", "notifications/prompts/list_changed",
        "notifications/resources/list_changed", "notifications/resources/updated",
        "notifications/subscriptions/acknowledged", "notifications/tasks"}) {
    EXPECT_EQ(where(std::string(R"({"jsonrpc":"2.0","method":")") + method + "\"}"), "listener");
  }
}

TEST_F(Router, what_cancels_a_server_request_follows_it) {
  router.add("1", {}, true);
  EXPECT_EQ(where(ask), "1");
  router.add("2", {}, true);
  EXPECT_EQ(where(cancel), "1");
  router.remove("1");
  EXPECT_EQ(where(cancel), "listener");
}

}  // namespace
}  // namespace mooring::transport
