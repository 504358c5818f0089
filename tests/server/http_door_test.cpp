// The rules of Streamable HTTP at the door: headers, sessions, methods, batches.
#include "door.hpp"
#include "server/event_stream.hpp"

namespace mooring::server {
namespace {

using Messages = std::vector<std::string>;

class HttpDoorTest : public DoorTest {
 protected:
  static Headers without(Headers headers, std::string_view name) {
    std::erase_if(headers, [name](const auto& each) { return each.first == name; });
    return headers;
  }
  static Headers with(Headers headers, std::string name, std::string value) {
    headers = without(std::move(headers), name);
    headers.emplace_back(std::move(name), std::move(value));
    return headers;
  }
  void expect_refused(const ExchangePtr& exchange, int status, std::string_view code) {
    EXPECT_TRUE(exchange->returned);
    EXPECT_EQ(exchange->status, status) << exchange->answer;
    EXPECT_EQ(exchange->answer_header("Content-Type"), "application/json");
    EXPECT_EQ(error_code(exchange->answer), code) << exchange->answer;
    EXPECT_TRUE(service_.requests.empty());
    EXPECT_TRUE(service_.notices.empty());
  }
};

TEST_F(HttpDoorTest, initialize_opens_a_session_and_names_it) {
  const auto exchange = send(
      "POST", without(usual(), "Mcp-Session-Id"),
      protocol::make_request("1", "initialize", R"({"protocolVersion":"2025-11-25"})")
  );
  EXPECT_EQ(exchange->status, 200);
  EXPECT_EQ(exchange->answer_header("Mcp-Session-Id"), "new-1");
  EXPECT_EQ(exchange->answer_header("Content-Type"), "application/json");
  EXPECT_NE(exchange->answer.find(R"("opened":true)"), std::string::npos);
  EXPECT_EQ(post(call(), "new-1")->status, 200);
}

TEST_F(HttpDoorTest, initialize_that_is_refused_makes_no_session) {
  service_.refuse = true;
  const auto exchange =
      send("POST", without(usual(), "Mcp-Session-Id"), protocol::make_request("1", "initialize"));
  EXPECT_EQ(exchange->status, 200);
  EXPECT_EQ(exchange->answer_header("Mcp-Session-Id"), "");
  EXPECT_EQ(error_code(exchange->answer), "-32602");
}

TEST_F(HttpDoorTest, a_session_that_is_missing_is_400_and_one_that_is_unknown_404) {
  expect_refused(send("POST", without(usual(), "Mcp-Session-Id"), call()), 400, "-32600");
  expect_refused(post(call(), "unknown"), 404, "-32600");
  expect_refused(post(call(), ""), 404, "-32600");
  expect_refused(send("GET", without(listening(), "Mcp-Session-Id")), 400, "-32600");
  expect_refused(send("GET", listening("unknown")), 404, "-32600");
  expect_refused(send("DELETE", {}), 400, "-32600");
  expect_refused(send("DELETE", {{"Mcp-Session-Id", "unknown"}}), 404, "-32600");
  EXPECT_TRUE(service_.ended.empty());
}

TEST_F(HttpDoorTest, a_session_serves_on_its_own_endpoint_and_for_its_own_bearer) {
  service_.add("git", protocol::latest_legacy, "git", "ann");
  expect_refused(send("POST", usual("git"), call(), "", "ann"), 404, "-32600");
  expect_refused(send("POST", usual("git"), call(), "git", "bob"), 404, "-32600");
  expect_refused(send("POST", usual("git"), call(), "git", ""), 404, "-32600");
  EXPECT_EQ(send("POST", usual("git"), call(), "git", "ann")->status, 200);
}

TEST_F(HttpDoorTest, an_endpoint_that_is_not_there_is_404_for_every_method) {
  for (const auto* method : {"POST", "GET", "DELETE", "PUT"}) {
    const auto exchange = send(method, usual(), call(), "nobody");
    expect_refused(exchange, 404, "-32600");
    EXPECT_NE(exchange->answer.find("nobody"), std::string::npos);
  }
}

TEST_F(HttpDoorTest, other_methods_are_405_and_told_what_is_allowed) {
  for (const auto* method : {"PUT", "PATCH", "HEAD", "OPTIONS", "post", ""}) {
    const auto exchange = send(method, usual(), call());
    expect_refused(exchange, 405, "-32600");
    EXPECT_EQ(exchange->answer_header("Allow"), "GET, POST, DELETE");
  }
}

TEST_F(HttpDoorTest, the_body_must_be_declared_as_json) {
  for (const auto* type :
       {"", "text/plain", "application/jsonp", "application/json-patch+json", "text/json",
        "multipart/form-data", "xapplication/json"}) {
    expect_refused(send("POST", with(usual(), "Content-Type", type), call()), 415, "-32600");
  }
  expect_refused(send("POST", without(usual(), "Content-Type"), call()), 415, "-32600");
}

TEST_F(HttpDoorTest, json_may_be_declared_in_every_spelling) {
  for (const auto* type :
       {"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
        "Application/JSON", "application/json ; charset=utf-8"}) {
    EXPECT_EQ(send("POST", with(usual(), "Content-Type", type), call())->status, 200) << type;
  }
}

TEST_F(HttpDoorTest, a_client_that_takes_nothing_we_send_is_406) {
  expect_refused(send("POST", with(usual(), "Accept", "text/html"), call()), 406, "-32600");
  expect_refused(
      send("GET", {{"Accept", "application/json"}, {"Mcp-Session-Id", "s"}}), 406, "-32600"
  );
  for (const auto* accept :
       {"application/json", "text/event-stream", "*/*", "text/html, */*;q=0.1",
        "application/json;q=0.9, text/event-stream"}) {
    EXPECT_EQ(send("POST", with(usual(), "Accept", accept), call())->status, 200) << accept;
  }
  EXPECT_EQ(send("POST", without(usual(), "Accept"), call())->status, 200);
}

TEST_F(HttpDoorTest, a_protocol_version_that_is_unknown_is_400) {
  for (const auto* version : {"2099-01-01", "1", "DRAFT-2026", "2025-11-25 "}) {
    expect_refused(
        send("POST", with(usual(), "MCP-Protocol-Version", version), call()), 400, "-32600"
    );
    expect_refused(send("GET", with(listening(), "MCP-Protocol-Version", version)), 400, "-32600");
    expect_refused(
        send(
            "POST", with(without(usual(), "Mcp-Session-Id"), "MCP-Protocol-Version", version),
            protocol::make_request("1", "initialize")
        ),
        400, "-32600"
    );
  }
  for (const auto* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", ""}) {
    EXPECT_EQ(send("POST", with(usual(), "MCP-Protocol-Version", version), call())->status, 200);
  }
  EXPECT_EQ(send("POST", without(usual(), "MCP-Protocol-Version"), call())->status, 200);
}

TEST_F(HttpDoorTest, what_is_no_message_is_400_with_the_code_of_json_rpc) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "-32700"},
      {"{", "-32700"},
      {"not json", "-32700"},
      {"\"text\"", "-32600"},
      {"{}", "-32600"},
      {R"({"jsonrpc":"1.0","id":1,"method":"m"})", "-32600"},
      {R"({"jsonrpc":"2.0","id":null,"method":"m"})", "-32600"},
      {std::string(300, '[') + std::string(300, ']'), "-32700"},
  };
  for (const auto& [body, code] : table) {
    const auto exchange = post(body);
    EXPECT_EQ(exchange->status, 400) << body;
    if (!body.starts_with('[')) EXPECT_EQ(error_code(exchange->answer), code) << body;
  }
  EXPECT_TRUE(service_.requests.empty());
  EXPECT_NE(
      post(R"({"jsonrpc":"1.0","id":"x","method":"m"})")->answer.find(R"("id":"x")"),
      std::string::npos
  );
}

