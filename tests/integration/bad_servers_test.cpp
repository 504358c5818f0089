// Servers that speak garbage, HTML or nothing: each is marked, the others do not notice.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class BadServers : public testing::Test {
 protected:
  std::string good() { return fmt::format(R"({{"url":"{}"}})", healthy.url()); }
  std::string over_http(const ScriptedServer& server, std::string more = {}) {
    return fmt::format(R"({{"url":"{}"{}}})", server.url(), more);
  }
  std::string script(std::string text, std::string more = {}) {
    return fmt::format(
        R"({{"command":"sh","args":["-c",{}]{}}})", json::serialize(json::string(text)), more
    );
  }
  void healthy_works(TestGateway& gateway) {
    Session session(client, gateway.mcp("good"));
    EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  }

  ScriptedServer healthy, bad;
  Client client;
};

TEST_F(BadServers, HTTP_03_an_html_page_is_no_mcp_endpoint) {
  bad.on(
      "initialize", http(
                        200, "text/html",
                        "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head></html>"
                    )
  );
  TestGateway gateway(servers({{"good", good()}, {"bad", over_http(bad)}}));
  const auto status = gateway.wait_state("bad", "failed");
  EXPECT_NE(text(status, "/reason").find("not an MCP endpoint"), std::string::npos) << status;
  EXPECT_NE(text(status, "/reason").find("nginx"), std::string::npos) << status;
  healthy_works(gateway);
  EXPECT_EQ(bad.count("initialize"), 1U) << "no fast retries";
  Session session(client, gateway.mcp("bad"));
  const auto answer = session.tool("anything");
  EXPECT_EQ(text(answer, "/error/data/mooring/kind"), "unavailable") << answer;
}

TEST_F(BadServers, a_404_page_is_no_mcp_endpoint) {
  bad.on(
      "initialize", http(404, "text/html", "<html><head><title>404 Not Found</title></head></html>")
  );
  bad.on("GET", http(404, "text/html", "<html></html>"));
  TestGateway gateway(servers({{"good", good()}, {"bad", over_http(bad, R"(,"transport":"http")")}})
  );
  const auto status = gateway.wait_state("bad", "failed");
  EXPECT_NE(text(status, "/reason").find("404"), std::string::npos) << status;
  healthy_works(gateway);
}

TEST_F(BadServers, garbage_over_http_is_quoted_in_the_status) {
  bad.on("initialize", http(200, "application/json", "%%% utter garbage %%%"));
  TestGateway gateway(servers({{"good", good()}, {"bad", over_http(bad)}}));
  const auto status = gateway.wait_state("bad", "failed");
  EXPECT_NE(text(status, "/reason").find("utter garbage"), std::string::npos) << status;
  healthy_works(gateway);
}

TEST_F(BadServers, a_json_answer_that_is_no_initialize_result) {
  bad.on("initialize", result(R"({"hello":"world"})"));
  TestGateway gateway(servers({{"good", good()}, {"bad", over_http(bad)}}));
  const auto status = gateway.wait_state("bad", "failed");
  EXPECT_FALSE(text(status, "/reason").empty()) << status;
  healthy_works(gateway);
}

TEST_F(BadServers, an_unknown_protocol_version_is_named) {
  bad.on(
      "initialize",
      result(
          R"({"protocolVersion":"1887-01-01","capabilities":{},"serverInfo":{"name":"x","version":"1"}})"
      )
  );
  TestGateway gateway(servers({{"good", good()}, {"bad", over_http(bad)}}));
  const auto status = gateway.wait_state("bad", "failed");
  EXPECT_NE(text(status, "/reason").find("1887-01-01"), std::string::npos) << status;
}

TEST_F(BadServers, SM_16_a_server_that_says_nothing_times_out_alone) {
  bad.on("initialize", silence());
  TestGateway gateway(servers(
      {{"good", good()},
       {"bad", over_http(bad, R"(,"connect_timeout":0.2,"reconnect":{"initial_attempts":1})")}}
  ));
  healthy_works(gateway);
  const auto status = gateway.wait_state("bad", "parked");
  EXPECT_NE(text(status, "/reason").find("0.2 s"), std::string::npos) << status;
}

