// The older HTTP+SSE at the gateway, by hand.
#include "harness/sse_session.hpp"
#include "old_transport.hpp"
#include "protocol/messages.hpp"

namespace mooring::integration {
namespace {

using Names = std::vector<std::string>;

constexpr int many = 8;  ///< messages, so that each worker gets one
constexpr std::string_view sampling_request =
    R"({"jsonrpc":"2.0","id":"q","method":"sampling/createMessage","params":{"messages":[],"maxTokens":10}})";

INSTANTIATE_TEST_SUITE_P(
    Workers, OldTransport, testing::Values(1U, 2U), testing::PrintToStringParamName()
);

TEST_P(OldTransport, every_server_is_at_sse_and_one_below_it) {
  const auto gateway = start();
  SseSession all(client, sse(*gateway)), one(client, sse(*gateway, "one"));
  EXPECT_EQ(all.stream().header("content-type"), "text/event-stream");
  EXPECT_TRUE(all.message_url().starts_with(gateway->url() + "/message?sessionId="));
  EXPECT_EQ(text(all.opened(), "/result/serverInfo/name"), "mooring");
  EXPECT_EQ(text(one.opened(), "/result/serverInfo/name"), "scripted");
  for (int i = 0; i < many; ++i) {
    EXPECT_EQ(names(all.call("tools/list")), Names{"one__echo"});
    EXPECT_EQ(names(one.call("tools/list")), Names{"echo"});
    EXPECT_EQ(shown(all.tool("one__echo")), "done");
    EXPECT_EQ(shown(one.tool("echo")), "done");
  }
  EXPECT_EQ(one.call("initialize").at("error").at("code"), -32600);
}

TEST_P(OldTransport, a_client_of_2024_11_05_gets_its_revision) {
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"), {.version = "2024-11-05"});
  EXPECT_EQ(text(one.opened(), "/result/protocolVersion"), "2024-11-05");
  EXPECT_EQ(shown(one.tool("echo")), "done");
}

TEST_P(OldTransport, progress_comes_in_order_and_before_the_result) {
  const auto progress = [](int step) {
    return fmt::format(
        R"({{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"p","progress":{}}}}})",
        step
    );
  };
  upstream.on(
      "tools/call",
      [progress](ScriptedServer& server, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
        const auto token = json::serialize(at(seen.message(), "/params/_meta/progressToken"));
        auto messages = std::vector{progress(1), progress(2), progress(3)};
        for (auto& each : messages) each.replace(each.find("\"p\""), 3, token);
        const auto with = streamed(messages, R"({"content":[{"type":"text","text":"there"}]})");
        co_await with(server, exchange, std::move(seen));
      }
  );
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"));
  for (int i = 0; i < many; ++i) {
    const auto before = one.stream().events().size();
    const auto id = one.start(
        "tools/call", R"({"name":"echo","arguments":{},"_meta":{"progressToken":"mine"}})"
    );
    EXPECT_EQ(shown(one.stream().response(id)), "there");
    const auto events = one.stream().events();
    ASSERT_EQ(events.size(), before + 4);
    for (std::size_t step = 1; step <= 3; ++step) {
      const auto message = events[before + step - 1].json();
      EXPECT_EQ(at(message, "/params/progress"), step);
      EXPECT_EQ(text(message, "/params/progressToken"), "mine");
    }
  }
}

TEST_P(OldTransport, questions_of_the_server_are_asked_on_the_stream) {
  const auto gateway = start();
  SseSession one(
      client, sse(*gateway, "one"), {.capabilities = R"({"sampling":{},"elicitation":{}})"}
  );
  upstream.on("tools/call", asking(std::string(sampling_request)));
  auto id = one.start_tool("echo");
  auto sent = one.post(answer(
      one.heard("sampling/createMessage"),
      R"("result":{"role":"assistant","model":"m","content":{"type":"text","text":"hi"}})"
  ));
  EXPECT_EQ(sent.status, 202);
  EXPECT_EQ(text(parse(shown(one.stream().response(id))), "/result/content/text"), "hi");

  upstream.forget_answers();
  upstream.on("tools/call", asking(std::string(elicitation_request)));
  id = one.start_tool("echo");
  one.post(answer(
      one.heard("elicitation/create"), R"("result":{"action":"accept","content":{"n":"me"}})"
  ));
  EXPECT_EQ(text(parse(shown(one.stream().response(id))), "/result/content/n"), "me");
}

TEST_P(OldTransport, a_changed_list_is_announced) {
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one")), all(client, sse(*gateway));
  ASSERT_TRUE(upstream.wait_listener());
  upstream.set_tools(R"([{"name":"new","inputSchema":{"type":"object"}}])");
  upstream.push(protocol::make_notification("notifications/tools/list_changed"));
  for (auto* each : {&one, &all})
    EXPECT_TRUE(each->heard("notifications/tools/list_changed").is_object());
  EXPECT_EQ(names(one.call("tools/list")), Names{"new"});
  EXPECT_EQ(names(all.call("tools/list")), Names{"one__new"});
}

TEST_P(OldTransport, a_call_can_be_cancelled) {
  upstream.on("tools/call", silence());
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"));
  for (std::size_t i = 1; i <= many; ++i) {
    const auto id = one.start_tool("echo");
    ASSERT_TRUE(upstream.wait_for("tools/call", i));
    one.post(fmt::format(
        R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{},"reason":"enough"}}}})",
        id
    ));
    ASSERT_TRUE(upstream.wait_for("notifications/cancelled", i));
    EXPECT_EQ(
        text(upstream.all("notifications/cancelled").back().message(), "/params/reason"), "enough"
    );
  }
}

