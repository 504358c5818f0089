// The rules of HTTP+SSE at the door: what opens a stream, what may be posted, and by whom.
#include "sse_fixture.hpp"

namespace mooring::server {
namespace {

class SseDoorRules : public SseDoorTest {
 protected:
  void expect_refused(const ExchangePtr& exchange, int status, std::string_view code = "-32600") {
    EXPECT_TRUE(exchange->returned);
    EXPECT_EQ(exchange->status, status) << exchange->answer;
    EXPECT_EQ(exchange->answer_header("Content-Type"), "application/json");
    EXPECT_EQ(error_code(exchange->answer), code) << exchange->answer;
    EXPECT_TRUE(service_.requests.empty());
    EXPECT_TRUE(service_.notices.empty());
  }
};

TEST_F(SseDoorRules, a_stream_begins_with_the_uri_to_post_to) {
  const auto stream = get();
  EXPECT_EQ(stream->status, 200);
  EXPECT_EQ(stream->answer_header("Content-Type"), "text/event-stream");
  EXPECT_EQ(stream->answer_header("Cache-Control"), "no-cache");
  EXPECT_FALSE(stream->returned);
  const auto events = stream->events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].event, "endpoint");
  EXPECT_TRUE(events[0].data.starts_with("/message?sessionId=0.")) << events[0].data;
  // 24 random bytes: nobody guesses it, and no two are alike.
  EXPECT_EQ(query_of(*stream).size(), std::string_view("sessionId=0.").size() + 32);
  EXPECT_NE(query_of(*stream), query_of(*get()));
}

TEST_F(SseDoorRules, initialize_is_acknowledged_and_answered_on_the_stream) {
  const auto stream = open();
  EXPECT_TRUE(stream->answer.ends_with("event: message\ndata: " + opened() + "\n\n"));
  EXPECT_EQ(service_.outboxes.size(), 1u);
  // The id that Streamable HTTP would carry on with is nothing to this transport.
  EXPECT_FALSE(stream->answer.contains("new-1"));
}

TEST_F(SseDoorRules, ping_needs_no_session_and_other_messages_without_one_are_nobodys) {
  const auto stream = get();
  say(stream, protocol::make_request("8", "ping"));
  say(stream, note("early"));
  say(stream, protocol::make_result("9", "{}"));
  EXPECT_EQ(said(*stream), Messages{result("8")});
  EXPECT_TRUE(service_.initializes.empty());
  EXPECT_TRUE(service_.notices.empty());
}

TEST_F(SseDoorRules, a_client_that_comes_back_without_initialize_is_served) {
  // As the EventSource of the TypeScript SDK does: it names the revision, and nothing else.
  const auto stream =
      get("git", "ann", "GET",
          {{"Accept", "text/event-stream"}, {"MCP-Protocol-Version", "2025-06-18"}});
  const auto query = query_of(*stream);
  EXPECT_EQ(post_to(query, call("7"), 1, "ann")->status, 202);
  EXPECT_EQ(post_to(query, call("8"), 0, "ann")->status, 202);
  EXPECT_EQ(said(*stream), (Messages{result("7"), result("8")}));
  EXPECT_EQ(service_.requests, (Messages{call("7"), call("8")}));
  ASSERT_EQ(service_.initializes.size(), 1u);
  EXPECT_TRUE(service_.initializes[0].contains(R"("protocolVersion":"2025-06-18")"));
  EXPECT_EQ(service_.sessions.at("new-1")->principal, "ann");
  service_.outboxes.begin()->second(note("unasked"));
  settle();
  EXPECT_EQ(said(*stream).back(), note("unasked"));
}

TEST_F(SseDoorRules, a_client_that_comes_back_and_names_no_revision_has_the_one_of_this_transport) {
  say(get(), call());
  ASSERT_EQ(service_.initializes.size(), 1u);
  EXPECT_TRUE(service_.initializes[0].contains(R"("protocolVersion":"2024-11-05")"));
}

TEST_F(SseDoorRules, initialize_that_is_refused_can_be_tried_again) {
  service_.refuse = true;
  const auto stream = get();
  say(stream, initialize());
  EXPECT_EQ(error_code(said(*stream).at(0)), "-32602");
  service_.refuse = false;
  say(stream, initialize());
  EXPECT_EQ(said(*stream).at(1), opened());
  // A second one is for what stands behind the door to refuse.
  say(stream, initialize());
  EXPECT_EQ(service_.requests, Messages{initialize()});
}

TEST_F(SseDoorRules, a_stream_belongs_to_its_endpoint) {
  open("git", "ann");
  const auto& session = service_.sessions.at("new-1");
  EXPECT_EQ(session->endpoint, "git");
  EXPECT_EQ(session->principal, "ann");
}

