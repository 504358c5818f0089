// Limits that hold on one client alone, and the odd ways in which clients use a connection.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"
#include "store/sqlite.hpp"

namespace mooring::integration {
namespace {

class Limits : public testing::Test {
 protected:
  std::unique_ptr<TestGateway> start(std::string section, unsigned workers = 1) {
    return std::make_unique<TestGateway>(
        servers(
            fmt::format(R"({{"log":{{"level":"off"}},{}}})", section),
            {{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}
        ),
        GatewayOptions{.workers = workers}
    );
  }
  static std::string post(const Session& session, std::string_view body) {
    return fmt::format(
        "POST /mcp/one HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Accept: application/json, text/event-stream\r\nMcp-Session-Id: {}\r\nContent-Length: "
        "{}\r\n\r\n{}",
        session.id(), body.size(), body
    );
  }

  ScriptedServer upstream;
  Client client;
};

TEST_F(Limits, a_client_that_dribbles_its_headers_or_body_is_dropped) {
  const auto gateway = start(R"("header_timeout":0.2,"body_timeout":0.2)");
  Session session(client, gateway->mcp("one"));
  RawConnection headers(gateway->port()), body(gateway->port());
  headers.write("POST /mcp/one HTTP/1.1\r\nHost: loc");
  body.write(post(session, std::string(100, ' ')).substr(0, 400));
  const auto first = headers.to_end();
  EXPECT_TRUE(first.empty() || first.starts_with("HTTP/1.1 408")) << first;
  const auto second = body.to_end();
  EXPECT_TRUE(second.empty() || second.starts_with("HTTP/1.1 408")) << second;
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
}

TEST_F(Limits, connections_beyond_the_limit_get_503_and_one_that_leaves_makes_room) {
  const auto gateway = start(R"("limits":{"connections":3})");
  const std::string ask = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  auto first = std::make_unique<RawConnection>(gateway->port());
  RawConnection second(gateway->port()), third(gateway->port());
  for (auto* each : {first.get(), &second, &third}) {
    each->write(ask);
    EXPECT_TRUE(each->response().starts_with("HTTP/1.1 200"));
  }
  RawConnection fourth(gateway->port());
  fourth.write(ask);
  EXPECT_TRUE(fourth.to_end().starts_with("HTTP/1.1 503"));
  first.reset();
  for (std::string answer; !answer.starts_with("HTTP/1.1 200");) {
    RawConnection next(gateway->port());
    next.write(ask);
    answer = next.response();
    ASSERT_TRUE(answer.starts_with("HTTP/1.1 ")) << answer;
  }
}

TEST_F(Limits, requests_of_one_session_beyond_the_limit_are_refused_alone) {
  upstream.on("tools/call", silence());
  const auto gateway = start(R"("limits":{"requests_in_flight":3})");
  Session busy(client, gateway->mcp("one")), other(client, gateway->mcp("one"));
  std::vector<Exchange> calls;
  for (int i = 0; i < 3; ++i) calls.push_back(busy.start_tool("echo"));
  ASSERT_TRUE(upstream.wait_for("tools/call", 3));
  EXPECT_TRUE(at(busy.tool("echo"), "/error").is_object());
  EXPECT_EQ(upstream.count("tools/call"), 3U);
  EXPECT_TRUE(at(busy.call("ping"), "/result").is_object());
  auto another = other.start_tool("echo");
  EXPECT_TRUE(upstream.wait_for("tools/call", 4));
}

TEST_F(Limits, notifications_count_while_they_are_under_way) {
  upstream.on("notifications/progress", silence());
  const auto gateway = start(R"("limits":{"requests_in_flight":3})");
  Session busy(client, gateway->mcp("one")), other(client, gateway->mcp("one"));
  const std::string progress =
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})";
  for (int i = 0; i < 3; ++i) busy.send(progress);
  ASSERT_TRUE(upstream.wait_for("notifications/progress", 3));
  busy.send(progress);
  EXPECT_TRUE(at(busy.tool("echo"), "/error").is_object());
  EXPECT_EQ(text(other.tool("echo"), "/result/content/0/text"), "done");
  upstream.release();
  const auto until = std::chrono::steady_clock::now() + patience;
  while (text(busy.tool("echo"), "/result/content/0/text") != "done") {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  }
  EXPECT_EQ(upstream.count("notifications/progress"), 3U) << "the fourth was dropped";
}

TEST_F(Limits, what_is_kept_of_sessions_goes_when_they_have_expired) {
  upstream.set_capabilities(R"({"tools":{},"resources":{"subscribe":true},"logging":{}})");
  TestGateway gateway(
      servers(
          R"({"log":{"level":"off"},"session_ttl":1})",
          {{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}
      ),
      {.time = Background::Time::manual}
  );
  auto database = store::Sqlite::open(gateway.state_dir() / "sessions.db");
  ASSERT_TRUE(database);
  const auto rows = [&](const std::string& table) {
    std::int64_t count = -1;
    const auto read =
        database->query("SELECT count(*) FROM " + table, {}, [&](const store::Sqlite::Row& row) {
          count = std::get<std::int64_t>(row[0]);
        });
    EXPECT_TRUE(read);
    return count;
  };
  const auto until = std::chrono::steady_clock::now() + patience;
  const auto wait_rows = [&](const std::string& table, std::int64_t wanted) {
    while (rows(table) != wanted && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(rows(table), wanted) << table;
  };
  Session kept(client, gateway.mcp("one")), ended(client, gateway.mcp("one"));
  kept.call("logging/setLevel", R"({"level":"error"})");
  kept.call("resources/subscribe", R"({"uri":"test://thing"})");
  ended.end();
  for (const auto* table : {"levels", "subscriptions", "revoked"}) wait_rows(table, 1);
  // The ids expire by the clock on the wall.
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  while (kept.post(ping).status != 404 && std::chrono::steady_clock::now() < until) {
  }
  for (int second = 0; second < 2; ++second) {
    gateway.advance(std::chrono::minutes(10));
  }
  for (const auto* table : {"levels", "subscriptions", "revoked"}) wait_rows(table, 0);
}

TEST_F(Limits, a_session_ends_with_its_time) {
  const auto gateway = start(R"("session_ttl":1)");
  Session session(client, gateway->mcp("one"));
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const auto until = std::chrono::steady_clock::now() + patience;
  while (session.post(ping, false).status != 404 && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_EQ(session.post(ping).status, 404);
}

TEST_F(Limits, pipelined_requests_are_answered_in_order) {
  const auto gateway = start(R"("stream_after":5)", 2);
  Session session(client, gateway->mcp("one"));
  RawConnection raw(gateway->port());
  std::string all;
  for (int i = 1; i <= 5; ++i) {
    all += post(
        session,
        fmt::format(
            R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"echo"}}}})", i
        )
    );
  }
  raw.write(all);
  for (int i = 1; i <= 5; ++i) {
    const auto answer = raw.response();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
    EXPECT_NE(answer.find(fmt::format(R"("id":{})", i)), std::string::npos) << answer;
  }
}

