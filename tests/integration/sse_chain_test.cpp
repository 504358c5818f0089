// Our own client of the older HTTP+SSE, in a second gateway before the first; and
// mooring-everything, which serves it beside the new transport.
#include <csignal>

#include "harness/process.hpp"
#include "harness/sse_session.hpp"
#include "old_transport.hpp"
#include "protocol/messages.hpp"

namespace mooring::integration {
namespace {

using Names = std::vector<std::string>;

constexpr int many = 8;  ///< messages, so that each worker gets one

std::string sse_of(const Everything& server) {
  auto url = server.url();
  return url.replace(url.rfind("/mcp"), 4, "/sse");
}

/// A second gateway before the first, which it reaches over HTTP+SSE.
class OldTransportBetween : public OldTransport {
 protected:
  std::unique_ptr<TestGateway> front_of(
      const TestGateway& behind, std::string_view more = R"(,"transport":"sse")"
  ) {
    auto front = std::make_unique<TestGateway>(
        servers({{"old", entry(sse(behind, "one"), more)}}), GatewayOptions{.workers = GetParam()}
    );
    front->wait_state("old", "ready");
    return front;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Workers, OldTransportBetween, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(OldTransportBetween, it_is_found_out_and_calls_pass) {
  const auto behind = start();
  const auto front = front_of(*behind, "");
  Session one(client, front->mcp("old"));
  for (int i = 0; i < many; ++i) {
    EXPECT_EQ(names(one.call("tools/list")), Names{"echo"});
    EXPECT_EQ(shown(one.tool("echo")), "done");
  }
}

TEST_P(OldTransportBetween, questions_and_changes_pass) {
  const auto behind = start();
  const auto front = front_of(*behind);
  Session one(client, front->mcp("old"), {.capabilities = R"({"elicitation":{}})"});
  auto listening = one.listen();
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  auto call = one.start_tool("echo");
  const auto id = one.last_id();
  const auto question =
      call.wait([](const json::value& m) { return text(m, "/method") == "elicitation/create"; });
  EXPECT_EQ(
      one.send(answer(question, R"("result":{"action":"accept","content":{"n":"far"}})")), 202
  );
  EXPECT_EQ(text(parse(shown(call.response(id))), "/result/content/n"), "far");

  ASSERT_TRUE(upstream.wait_listener());
  upstream.set_tools(R"([{"name":"new","inputSchema":{"type":"object"}}])");
  upstream.push(protocol::make_notification("notifications/tools/list_changed"));
  EXPECT_TRUE(listening
                  .wait([](const json::value& m) {
                    return text(m, "/method") == "notifications/tools/list_changed";
                  })
                  .is_object());
  EXPECT_EQ(names(one.call("tools/list")), Names{"new"});
}

TEST(OldTransportOfEverything, streams_that_are_cut_are_opened_anew) {
  Everything server({"--drop-every", "0.2"});
  TestGateway front(servers({{"ev", entry(sse_of(server), R"(,"transport":"sse")")}}));
  Client client;
  Session one(client, front.mcp("ev"));
  for (std::int64_t generation = 2; generation <= 4; ++generation) {
    const auto now = front.wait_status("ev", [&](const json::value& status) {
      return at(status, "/generation").to_number<std::int64_t>() >= generation;
    });
    EXPECT_GE(at(now, "/generation").to_number<std::int64_t>(), generation);
    EXPECT_EQ(shown(one.tool("echo", R"({"text":"again"})")), "again");
  }
}

TEST(OldTransportOfEverything, is_served_beside_the_new_one) {
  Everything server;
  Client client;
  SseSession one(client, sse_of(server), {.capabilities = R"({"sampling":{}})"});
  EXPECT_EQ(text(one.opened(), "/result/serverInfo/name"), "mooring-everything");
  EXPECT_EQ(shown(one.tool("echo", R"({"text":"over SSE"})")), "over SSE");
  const auto id = one.start_tool("test_sampling", R"({"prompt":"say hi"})");
  one.post(fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"result":{{"role":"assistant","model":"m","content":{{"type":"text","text":"hi there"}}}}}})",
      json::serialize(at(one.heard("sampling/createMessage"), "/id"))
  ));
  EXPECT_NE(json::serialize(one.stream().response(id)).find("hi there"), std::string::npos);
  one.tool("mutate_tools", R"({"add":"another"})");
  EXPECT_TRUE(one.heard("notifications/tools/list_changed").is_object());
  server.process().signal(SIGTERM);
  EXPECT_TRUE(one.stream().wait_end());
  EXPECT_EQ(server.process().wait(), 0);
}

}  // namespace
}  // namespace mooring::integration