TEST_F(SseDoorRules, a_session_that_is_missing_is_400_and_one_that_is_unknown_404) {
  const auto query = query_of(*open());
  for (const auto* missing : {"", "session=1", "sessionId", "sessionId=", "xsessionId=1"}) {
    expect_refused(post_to(missing, call()), 400);
  }
  const auto id = query.substr(query.find('=') + 1);
  for (const auto& unknown :
       {std::string("1"), std::string("0."), std::string("x"), std::string("-1.x"),
        std::string("2.") + id.substr(2), std::string("1.") + id.substr(2), id + "x",
        id.substr(0, id.size() - 1), std::string("99999999999999999999.x"), "00" + id}) {
    expect_refused(post_to("sessionId=" + unknown, call()), 404);
  }
  EXPECT_EQ(post_to("a=b&" + query + "&c=d", call())->status, 202);
}

TEST_F(SseDoorRules, a_session_is_not_there_for_another_bearer) {
  const auto stream = open("", "ann");
  for (const unsigned worker : {0U, 1U}) {
    expect_refused(post_to(query_of(*stream), call(), worker, "bob"), 404);
    expect_refused(post_to(query_of(*stream), call(), worker, ""), 404);
  }
  EXPECT_EQ(post_to(query_of(*stream), call(), 1, "ann")->status, 202);
  EXPECT_EQ(said(*stream).back(), result("1"));
}

TEST_F(SseDoorRules, the_body_must_be_declared_as_json_and_be_one_message) {
  const auto query = query_of(*open());
  for (const auto* type : {"", "text/plain", "application/jsonp"}) {
    expect_refused(post_to(query, call(), 0, "", {{"Content-Type", type}}), 415);
  }
  expect_refused(post_to(query, "{"), 400, "-32700");
  expect_refused(post_to(query, ""), 400, "-32700");
  expect_refused(post_to(query, R"({"jsonrpc":"2.0","id":1})"), 400);
  const auto deep = std::string(300, '[') + std::string(300, ']');
  expect_refused(
      post_to(query, protocol::make_request("1", "tools/call", R"({"x":)" + deep + "}")), 400,
      "-32700"
  );
  const auto batch = post_to(query, " [" + call() + "]");
  expect_refused(batch, 400);
  EXPECT_TRUE(batch->answer.contains("no batches")) << batch->answer;
  const Headers spelled = {{"Content-Type", "Application/JSON; charset=utf-8"}};
  EXPECT_EQ(post_to(query, call(), 0, "", spelled)->status, 202);
}

TEST_F(SseDoorRules, other_methods_are_405_and_told_what_is_allowed) {
  const auto query = query_of(*open());
  for (const auto* method : {"POST", "PUT", "DELETE", "HEAD", "OPTIONS", ""}) {
    const auto exchange = get("", "", method);
    expect_refused(exchange, 405);
    EXPECT_EQ(exchange->answer_header("Allow"), "GET");
  }
  for (const auto* method : {"GET", "PUT", "DELETE", "HEAD", "OPTIONS", ""}) {
    const auto exchange =
        post_to(query, call(), 0, "", {{"Content-Type", "application/json"}}, method);
    expect_refused(exchange, 405);
    EXPECT_EQ(exchange->answer_header("Allow"), "POST");
  }
}

TEST_F(SseDoorRules, a_server_that_is_not_there_is_404_for_every_method) {
  for (const auto* method : {"GET", "POST", "PUT"}) {
    const auto exchange = get("nobody", "", method);
    expect_refused(exchange, 404);
    EXPECT_TRUE(exchange->answer.contains("nobody"));
  }
}

TEST_F(SseDoorRules, a_client_that_takes_no_event_stream_is_406) {
  expect_refused(get("", "", "GET", {{"Accept", "application/json"}}), 406);
  EXPECT_EQ(get("", "", "GET", {})->status, 200);
  EXPECT_EQ(get("", "", "GET", {{"Accept", "text/html, */*;q=0.1"}})->status, 200);
}

TEST_F(SseDoorRules, messages_that_are_posted_on_another_worker_find_the_stream) {
  const auto stream = open();
  const auto query = query_of(*stream);
  EXPECT_EQ(post_to(query, call("5"), 1)->status, 202);
  EXPECT_EQ(post_to(query, note("elsewhere"), 1)->status, 202);
  EXPECT_EQ(said(*stream).back(), result("5"));
  EXPECT_EQ(service_.notices, Messages{note("elsewhere")});
  stream->peer_leaves();
  settle();
  EXPECT_EQ(post_to(query, call("6"), 1)->status, 404);
}

}  // namespace
}  // namespace mooring::server
