// requirements.md, section H, through the whole gateway.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/process.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class Http : public testing::Test {
 protected:
  std::string server(const ScriptedServer& at, std::string more = {}) {
    return fmt::format(
        R"({{"url":"{}","headers":{{"Authorization":"Bearer secret-of-ours","X-Team":"blue"}}{}}})",
        at.url(), more
    );
  }
  Answer redirect(std::string to) { return http(307, {}, {}, {{"Location", std::move(to)}}); }

  ScriptedServer upstream, elsewhere;
  Client client;
};

TEST_F(Http, HTTP_01a_a_redirect_to_another_origin_drops_authorization) {
  upstream.on_path("/mcp", redirect(elsewhere.url("/there")));
  TestGateway gateway(servers({{"one", server(upstream)}}));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  for (const auto& seen : elsewhere.seen().all()) {
    EXPECT_EQ(seen.header("authorization"), "") << seen.body;
    EXPECT_EQ(seen.header("x-team"), "blue");
    EXPECT_EQ(seen.path, "/there");
  }
  EXPECT_EQ(upstream.seen().all().front().header("authorization"), "Bearer secret-of-ours");
}

TEST_F(Http, HTTP_01b_a_redirect_within_the_origin_keeps_it) {
  upstream.on_path("/mcp", redirect("/there"));
  TestGateway gateway(servers({{"one", server(upstream)}}));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  std::size_t there = 0;
  for (const auto& seen : upstream.seen().all()) {
    if (seen.path != "/there") continue;
    ++there;
    EXPECT_EQ(seen.header("authorization"), "Bearer secret-of-ours");
    EXPECT_EQ(seen.header("x-team"), "blue");
  }
  EXPECT_GE(there, 3U);
}

TEST_F(Http, HTTP_01c_strict_redirect_headers_drop_every_configured_header) {
  upstream.on_path("/mcp", redirect(elsewhere.url()));
  TestGateway gateway(servers({{"one", server(upstream, R"(,"strict_redirect_headers":true)")}}));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  for (const auto& seen : elsewhere.seen().all()) {
    EXPECT_EQ(seen.header("authorization"), "");
    EXPECT_EQ(seen.header("x-team"), "");
  }
  EXPECT_GE(elsewhere.count("initialize"), 1U);
}

TEST_F(Http, HTTP_07_and_11_every_request_carries_version_session_and_user_agent) {
  TestGateway gateway(servers({{"one", server(upstream)}}));
  Session session(client, gateway.mcp("one"));
  session.tool("echo");
  session.call("ping");
  ASSERT_TRUE(upstream.wait_listener());
  gateway.stop();
  bool initialized = false;
  for (const auto& seen : upstream.seen().all()) {
    EXPECT_TRUE(seen.header("user-agent").starts_with("mooring/")) << seen.http_method;
    if (seen.method == "initialize") {
      EXPECT_EQ(seen.session, "");
    } else {
      initialized = true;
      EXPECT_EQ(seen.session, "s-1") << seen.http_method << seen.body;
      EXPECT_EQ(seen.header("mcp-protocol-version"), "2025-11-25") << seen.http_method;
    }
    if (seen.http_method == "POST") {
      EXPECT_EQ(seen.header("content-type"), "application/json");
      EXPECT_EQ(seen.header("accept"), "application/json, text/event-stream");
    }
  }
  EXPECT_TRUE(initialized);
}

TEST_F(Http, HTTP_07_the_negotiated_version_is_the_servers) {
  upstream.on(
      "initialize",
      result(
          R"({"protocolVersion":"2025-03-26","capabilities":{"tools":{}},"serverInfo":{"name":"old","version":"1"}})"
      )
  );
  TestGateway gateway(servers({{"one", server(upstream)}}));
  Session session(client, gateway.mcp("one"));
  session.tool("echo");
  EXPECT_EQ(upstream.all("tools/call").front().header("mcp-protocol-version"), "2025-03-26");
  EXPECT_EQ(upstream.all("tools/call").front().session, "");
}