TEST_F(HttpDoorTest, json_nested_too_deep_is_refused) {
  options_.json_depth = 10;
  const auto deep = [](int levels) {
    return protocol::make_request(
        "1", "tools/call",
        R"({"a":)" + std::string(static_cast<std::size_t>(levels), '[') +
            std::string(static_cast<std::size_t>(levels), ']') + "}"
    );
  };
  EXPECT_EQ(post(deep(4))->status, 200);
  EXPECT_EQ(post(deep(20))->status, 400);
}

TEST_F(HttpDoorTest, notifications_and_responses_are_202_without_a_body) {
  for (const auto& body :
       {note("hello"), protocol::make_result("\"q\"", "{}"), protocol::make_error("\"q\"", -1, "no")
       }) {
    const auto exchange = post(body);
    EXPECT_EQ(exchange->status, 202);
    EXPECT_EQ(exchange->answer, "");
    EXPECT_EQ(service_.notices.back(), body);
  }
  EXPECT_TRUE(service_.requests.empty());
}

TEST_F(HttpDoorTest, a_request_is_answered_in_json_where_that_is_all) {
  const auto exchange = post();
  EXPECT_EQ(exchange->status, 200);
  EXPECT_FALSE(exchange->streamed);
  EXPECT_EQ(exchange->answer_header("Content-Type"), "application/json");
  EXPECT_EQ(exchange->answer, protocol::make_result("1", "{}"));
  EXPECT_EQ(service_.requests, Messages{call()});
}

