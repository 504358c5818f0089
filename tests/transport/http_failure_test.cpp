#include "http_test.hpp"

namespace mooring::transport {
namespace {

using recovery::Delivery;
using recovery::Failure;
using recovery::Stage;

class HttpFailureTest : public HttpTest {
 protected:
  /// One request with a session; what came of it.
  awaitable<Outcome> call(std::shared_ptr<const SessionHeaders> with = session()) {
    auto request = make_call("1");
    request.session = std::move(with);
    return channel->request(std::move(request), sink);
  }
  awaitable<Failure> failing(std::shared_ptr<const SessionHeaders> with = session()) {
    auto outcome = co_await call(std::move(with));
    EXPECT_TRUE(outcome.failure.has_value());
    EXPECT_FALSE(outcome.response.has_value());
    co_return std::move(outcome.failure).value_or(Failure{});
  }
};

const std::string not_found =
    R"({"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}})";

TEST_F(HttpFailureTest, status_404_with_our_session_is_told_as_it_came) {
  server.reply(404, {{"Content-Type", "application/json"}}, not_found);
  server.reply(404, {{"Content-Type", "text/plain"}}, "session not found\n");
  server.reply(404);
  run([&]() -> awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const auto failure = co_await failing();
      EXPECT_EQ(failure.http_status, 404);
      EXPECT_EQ(failure.delivery, Delivery::unknown) << i;
      EXPECT_TRUE(failure.sent_session_id);
      EXPECT_EQ(failure.method, "tools/call");
      if (i == 0) EXPECT_EQ(failure.body, not_found);
    }
  });
}

TEST_F(HttpFailureTest, status_404_with_our_id_and_a_session_code_stays_a_failure) {
  server.reply(
      404, {}, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"Session not found"}})"
  );
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.http_status, 404);
    EXPECT_EQ(failure.delivery, Delivery::unknown);
  });
}

TEST_F(HttpFailureTest, status_404_with_our_id_and_an_answer_code_is_left_to_the_rules) {
  const std::string answer =
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no such method"}})";
  server.reply(404, {}, answer);
  run([&]() -> awaitable<void> { EXPECT_EQ((co_await failing()).body, answer); });
}

TEST_F(HttpFailureTest, status_404_without_a_session_is_not_refused) {
  server.reply(404, {}, "nothing here");
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing(nullptr);
    EXPECT_EQ(failure.http_status, 404);
    EXPECT_FALSE(failure.sent_session_id);
    EXPECT_EQ(failure.delivery, Delivery::unknown);
  });
}

TEST_F(HttpFailureTest, status_401_is_evidence_even_with_our_id) {
  server.reply(
      401, {{"WWW-Authenticate", "Bearer realm=\"x\""}},
      R"({"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"Unauthorized"}})"
  );
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.http_status, 401);
    bool challenged = false;
    for (const auto& [name, value] : failure.headers) {
      if (name.size() == 16 && value == "Bearer realm=\"x\"") challenged = true;
    }
    EXPECT_TRUE(challenged);
  });
}

TEST_F(HttpFailureTest, status_500_is_told_with_its_body_whatever_that_is) {
  const std::string own = R"({"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"boom"}})";
  for (const auto& body : {own, std::string("oops")}) {
    server.reply(500, {}, body);
    run([&]() -> awaitable<void> {
      const auto failure = co_await failing();
      EXPECT_EQ(failure.http_status, 500);
      EXPECT_EQ(failure.body, body);
      EXPECT_EQ(failure.delivery, Delivery::unknown);
    });
  }
}

TEST_F(HttpFailureTest, HTTP_03_html_is_named_with_its_first_bytes) {
  server.reply(
      200, {{"Content-Type", "text/html; charset=utf-8"}}, "<!doctype html>\n<html>hi</html>"
  );
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing(nullptr);
    EXPECT_EQ(
        failure.error, "not an MCP endpoint: answered text/html: <!doctype html> <html>hi</html>"
    );
    EXPECT_EQ(failure.http_status, 200);
  });
}

TEST_F(HttpFailureTest, answers_without_a_response_in_them) {
  server.reply(202);
  server.json(R"({"jsonrpc":"2.0","id":99,"result":{}})");
  server.events(event(R"({"error":"Session not found"})"));
  run([&]() -> awaitable<void> {
    const auto empty = co_await failing();
    EXPECT_EQ(empty.http_status, 202);
    EXPECT_EQ(empty.delivery, Delivery::unknown);
    EXPECT_NE(
        (co_await failing()).error.find("without a response to the request"), std::string::npos
    );
    const auto said = co_await failing();
    EXPECT_EQ(said.body, R"({"error":"Session not found"})");
    EXPECT_EQ(said.stage, Stage::body);
  });
}

