#include "http_test.hpp"

namespace mooring::transport {
namespace {

class Http : public HttpTest {};

TEST_F(Http, answer_as_json) {
  server.json(ok_1);
  run([&]() -> awaitable<void> {
    auto outcome = co_await channel->request(make_call("1"), sink);
    CO_ASSERT(outcome.response.has_value());
    EXPECT_EQ(outcome.response->bytes(), ok_1);
    EXPECT_FALSE(outcome.failure);
    EXPECT_EQ(server.seen.at(0).body, make_call("1").bytes);
  });
}

TEST_F(Http, HTTP_07_session_and_version_on_every_request_after_the_handshake) {
  server.json(ok_1);
  server.json(ok_1);
  server.reply(202);
  server.reply(405);
  server.reply(204);
  run([&]() -> awaitable<void> {
    co_await channel->request(make_call("1", "initialize"), sink);
    auto call = make_call("1");
    call.session = session("abc");
    co_await channel->request(std::move(call), sink);
    co_await channel->notify(
        R"({"jsonrpc":"2.0","method":"notifications/initialized"})", session("abc")
    );
    io::AbortSource abort;
    co_await channel->listen(session("abc"), {}, sink, abort);
    co_await channel->end_session(session("abc"));
    CO_ASSERT(server.seen.size() == 5);
    EXPECT_FALSE(server.seen[0].headers.contains("mcp-session-id"));
    EXPECT_FALSE(server.seen[0].headers.contains("mcp-protocol-version"));
    EXPECT_EQ(server.seen[0].headers["accept"], "application/json, text/event-stream");
    EXPECT_EQ(server.seen[0].headers["content-type"], "application/json");
    for (std::size_t i = 1; i < 5; ++i) {
      EXPECT_EQ(server.seen[i].headers["mcp-session-id"], "abc") << i;
      EXPECT_EQ(server.seen[i].headers["mcp-protocol-version"], "2025-11-25") << i;
    }
    EXPECT_EQ(server.seen[3].method, "GET");
    EXPECT_EQ(server.seen[3].headers["accept"], "text/event-stream");
    EXPECT_EQ(server.seen[4].method, "DELETE");
  });
}

TEST_F(Http, HTTP_11_user_agent_on_any_request) {
  server.json(ok_1);
  server.reply(405);
  run([&]() -> awaitable<void> {
    co_await channel->request(make_call("1"), sink);
    io::AbortSource abort;
    co_await channel->listen(nullptr, {}, sink, abort);
    CO_ASSERT(server.seen.size() == 2);
    EXPECT_TRUE(server.seen[0].headers["user-agent"].starts_with("mooring/"));
    EXPECT_TRUE(server.seen[1].headers["user-agent"].starts_with("mooring/"));
  });
}

TEST_F(Http, configured_headers_win_except_where_the_transport_needs_its_own) {
  config.headers = {
      {"User-Agent", "mine/1"}, {"Authorization", "Bearer abc"}, {"X-Team", "blue"},
      {"accept", "text/html"},  {"Content-Type", "text/plain"},  {"mcp-session-id", "stale"},
      {"content-length", "3"}
  };
  server.json(ok_1);
  run([&]() -> awaitable<void> {
    auto call = make_call("1");
    call.session = session("live");
    const auto outcome = co_await channel->request(std::move(call), sink);
    EXPECT_TRUE(outcome.response.has_value());
    CO_ASSERT(server.seen.size() == 1);
    auto& headers = server.seen[0].headers;
    EXPECT_EQ(headers["user-agent"], "mine/1");
    EXPECT_EQ(headers["authorization"], "Bearer abc");
    EXPECT_EQ(headers["x-team"], "blue");
    EXPECT_EQ(headers["accept"], "application/json, text/event-stream");
    EXPECT_EQ(headers["content-type"], "application/json");
    EXPECT_EQ(headers["mcp-session-id"], "live");
  });
}

TEST_F(Http, headers_of_one_request_go_with_it_alone_and_no_configured_ones_stand_for_them) {
  config.headers = {{"mcp-method", "evil"}, {"Mcp-Name", "evil"}, {"MCP-PARAM-X", "evil"}};
  server.json(ok_1);
  server.json(ok_1);
  run([&]() -> awaitable<void> {
    auto call = make_call("1");
    call.headers = {{"Mcp-Method", "tools/call"}, {"Mcp-Name", "=?base64?w7w=?="}};
    co_await channel->request(std::move(call), sink);
    co_await channel->request(make_call("1"), sink);
    CO_ASSERT(server.seen.size() == 2);
    EXPECT_EQ(server.seen[0].headers["mcp-method"], "tools/call");
    EXPECT_EQ(server.seen[0].headers["mcp-name"], "=?base64?w7w=?=");
    EXPECT_FALSE(server.seen[0].headers.contains("mcp-param-x"));
    EXPECT_FALSE(server.seen[1].headers.contains("mcp-method"));
    EXPECT_FALSE(server.seen[1].headers.contains("mcp-name"));
  });
}

TEST_F(Http, events_before_the_response_reach_the_sink_in_order) {
  const std::string first =
      R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1,"progress":1}})";
  const std::string second =
      R"({"jsonrpc":"2.0","id":"s1","method":"sampling/createMessage","params":{}})";
  server.events(": hi\n\n" + event(first) + event(second) + event(ok_1));
  run([&]() -> awaitable<void> {
    auto outcome = co_await channel->request(make_call("1"), sink);
    CO_ASSERT(outcome.response.has_value());
    EXPECT_EQ(outcome.response->bytes(), ok_1);
    EXPECT_EQ(sink.messages, (std::vector<std::string>{first, second}));
  });
}