TEST_F(Limits, chunked_bodies_and_expect_continue) {
  const auto gateway = start(R"("stream_after":5)");
  Session session(client, gateway->mcp("one"));
  const std::string head = fmt::format(
      "POST /mcp/one HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Accept: application/json, text/event-stream\r\nMcp-Session-Id: {}\r\n",
      session.id()
  );
  RawConnection raw(gateway->port());
  raw.write(
      head +
      "Transfer-Encoding: chunked\r\n\r\n"
      "14;x=y\r\n{\"jsonrpc\":\"2.0\",\"id\r\n13\r\n\":1,\"method\":\"ping\"\r\n1\r\n}\r\n0\r\n\r\n"
  );
  EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 200"));
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  raw.write(head + fmt::format("Expect: 100-continue\r\nContent-Length: {}\r\n\r\n", ping.size()));
  EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 100"));
  raw.write(ping);
  EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 200"));
}

TEST_F(Limits, endpoint_names_are_decoded_but_never_more_than_a_name) {
  const auto gateway = start(R"("stream_after":5)");
  Session session(client, gateway->url() + "/mcp/%6fne");
  EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  for (const std::string path :
       {"/mcp/one/", "/mcp/one%2f", "/mcp/..%2fone", "/mcp//one", "/mcp/%00", "/MCP/one"}) {
    const auto answer = client.send(
        "POST", gateway->url() + path, {{"Content-Type", "application/json"}, {"Accept", "*/*"}},
        "{}"
    );
    EXPECT_EQ(answer.status, 404) << path;
  }
}

TEST_F(Limits, old_and_new_GET_streams_of_one_session) {
  const auto gateway = start(R"("stream_after":5)");
  Session session(client, gateway->mcp("one"));
  ASSERT_TRUE(upstream.wait_listener());
  auto first = session.listen();
  EXPECT_EQ(first.status(), 200);
  auto second = session.listen();
  EXPECT_EQ(second.status(), 200);
  const auto heard = [](const json::value& m) {
    return text(m, "/method") == "notifications/message";
  };
  // A message goes to one of the two, never to both (2025-11-25, "Listening for Messages").
  while (first.count("notifications/message") + second.count("notifications/message") == 0) {
    upstream.push(
        R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":1}})"
    );
    session.call("ping");
  }
  second.wait(heard);
  EXPECT_EQ(first.count("notifications/message"), 0U);
}

}  // namespace
}  // namespace mooring::integration