TEST_F(BadServers, SM_02_a_command_that_does_not_exist_is_named_after_one_attempt) {
  TestGateway gateway(
      servers({{"good", good()}, {"bad", R"({"command":"mooring-no-such-command"})"}})
  );
  const auto status = gateway.wait_state("bad", "failed");
  EXPECT_NE(text(status, "/reason").find("mooring-no-such-command"), std::string::npos) << status;
  EXPECT_EQ(at(status, "/attempts"), 1);
  healthy_works(gateway);
}

TEST_F(BadServers, a_child_that_prints_garbage_is_marked_with_its_first_bytes) {
  TestGateway gateway(servers(
      {{"good", good()},
       {"bad", script(
                   "echo 'Usage: tool [options]'; cat >/dev/null",
                   R"(,"connect_timeout":0.3,"reconnect":{"initial_attempts":1})"
               )}}
  ));
  const auto status = gateway.wait_state("bad", "parked");
  EXPECT_NE(text(status, "/reason").find("Usage: tool"), std::string::npos) << status;
  healthy_works(gateway);
}

TEST_F(BadServers, a_child_that_ends_at_once_is_marked_with_what_it_said) {
  TestGateway gateway(servers(
      {{"good", good()},
       {"bad",
        script("echo 'fatal: no database' >&2; exit 3", R"(,"reconnect":{"initial_attempts":1})")}}
  ));
  const auto status = gateway.wait_status("bad", [](const json::value& now) {
    return text(now, "/state") == "parked" || text(now, "/state") == "failed";
  });
  EXPECT_NE(text(status, "/reason").find("3"), std::string::npos) << status;
  EXPECT_NE(text(status, "/reason").find("no database"), std::string::npos) << status;
  healthy_works(gateway);
}

TEST_F(BadServers, STD_05_noise_between_messages_is_ignored) {
  TestGateway gateway(servers(
      {{"noisy",
        script(
            R"(read -r a; echo 'starting up'; echo '{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}}'; )"
            R"(read -r a; echo '[debug] ready'; while read -r line; do id=$(echo "$line" | sed 's/.*"id":\([0-9]*\).*/\1/'); echo noise; )"
            R"(case "$line" in *tools/list*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"tools\":[{\"name\":\"t\",\"inputSchema\":{\"type\":\"object\"}}]}}";; )"
            R"(*) echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"heard\"}]}}";; esac; done)",
            R"(,"protocol":"legacy")"
        )}}
  ));
  Session session(client, gateway.mcp("noisy"));
  EXPECT_EQ(text(session.tool("t"), "/result/content/0/text"), "heard");
}

TEST_F(BadServers, HTTP_02b_an_event_over_the_limit_is_a_clear_error_and_the_next_call_works) {
  bad.on(
      "tools/call",
      streamed(
          {},
          fmt::format(R"({{"content":[{{"type":"text","text":"{}"}}]}})", std::string(20'000, 'x'))
      )
  );
  TestGateway gateway(servers({{"bad", over_http(bad, R"(,"limits":{"buffer_bytes":8192})")}}));
  Session session(client, gateway.mcp("bad"));
  const auto answer = session.tool("echo");
  EXPECT_NE(text(answer, "/error/message").find("buffer_bytes"), std::string::npos) << answer;
  bad.on("tools/call", result(R"({"content":[{"type":"text","text":"small"}]})"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "small");
}

TEST_F(BadServers, answers_with_foreign_ids_and_broken_messages_reach_nobody) {
  bad.on(
      "tools/call",
      [](ScriptedServer&, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
        const std::array type = {io::HeaderField{"Content-Type", "text/event-stream"}};
        co_await exchange.begin_stream(200, type);
        co_await exchange.write(
            "data: {\"jsonrpc\":\"2.0\",\"id\":424242,\"result\":{\"content\":[]}}\n\n"
        );
        co_await exchange.write("data: not json at all\n\n: comment\n\nevent: ping\ndata: {}\n\n");
        co_await exchange.write(
            "data: {\"jsonrpc\":\"2.0\",\"id\":" + seen.id +
            ",\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"mine\"}]}}\n\n"
        );
        co_await exchange.end_stream();
      }
  );
  TestGateway gateway(servers({{"bad", over_http(bad)}}));
  Session session(client, gateway.mcp("bad"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "mine");
}

}  // namespace
}  // namespace mooring::integration
