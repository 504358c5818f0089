// "Bad input gets": the status and error that the specification names, on that request alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/gateway.hpp"
#include "harness/scripted_server.hpp"
#include "harness/session.hpp"

namespace mooring::integration {
namespace {

class BadInput : public testing::Test {
 protected:
  Session session(std::string version = "2025-11-25") {
    return Session(client, gateway.mcp("one"), {.version = std::move(version)});
  }
  Response post(Headers headers, std::string body) {
    return client.send("POST", gateway.mcp("one"), std::move(headers), std::move(body));
  }
  Headers usual(const Session& session) {
    return {
        {"Content-Type", "application/json"},
        {"Accept", "application/json, text/event-stream"},
        {"Mcp-Session-Id", session.id()}
    };
  }
  void still_works(Session& session) {
    EXPECT_EQ(text(session.tool("echo"), "/result/content/0/text"), "done");
  }

  ScriptedServer upstream;
  TestGateway gateway{servers(
      R"({"log":{"level":"off"},"limits":{"request_bytes":65536,"header_bytes":4096,"json_depth":32}})",
      {{"one", fmt::format(R"({{"url":"{}"}})", upstream.url())}}
  )};
  Client client;
};

TEST_F(BadInput, malformed_json_is_a_parse_error) {
  auto one = session();
  for (const std::string body :
       {"{\"jsonrpc\":\"2.0\",", "nonsense", "", "{} {}", "{\"jsonrpc\":\"2.0\",\"id\":01}",
        "\xEF\xBB\xBF{}x"}) {
    const auto answer = one.post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(at(answer.json(), "/error/code"), -32700) << body;
  }
  still_works(one);
}

TEST_F(BadInput, what_is_no_json_rpc_is_an_invalid_request) {
  auto one = session();
  for (const std::string body :
       {R"({"id":1,"method":"ping"})", R"({"jsonrpc":"1.0","id":1,"method":"ping"})",
        R"({"jsonrpc":"2.0","id":null,"method":"ping"})",
        R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})",
        R"({"jsonrpc":"2.0","id":{},"method":"ping"})", R"({"jsonrpc":"2.0","id":1,"method":7})",
        R"({"jsonrpc":"2.0","id":1,"method":""})",
        R"({"jsonrpc":"2.0","id":1,"method":"ping","params":3})", R"({"jsonrpc":"2.0","id":1})",
        R"("ping")", "17", "null", R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})"}) {
    const auto answer = one.post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(at(answer.json(), "/error/code"), -32600) << body << answer.body;
  }
  still_works(one);
}

TEST_F(BadInput, repeated_keys_are_refused_however_they_are_written) {
  auto one = session();
  for (const std::string body :
       {R"({"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"})",
        R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})",
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","name":"other"}})",
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","n\u0061me":"other"}})",
        R"({"jsonrpc":"2.0","id":1,"method":"ping","m\u0065thod":"tools/call"})"}) {
    const auto answer = one.post(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(at(answer.json(), "/error/code"), -32600) << body;
  }
  EXPECT_EQ(upstream.count("tools/call"), 0U);
  still_works(one);
}

TEST_F(BadInput, invalid_utf8_is_refused) {
  auto one = session();
  for (const std::string bytes :
       {"\xC3\x28", "\xFF", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    const auto answer = one.post(
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + bytes + "\"}}"
    );
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(at(answer.json(), "/error/code"), -32700);
  }
  EXPECT_EQ(upstream.count("tools/call"), 0U);
  still_works(one);
}

TEST_F(BadInput, deep_nesting_is_refused) {
  auto one = session();
  const auto nested = [](std::size_t depth) {
    return fmt::format(
        R"({{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","arguments":{{"a":{}{}}}}}}})",
        std::string(depth, '['), std::string(depth, ']')
    );
  };
  EXPECT_EQ(one.post(nested(20)).status, 200);
  for (const std::size_t depth : {40U, 4000U, 30'000U}) {
    EXPECT_EQ(one.post(nested(depth)).status, 400) << depth;
  }
  still_works(one);
}