TEST_F(HttpDoorTest, delete_ends_the_session) {
  const auto stream = send("GET", listening());
  EXPECT_FALSE(stream->returned);
  const auto exchange = send("DELETE", {{"Mcp-Session-Id", "s"}});
  EXPECT_EQ(exchange->status, 200);
  EXPECT_EQ(service_.ended, Messages{"s"});
  EXPECT_TRUE(stream->returned);
  EXPECT_TRUE(stream->ended);
  EXPECT_EQ(service_.unlistened, 1);
}

TEST_F(HttpDoorTest, requests_in_hand_are_counted) {
  const auto held = hold();
  const auto exchange = post();
  EXPECT_EQ(door().requests_in_flight(), 1u);
  held->go.set();
  turn();
  EXPECT_EQ(door().requests_in_flight(), 0u);
}

// ---- batches (2025-03-26)

TEST_F(HttpDoorTest, a_batch_is_served_in_its_own_revision_only) {
  const std::string batch = "[" + call("1") + "," + note("n") + "," + call("\"b\"") + "]";
  for (const auto version :
       {protocol::Version::v2024_11_05, protocol::Version::v2025_06_18,
        protocol::Version::v2025_11_25}) {
    service_.add("v", version);
    expect_refused(post(batch, "v"), 400, "-32600");
  }
  service_.add("v", protocol::Version::v2025_03_26);
  const auto exchange = post(batch, "v");
  EXPECT_EQ(exchange->status, 200);
  const auto answers = protocol::split_batch(exchange->answer);
  ASSERT_TRUE(answers.has_value()) << exchange->answer;
  EXPECT_EQ(
      *answers, (Messages{protocol::make_result("1", "{}"), protocol::make_result("\"b\"", "{}")})
  );
  EXPECT_EQ(service_.notices, Messages{note("n")});
  EXPECT_EQ(post("[" + note("a") + "," + note("b") + "]", "v")->status, 202);
  EXPECT_EQ(service_.notices.size(), 3u);
}

TEST_F(HttpDoorTest, a_batch_that_is_wrong_in_part_is_refused_whole) {
  service_.add("v", protocol::Version::v2025_03_26);
  std::string many = "[";
  for (int i = 0; i < 101; ++i) many += (i > 0 ? "," : "") + note("n");
  for (const auto& batch :
       {std::string("[]"), std::string("[") + call() + ",{}]", std::string("[") + call() + ",7]",
        "[" + call() + "," + protocol::make_request("2", "initialize") + "]", many + "]",
        "[" + call()}) {
    const auto exchange = post(batch, "v");
    EXPECT_EQ(exchange->status, 400) << batch.substr(0, 80);
    EXPECT_NE(error_code(exchange->answer), "");
  }
  EXPECT_TRUE(service_.requests.empty());
  EXPECT_TRUE(service_.notices.empty());
}

TEST_F(HttpDoorTest, a_batch_needs_a_session) {
  expect_refused(
      send("POST", without(usual(), "Mcp-Session-Id"), "[" + call() + "]"), 400, "-32600"
  );
}

TEST_F(HttpDoorTest, the_requests_of_a_batch_run_at_once_and_what_they_say_is_streamed) {
  service_.add("v", protocol::Version::v2025_03_26);
  io::Event go(worker_.executor(), *timers_);
  service_.handler = [&go](
                         gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                     ) -> awaitable<void> {
    co_await responder->send(note("about " + std::string(request.id())));
    co_await go.wait();
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  };
  const auto exchange = post("[" + call("1") + "," + call("2") + "]", "v");
  EXPECT_EQ(service_.requests.size(), 2u);
  EXPECT_EQ(exchange->messages(), (Messages{note("about 1"), note("about 2")}));
  go.set();
  turn();
  ASSERT_EQ(exchange->messages().size(), 3u);
  EXPECT_EQ(
      exchange->messages()[2],
      "[" + protocol::make_result("1", "{}") + "," + protocol::make_result("2", "{}") + "]"
  );
  EXPECT_TRUE(exchange->ended);
}

// ---- the standalone stream

class ListenTest : public HttpDoorTest {
 protected:
  void say(const std::string& message) {
    service_.outboxes.at("key-s")(message);
    turn();
  }
};

TEST_F(ListenTest, what_belongs_to_no_request_is_said_on_the_stream) {
  const auto stream = send("GET", listening());
  EXPECT_EQ(stream->status, 200);
  EXPECT_EQ(stream->answer_header("Content-Type"), "text/event-stream");
  EXPECT_EQ(stream->answer_header("Cache-Control"), "no-cache");
  EXPECT_FALSE(stream->answer.empty());
  say(note("a"));
  say(note("b"));
  EXPECT_EQ(stream->messages(), (Messages{note("a"), note("b")}));
  EXPECT_FALSE(stream->returned);
}