TEST_P(OldTransport, the_end_of_the_stream_cancels_the_call_and_ends_the_session) {
  upstream.on("tools/call", silence());
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one")), other(client, sse(*gateway, "one"));
  one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  one.stream().close();
  ASSERT_TRUE(upstream.wait_for("notifications/cancelled"));
  const auto late = one.post(protocol::make_request("9", "tools/list", "{}"));
  EXPECT_EQ(late.status, 404) << late.body;
  EXPECT_EQ(at(late.json(), "/error/code"), -32600);
  EXPECT_EQ(names(other.call("tools/list")), Names{"echo"}) << "another stream has nothing of it";
}

TEST_P(OldTransport, a_client_that_vanishes_leaves_nothing) {
  upstream.set_capabilities(R"({"tools":{},"resources":{"subscribe":true}})");
  const auto gateway = start();
  const auto gateway_status = [&] {
    return at(client.send("GET", gateway->url() + "/api/v1/status").json(), "/gateway");
  };
  const auto before = at(gateway_status(), "/connections");
  {
    SseSession one(client, sse(*gateway, "one")), silent(client, sse(*gateway));
    one.call("resources/subscribe", R"({"uri":"test://thing"})");
    ASSERT_TRUE(upstream.wait_for("resources/subscribe"));
    EXPECT_EQ(at(gateway_status(), "/listening"), 2);
    one.stream().close();
    silent.stream().close();
  }
  EXPECT_TRUE(upstream.wait_for("resources/unsubscribe"));
  const auto until = std::chrono::steady_clock::now() + patience;
  json::value now;
  do {
    now = gateway_status();
  } while ((at(now, "/listening") != 0 || at(now, "/connections") != before) &&
           std::chrono::steady_clock::now() < until);
  EXPECT_EQ(at(now, "/listening"), 0);
  EXPECT_EQ(at(now, "/connections"), before);
}

TEST_P(OldTransport, EXP_01_a_session_that_is_lost_upstream_heals_behind_it) {
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one")), all(client, sse(*gateway));
  for (int i = 1; i <= 2; ++i) {
    EXPECT_EQ(shown(one.tool("echo")), "done");
    upstream.forget_sessions();
    EXPECT_EQ(shown(all.tool("one__echo")), "done");
    EXPECT_EQ(upstream.count("initialize"), 1U + static_cast<unsigned>(i));
  }
  EXPECT_EQ(at(gateway->status("one"), "/recoveries"), 2);
}

TEST_P(OldTransport, a_client_that_comes_back_without_initialize_is_served) {
  const auto gateway = start();
  auto stream = client.open("GET", sse(*gateway, "one"), {{"Accept", "text/event-stream"}});
  stream.wait([](const json::value&) { return true; });
  const auto url = gateway->url() + stream.events().at(0).data;
  const auto sent = client.send(
      "POST", url, {{"Content-Type", "application/json"}},
      protocol::make_request("5", "tools/call", R"({"name":"echo","arguments":{}})"), true
  );
  EXPECT_EQ(sent.status, 202) << sent.body;
  EXPECT_EQ(shown(stream.response("5")), "done");
}

TEST_P(OldTransport, what_is_no_message_for_a_stream_is_refused) {
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"));
  const auto list = protocol::make_request("1", "tools/list", "{}");
  const Headers json_body = {{"Content-Type", "application/json"}};
  const auto post = [&](const std::string& path, std::string body, const Headers& headers) {
    return client.send("POST", gateway->url() + path, headers, std::move(body), true).status;
  };
  EXPECT_EQ(one.post("garbage").status, 400);
  EXPECT_EQ(one.post("").status, 400);
  EXPECT_EQ(one.post("[" + list + "]").status, 400);
  EXPECT_EQ(one.post(std::string(std::size_t{11} << 20, ' ')).status, 413);
  EXPECT_EQ(post("/message", list, json_body), 400);
  EXPECT_EQ(post("/message?sessionId=0.wrong", list, json_body), 404);
  EXPECT_EQ(post("/message?sessionId=7.wrong", list, json_body), 404);
  EXPECT_EQ(post("/sse", list, json_body), 405);
  EXPECT_EQ(post("/sse/nobody", list, json_body), 404);
  EXPECT_EQ(client.send("POST", one.message_url(), {}, list, true).status, 415);
  EXPECT_EQ(client.send("DELETE", one.message_url()).status, 405);
  EXPECT_EQ(client.send("DELETE", sse(*gateway)).status, 405);
  EXPECT_EQ(client.send("GET", sse(*gateway, "nobody")).status, 404);
  EXPECT_EQ(names(one.call("tools/list")), Names{"echo"}) << "the stream stands";
}

TEST_P(OldTransport, a_page_of_another_site_gets_neither_stream_nor_message_through) {
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"));
  const auto target = one.message_url().substr(gateway->url().size());
  for (const auto& line : {std::string("GET /sse"), "POST " + target}) {
    for (const auto* headers :
         {"Host: evil.example\r\n", "Host: localhost\r\nOrigin: https://evil.example\r\n"}) {
      RawConnection raw(gateway->port());
      raw.write(
          fmt::format("{} HTTP/1.1\r\n{}Content-Type: application/json\r\n\r\n", line, headers)
      );
      EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 403")) << line << headers;
    }
  }
}

TEST_P(OldTransport, ten_megabytes_pass_both_ways) {
  const std::string big(std::size_t{9} << 20, 'x');
  upstream.on(
      "tools/call",
      [](ScriptedServer& server, io::HttpExchange& exchange, Seen seen) -> awaitable<void> {
        const auto sent = text(seen.message(), "/params/arguments/text");
        const auto echo =
            result(fmt::format(R"({{"content":[{{"type":"text","text":"{}"}}]}})", sent));
        co_await echo(server, exchange, std::move(seen));
      }
  );
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"));
  EXPECT_TRUE(shown(one.tool("echo", fmt::format(R"({{"text":"{}"}})", big))) == big);
}

TEST_P(OldTransport, a_stream_is_its_bearers_alone) {
  const auto gateway = start(
      R"({"log":{"level":"off"},"auth":{"tokens":[{"name":"alice","token":"alice-0123456789abcdef"},{"name":"bob","token":"bob-0123456789abcdef"}]}})"
  );
  const auto bearer = [](std::string_view name) {
    return Headers{
        {"Authorization", fmt::format("Bearer {}-0123456789abcdef", name)},
        {"Content-Type", "application/json"}
    };
  };
  EXPECT_EQ(client.send("GET", sse(*gateway)).status, 401);
  SseSession alice(client, sse(*gateway, "one"), {.headers = {bearer("alice")[0]}});
  EXPECT_EQ(shown(alice.tool("echo")), "done");
  const auto list = protocol::make_request("50", "tools/list", "{}");
  for (int i = 0; i < many; ++i) {
    EXPECT_EQ(client.send("POST", alice.message_url(), bearer("bob"), list, true).status, 404);
    EXPECT_EQ(client.send("POST", alice.message_url(), bearer("eve"), list, true).status, 401);
  }
  EXPECT_EQ(shown(alice.tool("echo")), "done");
  EXPECT_EQ(upstream.count("tools/list"), 1u) << "the gateway's own";
}

TEST_P(OldTransport, a_quiet_stream_shows_that_it_lives) {
  const auto gateway = start(R"({"log":{"level":"off"}})", Background::Time::manual);
  RawConnection raw(gateway->port());
  raw.write("GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(raw.until("\n\n").find("event: endpoint\n"), std::string::npos);
  gateway->advance(std::chrono::seconds(16));
  EXPECT_NE(raw.until("\n\n").find(": keep-alive"), std::string::npos);
}

/// A client that opened its session and reads no more.
class DeafClient {
 public:
  DeafClient(Client& client, const TestGateway& gateway) : client_(client), raw_(gateway.port()) {
    raw_.write("GET /sse/one HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = raw_.until("\n\n");
    const auto at = head.find("/message?sessionId=");
    EXPECT_NE(at, std::string::npos) << head;
    url_ = gateway.url() + head.substr(at, head.find('\n', at) - at);
    post(protocol::make_request(
        "1", "initialize", R"({"protocolVersion":"2024-11-05","capabilities":{}})"
    ));
    EXPECT_NE(raw_.until("\n\n").find("protocolVersion"), std::string::npos);
  }
  int post(std::string body) {
    return client_.send("POST", url_, {{"Content-Type", "application/json"}}, std::move(body), true)
        .status;
  }
  bool has_a_session() { return post(protocol::make_notification("notifications/x")) == 202; }

 private:
  Client& client_;
  RawConnection raw_;
  std::string url_;
};

TEST_P(OldTransport, notifications_that_nobody_reads_close_the_stream) {
  const auto gateway = start(R"({"log":{"level":"off"},"limits":{"event_bytes":"64KiB"}})");
  SseSession watcher(client, sse(*gateway, "one"));
  DeafClient deaf(client, *gateway);
  ASSERT_TRUE(upstream.wait_listener());
  const auto loud = [](int number) {
    return protocol::make_notification(
        "notifications/message", fmt::format(
                                     R"({{"level":"error","logger":"{}","data":"{}"}})", number,
                                     std::string(std::size_t{1} << 20, 'x')
                                 )
    );
  };
  // The sockets between take some of it; the one who reads gets all.
  const auto until = std::chrono::steady_clock::now() + patience;
  for (int number = 0; deaf.has_a_session(); ++number) {
    ASSERT_LT(std::chrono::steady_clock::now(), until);
    upstream.push(loud(number));
    const auto heard = watcher.stream().wait([&](const json::value& m) {
      return text(m, "/params/logger") == std::to_string(number);
    });
    ASSERT_TRUE(heard.is_object());
  }
  EXPECT_EQ(shown(watcher.tool("echo")), "done");
}

TEST_P(OldTransport, answers_that_nobody_takes_close_the_stream_after_a_time) {
  const std::string big(std::size_t{7} << 20, 'x');
  upstream.on(
      "tools/call", result(fmt::format(R"({{"content":[{{"type":"text","text":"{}"}}]}})", big))
  );
  const auto gateway = start(R"({"log":{"level":"off"},"write_timeout":0.1})");
  DeafClient deaf(client, *gateway);
  const auto call = R"({"name":"echo","arguments":{}})";
  for (const auto* id : {"2", "3"}) {
    EXPECT_EQ(deaf.post(protocol::make_request(id, "tools/call", call)), 202);
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  while (deaf.has_a_session()) ASSERT_LT(std::chrono::steady_clock::now(), until);
}

TEST_P(OldTransport, a_server_that_is_taken_out_is_404) {
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one")), all(client, sse(*gateway));
  gateway->apply(servers({{"two", entry(upstream.url())}}));
  gateway->wait_state("two", "ready");
  const auto refused = one.post(protocol::make_request("9", "tools/list", "{}"));
  EXPECT_EQ(refused.status, 404);
  EXPECT_NE(refused.body.find("one"), std::string::npos);
  EXPECT_EQ(names(all.call("tools/list")), Names{"two__echo"});
}

TEST_P(OldTransport, a_shutdown_answers_what_is_in_hand_and_ends_the_stream) {
  upstream.on("tools/call", silence());
  const auto gateway = start();
  SseSession one(client, sse(*gateway, "one"));
  RawConnection raw(gateway->port());
  raw.write("GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n");
  raw.until("\n\n");
  const auto id = one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  gateway->stop();
  EXPECT_TRUE(at(one.stream().response(id), "/error").is_object());
  EXPECT_TRUE(one.stream().wait_end());
  EXPECT_TRUE(raw.to_end().ends_with("0\r\n\r\n")) << "the last chunk of a whole body";
}

}  // namespace
}  // namespace mooring::integration