TEST_F(BadInput, batches_are_served_to_2025_03_26_and_refused_to_others) {
  const std::string batch =
      R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},)"
      R"({"jsonrpc":"2.0","id":"two","method":"tools/call","params":{"name":"echo"}}])";
  auto old = session("2025-03-26");
  const auto answer = old.post(batch);
  EXPECT_EQ(answer.status, 200);
  const auto list = answer.json();
  ASSERT_TRUE(list.is_array()) << answer.body;
  ASSERT_EQ(list.as_array().size(), 2U);
  for (const auto& each : list.as_array()) EXPECT_TRUE(at(each, "/result").is_object());
  EXPECT_EQ(old.post("[]").status, 400);
  EXPECT_EQ(old.post(R"([{"jsonrpc":"2.0","method":"notifications/x"}])").status, 202);
  EXPECT_EQ(
      old.post(R"([{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}])").status, 400
  );

  for (const std::string version : {"2025-06-18", "2025-11-25"}) {
    auto newer = session(version);
    const auto refused = newer.post(batch);
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(at(refused.json(), "/error/code"), -32600);
    still_works(newer);
  }
}

TEST_F(BadInput, HTTP_02a_an_oversized_request_gets_413_and_the_gateway_stays_usable) {
  auto one = session();
  const std::string big =
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"x":")" +
      std::string(70'000, 'a') + R"("}}})";
  EXPECT_EQ(one.post(big, false).status, 413);
  still_works(one);

  RawConnection raw(gateway.port());
  const auto head = fmt::format(
      "POST /mcp/one HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Accept: application/json, text/event-stream\r\nMcp-Session-Id: {}\r\n",
      one.id()
  );
  raw.write(head + fmt::format("Content-Length: {}\r\n\r\n", big.size()) + big);
  EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 413"));
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  raw.write(head + fmt::format("Content-Length: {}\r\n\r\n", ping.size()) + ping);
  EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

TEST_F(BadInput, oversized_headers_get_431) {
  auto one = session();
  RawConnection raw(gateway.port());
  raw.write(
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(8000, 'x') + "\r\n\r\n"
  );
  EXPECT_TRUE(raw.response().starts_with("HTTP/1.1 431"));
  still_works(one);
}

TEST_F(BadInput, bytes_that_are_no_http_get_400) {
  auto one = session();
  for (const std::string bytes :
       {"\x16\x03\x01\x02\x01\x01\n\r\n\r\n", "GARBAGE\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST /mcp HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
        "GET /mcp HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n"}) {
    RawConnection raw(gateway.port());
    raw.write(bytes);
    EXPECT_TRUE(raw.to_end().starts_with("HTTP/1.1 400")) << bytes;
  }
  still_works(one);
}

TEST_F(BadInput, session_ids_missing_unknown_and_tampered) {
  auto one = session();
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const Headers bare = {
      {"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}
  };
  EXPECT_EQ(post(bare, ping).status, 400);
  const auto with = [&](std::string id) {
    auto headers = bare;
    headers.emplace_back("Mcp-Session-Id", std::move(id));
    return post(headers, ping);
  };
  EXPECT_EQ(with(one.id()).status, 200);
  const auto unknown = with("1868a90c-dead-beef");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_TRUE(at(unknown.json(), "/error/code").is_int64());
  for (std::size_t i = 0; i < one.id().size(); i += 7) {
    auto tampered = one.id();
    tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(with(tampered).status, 404) << i;
  }
  EXPECT_EQ(with(one.id().substr(0, one.id().size() - 1)).status, 404);
  EXPECT_EQ(with(one.id() + "A").status, 404);
  EXPECT_EQ(with(one.id() + one.id()).status, 404);
}

TEST_F(BadInput, a_session_belongs_to_its_endpoint) {
  auto one = session();
  one.move_to(gateway.mcp());
  EXPECT_EQ(one.post(R"({"jsonrpc":"2.0","id":1,"method":"ping"})").status, 404);
}

TEST_F(BadInput, host_and_origin_are_checked) {
  auto one = session();
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const auto with = [&](std::string name, std::string value) {
    auto headers = usual(one);
    headers.emplace_back(std::move(name), std::move(value));
    return post(headers, ping).status;
  };
  EXPECT_EQ(with("Origin", "http://evil.example"), 403);
  EXPECT_EQ(with("Origin", "null"), 403);
  EXPECT_EQ(with("Origin", "http://localhost.evil.example"), 403);
  EXPECT_EQ(with("Origin", fmt::format("http://localhost:{}", gateway.port())), 200);
  EXPECT_EQ(with("Origin", "http://127.0.0.1:3000"), 200);
  for (const std::string host : {"evil.example", "localhost.evil.example", "127.0.0.1.nip.io:80"}) {
    RawConnection raw(gateway.port());
    raw.write(
        fmt::format("GET /api/v1/status HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host)
    );
    EXPECT_TRUE(raw.to_end().starts_with("HTTP/1.1 403")) << host;
  }
}

TEST_F(BadInput, content_type_accept_and_version_headers) {
  auto one = session();
  const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  const auto send = [&](std::string type, std::string accept, std::string version) {
    Headers headers = {{"Mcp-Session-Id", one.id()}};
    if (!type.empty()) headers.emplace_back("Content-Type", type);
    if (!accept.empty()) headers.emplace_back("Accept", accept);
    if (!version.empty()) headers.emplace_back("MCP-Protocol-Version", version);
    return post(headers, ping).status;
  };
  const std::string both = "application/json, text/event-stream";
  EXPECT_EQ(send("application/json", both, "2025-11-25"), 200);
  EXPECT_EQ(send("application/json; charset=utf-8", both, ""), 200);
  EXPECT_EQ(send("Application/JSON", both, ""), 200);
  EXPECT_EQ(send("application/json", "*/*", ""), 200);
  EXPECT_EQ(send("text/plain", both, ""), 415);
  EXPECT_EQ(send("application/jsonx", both, ""), 415);
  EXPECT_EQ(send("", both, ""), 415);
  EXPECT_EQ(send("application/json", "text/html", ""), 406);
  EXPECT_EQ(send("application/json", both, "1999-01-01"), 400);
  EXPECT_EQ(send("application/json", both, "nonsense"), 400);
}

TEST_F(BadInput, wrong_methods_and_paths) {
  auto one = session();
  EXPECT_EQ(client.send("PUT", gateway.mcp("one"), usual(one), "{}").status, 405);
  EXPECT_EQ(
      client.send("PUT", gateway.mcp("one"), usual(one), "{}").header("Allow"), "GET, POST, DELETE"
  );
  EXPECT_EQ(
      client
          .send("GET", gateway.mcp("one"), {{"Mcp-Session-Id", one.id()}, {"Accept", "text/html"}})
          .status,
      406
  );
  EXPECT_EQ(client.send("POST", gateway.mcp("nobody"), usual(one), "{}").status, 404);
  EXPECT_EQ(client.send("GET", gateway.url() + "/nothing").status, 404);
}

TEST_F(BadInput, a_second_initialize_or_none_at_all) {
  auto one = session();
  EXPECT_TRUE(at(Session(client, gateway.mcp("one"), {.version = "1999-01-01"}).opened(), "/result")
                  .is_object());
  const auto no_version = post(
      {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}},
      R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})"
  );
  EXPECT_EQ(at(no_version.json(), "/error/code"), -32602);
  EXPECT_EQ(no_version.header("Mcp-Session-Id"), "");
}

TEST_F(BadInput, ids_come_back_as_they_were_sent) {
  auto one = session();
  for (const std::string id :
       {R"("a\"b")", R"("ünïcode")", "9007199254740993", "-1", "0", R"("")", R"("\u0041")",
        "18446744073709551615"}) {
    const auto answer = one.post(fmt::format(
        R"({{"params":{{"name":"echo"}},"method":"tools/call","id":{},"jsonrpc":"2.0"}})", id
    ));
    EXPECT_EQ(answer.status, 200) << id;
    EXPECT_NE(answer.body.find(fmt::format(R"("id":{})", id)), std::string::npos) << answer.body;
  }
}

TEST_F(BadInput, two_requests_with_one_id_do_not_mix) {
  auto one = session();
  upstream.on("tools/call", silence());
  auto first = one.start_tool("echo");
  ASSERT_TRUE(upstream.wait_for("tools/call"));
  const auto second = one.post(fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"echo"}}}})",
      one.last_id()
  ));
  EXPECT_EQ(at(second.json(), "/error/code"), -32600);
  EXPECT_EQ(upstream.count("tools/call"), 1U);
}

}  // namespace
}  // namespace mooring::integration