TEST_F(HttpFailureTest, error_bodies_are_kept_to_64_kib) {
  server.reply(502, {}, std::string(200'000, 'e'));
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.http_status, 502);
    EXPECT_EQ(failure.body.size(), 65536U);
  });
}

TEST_F(HttpFailureTest, nobody_listens_there) {
  config.url = "http://127.0.0.1:1/mcp";
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.delivery, Delivery::not_sent);
    EXPECT_EQ(failure.stage, Stage::connect);
    EXPECT_FALSE(failure.http_status);
  });
}

TEST_F(HttpFailureTest, an_url_that_is_none_fails_each_call) {
  config.url = "ftp://x";
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.delivery, Delivery::not_sent);
    EXPECT_FALSE(failure.error.empty());
  });
}

TEST_F(HttpFailureTest, closed_after_the_request_was_read) {
  // Leaving a stream without its end cuts the connection; before a status was sent the handler's
  // absence is a 500.
  server.then([](io::HttpExchange& exchange) -> awaitable<void> {
    const std::vector<io::HeaderField> headers = {{"Content-Type", "application/json"}};
    co_await exchange.begin_stream(200, headers);
    co_await exchange.write(R"({"jsonrpc":"2.0",)");
  });
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.delivery, Delivery::unknown);
    EXPECT_EQ(failure.stage, Stage::body);
    EXPECT_TRUE(failure.response_begun);
  });
}

TEST_F(HttpFailureTest, the_caller_gives_up) {
  io::Event over(worker.executor(), clock);
  server.then([&](io::HttpExchange&) -> awaitable<void> { co_await over.wait(); });
  run([&]() -> awaitable<void> {
    io::AbortSource abort;
    io::TaskGroup tasks(worker.executor());
    std::optional<Failure> failure;
    auto give_up = [&]() -> awaitable<void> {
      auto request = make_call("1");
      request.abort = &abort;
      auto outcome = co_await channel->request(std::move(request), sink);
      failure = std::move(outcome.failure);
    };
    tasks.spawn(give_up());
    while (server.seen.empty()) co_await server.arrived.wait();
    abort.abort();
    co_await tasks.join();
    over.set();
    CO_ASSERT(failure.has_value());
    EXPECT_TRUE(failure->aborted);
    EXPECT_EQ(failure->delivery, Delivery::unknown);
  });
}

TEST_F(HttpFailureTest, HTTP_02b_body_over_the_limit_and_the_next_call_is_fine) {
  config.buffer_bytes = 10'000;
  server.json(R"({"jsonrpc":"2.0","id":1,"result":{"t":")" + std::string(50'000, 'x') + R"("}})");
  server.json(ok_1);
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.error, "the answer is over limits.buffer_bytes (10000 bytes)");
    EXPECT_EQ(failure.delivery, Delivery::unknown);
    EXPECT_TRUE((co_await call()).response.has_value());
  });
}

TEST_F(HttpFailureTest, HTTP_02b_event_over_the_limit_and_the_next_call_is_fine) {
  config.buffer_bytes = 10'000;
  server.events(event(
      R"({"jsonrpc":"2.0","id":1,"result":{"t":")" + std::string(50'000, 'x') + R"("}})", "e1"
  ));
  server.json(ok_1);
  run([&]() -> awaitable<void> {
    const auto failure = co_await failing();
    EXPECT_EQ(failure.error, "an event is over limits.buffer_bytes (10000 bytes)");
    EXPECT_TRUE((co_await call()).response.has_value());
  });
}

TEST_F(HttpFailureTest, notice_refused) {
  server.reply(404, {}, not_found);
  server.json(
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"Invalid or expired session"}})"
  );
  run([&]() -> awaitable<void> {
    const std::string notice = R"({"jsonrpc":"2.0","method":"notifications/initialized"})";
    const auto refused = co_await channel->notify(notice, session());
    CO_ASSERT(refused.has_value());
    EXPECT_EQ(refused->http_status, 404);
    EXPECT_EQ(refused->method, "notifications/initialized");
    EXPECT_EQ(refused->delivery, Delivery::unknown);
    const auto denied = co_await channel->notify(notice, session());
    CO_ASSERT(denied.has_value());
    EXPECT_EQ(denied->http_status, 200);
  });
}

}  // namespace
}  // namespace mooring::transport