TEST_F(ListenTest, a_quiet_stream_is_kept_alive_by_comments) {
  const auto stream = send("GET", listening());
  const auto before = stream->answer;
  advance(14s);
  EXPECT_EQ(stream->answer, before);
  advance(1s);
  EXPECT_EQ(stream->answer, before + ": keep-alive\n\n");
  advance(30s);
  EXPECT_EQ(stream->answer, before + ": keep-alive\n\n: keep-alive\n\n: keep-alive\n\n");
  EXPECT_TRUE(stream->messages().empty());
}

TEST_F(ListenTest, a_later_stream_takes_over) {
  const auto former = send("GET", listening());
  const auto stream = send("GET", listening());
  say(note("a"));
  EXPECT_TRUE(former->messages().empty());
  EXPECT_EQ(stream->messages(), Messages{note("a")});
  EXPECT_EQ(service_.unlistened, 0);
}

TEST_F(ListenTest, what_was_missed_is_said_to_who_comes_back) {
  const auto stream = send("GET", listening());
  say(note("a"));
  say(note("b"));
  const auto id = stream->last_event_id();
  stream->peer_leaves();
  turn();
  EXPECT_TRUE(stream->returned);
  say(note("c"));
  const auto again = send("GET", listening("s", id));
  say(note("d"));
  EXPECT_EQ(again->messages(), (Messages{note("c"), note("d")}));
  EXPECT_EQ(service_.unlistened, 0);
}

TEST_F(ListenTest, what_was_written_but_perhaps_not_read_is_said_again) {
  const auto stream = send("GET", listening());
  say(note("a"));
  const auto first = stream->last_event_id();
  say(note("b"));
  const auto again = send("GET", listening("s", first));
  EXPECT_EQ(again->messages(), Messages{note("b")});
  // The former reader is superseded.
  EXPECT_TRUE(stream->returned);
}

TEST_F(ListenTest, who_stays_away_is_given_up) {
  const auto stream = send("GET", listening());
  say(note("a"));
  const auto id = stream->last_event_id();
  stream->peer_leaves();
  advance(6min);
  service_.add("other");
  const auto sweep = send("GET", listening("other"));
  EXPECT_EQ(service_.unlistened, 1);
  // A stream that is forgotten starts anew.
  const auto again = send("GET", listening("s", id));
  EXPECT_TRUE(again->messages().empty());
  say(note("b"));
  EXPECT_EQ(again->messages(), Messages{note("b")});
}

TEST_F(ListenTest, ids_of_nobody_start_anew) {
  for (const auto* id :
       {"garbage", "OTHER.0.1..5", "BOOT.0.999..5", "BOOT.7.1..5", "....", "x\ny"}) {
    const auto stream = send("GET", listening("s", id));
    EXPECT_EQ(stream->status, 200) << id;
    say(note("hello"));
    EXPECT_EQ(stream->messages(), Messages{note("hello")}) << id;
  }
}

TEST_F(ListenTest, the_stream_of_another_session_is_not_to_be_had) {
  service_.add("thief");
  const auto stream = send("GET", listening());
  say(note("secret"));
  say(note("secret too"));
  auto id = *EventId::parse(stream->last_event_id());
  id.seq = 0;
  const auto stolen = send("GET", listening("thief", id.text()));
  EXPECT_TRUE(stolen->messages().empty());
  say(note("more"));
  EXPECT_TRUE(stolen->messages().empty());
  EXPECT_EQ(stream->messages().size(), 3u);
}

TEST_F(ListenTest, stop_ends_the_stream_properly) {
  const auto stream = send("GET", listening());
  run(door().stop());
  EXPECT_TRUE(stream->returned);
  EXPECT_TRUE(stream->ended);
}

TEST_F(ListenTest, a_door_that_never_streams_says_so) {
  options_.json_only = true;
  const auto exchange = send("GET", listening());
  EXPECT_EQ(exchange->status, 405);
  EXPECT_EQ(exchange->answer_header("Allow"), "POST, DELETE");
}

TEST_F(ListenTest, a_reader_that_is_slow_gets_everything_in_order) {
  auto slow = std::make_shared<FakeExchange>("GET", listening(), "");
  slow->writable = std::make_unique<io::Event>(worker_.executor(), *timers_);
  serve(slow);
  for (int i = 0; i < 20; ++i) say(note(std::to_string(i)));
  slow->writable->set();
  turn();
  ASSERT_EQ(slow->messages().size(), 20u);
  EXPECT_EQ(slow->messages()[19], note("19"));
}

}  // namespace
}  // namespace mooring::server