TEST_F(Http, HTTP_08_a_proxy_is_used_but_not_for_loopback_or_NO_PROXY) {
  ScriptedServer proxy;
  const auto proxies =
      core::ProxySettings::from([&](const std::string& name) -> std::optional<std::string> {
        if (name == "http_proxy") return proxy.url("");
        if (name == "no_proxy") return "direct.invalid";
        return std::nullopt;
      });
  TestGateway gateway(
      servers(
          {{"near", server(upstream)},
           {"far", R"({"url":"http://far.invalid/mcp"})"},
           {"listed", R"({"url":"http://direct.invalid/mcp","reconnect":{"initial_attempts":1}})"}}
      ),
      {.proxies = proxies}
  );
  Session near(client, gateway.mcp("near")), far(client, gateway.mcp("far"));
  EXPECT_EQ(text(near.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(text(far.tool("echo"), "/result/content/0/text"), "done");
  gateway.wait_state("listed", "parked");
  for (const auto& seen : proxy.seen().all()) EXPECT_EQ(seen.header("host"), "far.invalid");
  EXPECT_EQ(upstream.count("tools/call"), 1U);
  EXPECT_EQ(proxy.count("tools/call"), 1U);
}

TEST_F(Http, HTTP_09_a_clean_shutdown_ends_the_session) {
  {
    TestGateway gateway(servers({{"one", server(upstream)}}));
    gateway.wait_state("one", "ready");
  }
  const auto deleted = upstream.all("DELETE");
  ASSERT_EQ(deleted.size(), 1U);
  EXPECT_EQ(deleted.front().session, "s-1");
}

TEST_F(Http, HTTP_09_a_reconnect_ends_the_session_and_tolerates_405) {
  upstream.on("DELETE", http(405, {}, {}));
  TestGateway gateway(servers({{"one", server(upstream)}}));
  gateway.wait_state("one", "ready");
  const auto answer = client.send("POST", gateway.url() + "/api/v1/servers/one/reconnect");
  EXPECT_EQ(answer.status, 202);
  ASSERT_TRUE(upstream.wait_for("initialize", 2));
  ASSERT_TRUE(upstream.wait_for("DELETE"));
  EXPECT_EQ(upstream.all("DELETE").front().session, "s-1");
  gateway.wait_status("one", [](const json::value& now) { return at(now, "/generation") == 2; });
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(upstream.all("tools/call").front().session, "s-2");
}

TEST_F(Http, HTTP_10_of_url_and_command_the_url_is_used) {
  TestGateway gateway(servers({{"one", server(upstream, R"(,"command":"mooring-no-such-command")")}}
  ));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(text(gateway.status("one"), "/transport"), "http");
}

TEST_F(Http, HTTP_05a_a_405_to_the_first_POST_finds_the_older_transport_and_remembers_it) {
  upstream.speak_old_transport();
  TestGateway gateway(servers({{"one", server(upstream)}}));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(text(gateway.status("one"), "/transport"), "sse");
  for (const auto& seen : upstream.seen().all()) {
    EXPECT_EQ(seen.header("authorization"), "Bearer secret-of-ours") << seen.path;
  }
  const auto tried = upstream.count("initialize");
  client.send("POST", gateway.url() + "/api/v1/servers/one/reconnect");
  ASSERT_TRUE(upstream.wait_for("initialize", tried + 1));
  EXPECT_EQ(upstream.all("initialize").back().path, "/message");
  gateway.wait_status("one", [](const json::value& now) { return at(now, "/generation") == 2; });
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
}

TEST_F(Http, HTTP_05a_transport_sse_asks_no_questions) {
  upstream.speak_old_transport();
  TestGateway gateway(servers({{"one", server(upstream, R"(,"transport":"sse")")}}));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  EXPECT_EQ(upstream.seen().all().front().http_method, "GET");
}

TEST_F(Http, HTTP_05b_a_first_POST_that_times_out_is_no_reason_to_fall_back) {
  upstream.on("initialize", silence());
  TestGateway gateway(servers(
      {{"one", server(upstream, R"(,"connect_timeout":0.2,"reconnect":{"initial_attempts":1})")}}
  ));
  gateway.wait_state("one", "parked");
  EXPECT_EQ(upstream.count("GET"), 0U);
}

TEST_F(Http, SM_03a_401_is_one_attempt) {
  upstream.on("initialize", http(401, "application/json", R"({"error":"invalid_token"})"));
  TestGateway gateway(servers({{"one", server(upstream)}}));
  const auto status = gateway.wait_state("one", "failed");
  EXPECT_NE(text(status, "/reason").find("401"), std::string::npos);
  EXPECT_EQ(status.as_object().at("attempts"), 1);
  EXPECT_EQ(json::serialize(status).find("secret-of-ours"), std::string::npos);
}

TEST_F(Http, SM_22_Retry_After_is_the_least_wait) {
  upstream.on("initialize", http(503, {}, {}, {{"Retry-After", "7"}}));
  TestGateway gateway(servers({{"one", server(upstream)}}));
  const auto status = gateway.wait_status("one", [](const json::value& now) {
    return at(now, "/next_probe_in_ms").is_int64();
  });
  EXPECT_GT(at(status, "/next_probe_in_ms").to_number<int>(), 5000) << status;
}

TEST_F(Http, SM_23_a_listening_stream_that_ends_is_opened_again) {
  upstream.on("GET", [](ScriptedServer&, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
    const std::array type = {io::HeaderField{"Content-Type", "text/event-stream"}};
    co_await exchange.begin_stream(200, type);
    if (seen.header("last-event-id").empty()) {
      co_await exchange.write("id: first\nretry: 10\ndata:\n\n");
    } else {
      co_await exchange.write(
          "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\nretry: "
          "60000\n\n"
      );
    }
    co_await exchange.end_stream();
  });
  TestGateway gateway(servers({{"one", server(upstream)}}));
  ASSERT_TRUE(upstream.wait_for("GET", 2));
  EXPECT_EQ(upstream.all("GET")[1].header("last-event-id"), "first");
  ASSERT_TRUE(upstream.wait_for("tools/list", 2)) << "list_changed still arrives";
  EXPECT_EQ(upstream.count("initialize"), 1U);
}

TEST_F(Http, a_server_without_GET_stream_or_session_is_fine) {
  upstream.on("GET", http(405, {}, {}));
  upstream.set_session_ids(false);
  TestGateway gateway(servers({{"one", server(upstream)}}));
  Session session(client, gateway.mcp("one"));
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  gateway.stop();
  EXPECT_EQ(upstream.count("DELETE"), 0U);
  EXPECT_EQ(upstream.count("initialize"), 1U);
}

}  // namespace
}  // namespace mooring::integration