TEST_F(Http, a_server_request_in_mid_stream_can_be_answered_before_the_response) {
  io::Event answered(worker.executor(), clock);
  server.then([&](io::HttpExchange& exchange) -> awaitable<void> {
    const std::vector<io::HeaderField> headers = {{"Content-Type", "text/event-stream"}};
    co_await exchange.begin_stream(200, headers);
    const auto ask = event(R"({"jsonrpc":"2.0","id":7,"method":"roots/list"})");
    co_await exchange.write(ask);
    co_await answered.wait();
    const auto rest = event(ok_1);
    co_await exchange.write(rest);
    co_await exchange.end_stream();
  });
  server.then([&](io::HttpExchange& exchange) -> awaitable<void> {
    answered.set();
    co_await exchange.respond(202, std::span<const io::HeaderField>(), "");
  });
  run([&]() -> awaitable<void> {
    sink.on_message = [&](const protocol::Frame&) -> awaitable<void> {
      const auto failure =
          co_await channel->notify(R"({"jsonrpc":"2.0","id":7,"result":{"roots":[]}})", session());
      EXPECT_FALSE(failure);
    };
    const auto outcome = co_await channel->request(make_call("1"), sink);
    EXPECT_TRUE(outcome.response.has_value());
  });
}

TEST_F(Http, batches_are_taken_apart_in_a_body_and_in_an_event) {
  const std::string note = R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})";
  server.json("[" + note + "," + ok_1 + "]");
  server.events(event("[" + ok_1 + "," + note + "]"));
  run([&]() -> awaitable<void> {
    for (std::size_t i = 1; i <= 2; ++i) {
      auto outcome = co_await channel->request(make_call("1"), sink);
      CO_ASSERT(outcome.response.has_value());
      EXPECT_EQ(outcome.response->bytes(), ok_1);
      EXPECT_EQ(sink.messages.size(), i);
    }
  });
}

TEST_F(Http, content_type_missing_or_wrong_is_seen_through) {
  server.reply(200, {}, ok_1);
  server.reply(200, {{"Content-Type", "text/plain"}}, ok_1);
  server.reply(200, {}, event(ok_1));
  run([&]() -> awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      auto outcome = co_await channel->request(make_call("1"), sink);
      CO_ASSERT(outcome.response.has_value());
      EXPECT_EQ(outcome.response->bytes(), ok_1) << i;
    }
  });
}

TEST_F(Http, error_that_names_no_id_is_the_answer_and_gets_ours) {
  const std::vector<std::string> ids = {"null", R"("server-error")", R"("")"};
  for (const auto& id : ids) {
    server.json(
        fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":-32602,"message":"x"}}}})", id)
    );
    server.events(event(
        fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{{"code":-32602,"message":"x"}}}})", id)
    ));
  }
  run([&]() -> awaitable<void> {
    for (std::size_t i = 0; i < 2 * ids.size(); ++i) {
      auto outcome = co_await channel->request(make_call("41"), sink);
      CO_ASSERT(outcome.response.has_value());
      EXPECT_EQ(outcome.response->kind(), protocol::Frame::Kind::error);
      EXPECT_EQ(outcome.response->id(), "41");
    }
  });
}

TEST_F(Http, EXP_29_session_id_only_from_a_successful_initialize) {
  const ScriptedServer::Headers given = {{"Mcp-Session-Id", "fresh"}};
  const std::string error = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}})";
  server.json(ok_1, given);
  server.events(event(ok_1), false, given);
  server.json(ok_1, given);
  server.json(error, given);
  server.reply(400, given, error);
  run([&]() -> awaitable<void> {
    EXPECT_EQ((co_await channel->request(make_call("1", "initialize"), sink)).session_id, "fresh");
    EXPECT_EQ((co_await channel->request(make_call("1", "initialize"), sink)).session_id, "fresh");
    EXPECT_EQ((co_await channel->request(make_call("1", "tools/list"), sink)).session_id, "");
    EXPECT_EQ((co_await channel->request(make_call("1", "initialize"), sink)).session_id, "");
    EXPECT_EQ((co_await channel->request(make_call("1", "initialize"), sink)).session_id, "");
  });
}

TEST_F(Http, large_json_flows_through) {
  const std::string big =
      R"({"jsonrpc":"2.0","result":{"text":")" + std::string(300'000, 'x') + R"("},"id":1})";
  config.buffer_bytes = 100'000;
  server.json(big);
  run([&]() -> awaitable<void> {
    auto call = make_call("1");
    call.stream_over = 65536;
    auto outcome = co_await channel->request(std::move(call), sink);
    CO_ASSERT(outcome.stream != nullptr);
    std::string all;
    for (;;) {
      auto piece = co_await outcome.stream->read_some();
      CO_ASSERT(piece.has_value());
      if (piece->empty()) break;
      all += *piece;
    }
    EXPECT_EQ(all, big);
  });
}

TEST_F(Http, small_json_is_held_whole_though_streaming_is_allowed) {
  server.json(ok_1);
  run([&]() -> awaitable<void> {
    auto call = make_call("1");
    call.stream_over = 65536;
    const auto outcome = co_await channel->request(std::move(call), sink);
    EXPECT_TRUE(outcome.response.has_value());
    EXPECT_FALSE(outcome.stream);
  });
}

TEST_F(Http, notices_are_accepted_with_202_and_its_like) {
  server.reply(202);
  server.json("{}");
  server.events("");
  run([&]() -> awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      EXPECT_FALSE(
          co_await channel->notify(R"({"jsonrpc":"2.0","method":"notifications/x"})", session())
      );
    }
  });
}

TEST_F(Http, HTTP_09_delete_with_the_session_id_and_whatever_comes_is_fine) {
  server.reply(405);
  server.then([](io::HttpExchange&) -> awaitable<void> { co_return; });
  run([&]() -> awaitable<void> {
    co_await channel->end_session(session("bye"));
    co_await channel->end_session(session("bye"));
    co_await channel->end_session(nullptr);
    co_await channel->end_session(session(""));
    CO_ASSERT(server.seen.size() == 2);
    EXPECT_EQ(server.seen[0].method, "DELETE");
    EXPECT_EQ(server.seen[0].headers["mcp-session-id"], "bye");
  });
}

TEST_F(Http, HTTP_09_delete_waits_two_seconds_at_most) {
  io::Event over(worker.executor(), clock);
  server.then([&](io::HttpExchange& exchange) -> awaitable<void> {
    co_await over.wait();
    co_await exchange.respond(200, std::span<const io::HeaderField>(), "");
  });
  run([&]() -> awaitable<void> {
    io::TaskGroup tasks(worker.executor());
    bool ended = false;
    auto end = [&]() -> awaitable<void> {
      co_await channel->end_session(session("bye"));
      ended = true;
    };
    tasks.spawn(end());
    while (server.seen.empty()) co_await server.arrived.wait();
    EXPECT_FALSE(ended);
    clock.advance(std::chrono::seconds(2));
    co_await tasks.join();
    EXPECT_TRUE(ended);
    over.set();
  });
}

}  // namespace
}  // namespace mooring::transport
