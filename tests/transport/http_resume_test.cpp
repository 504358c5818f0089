#include "http_test.hpp"

namespace mooring::transport {
namespace {

using recovery::Delivery;
using recovery::Failure;
using std::chrono::milliseconds;

const std::string note = R"({"jsonrpc":"2.0","method":"notifications/message","params":{"n":1}})";

class HttpResume : public HttpTest {
 protected:
  /// Starts one call; `settle` waits for it.
  void begin_call(io::AbortSource* abort = nullptr) { tasks.spawn(call(abort)); }
  awaitable<void> settle() { return tasks.join(); }
  awaitable<void> call(io::AbortSource* abort) {
    auto request = make_call("1");
    request.session = session("s-9");
    request.abort = abort;
    outcome = co_await channel->request(std::move(request), sink);
  }

  io::TaskGroup tasks{worker.executor()};
  Outcome outcome;
};

TEST_F(HttpResume, a_cut_stream_is_resumed_after_exactly_the_servers_delay) {
  server.events("retry: 470\n" + event(note, "e-1"), true);
  server.events(event(ok_1, "e-2"));
  run([&]() -> awaitable<void> {
    begin_call();
    co_await pass(milliseconds(470));
    co_await settle();
    CO_ASSERT(outcome.response.has_value());
    EXPECT_EQ(outcome.response->bytes(), ok_1);
    EXPECT_EQ(sink.messages, std::vector<std::string>{note});
    CO_ASSERT(server.seen.size() == 2);
    auto& resumed = server.seen[1];
    EXPECT_EQ(resumed.method, "GET");
    EXPECT_EQ(resumed.headers["last-event-id"], "e-1");
    EXPECT_EQ(resumed.headers["mcp-session-id"], "s-9");
    EXPECT_EQ(resumed.headers["accept"], "text/event-stream");
    EXPECT_EQ(resumed.at - server.seen[0].at, milliseconds(470));
  });
}

TEST_F(HttpResume, a_graceful_close_after_priming_is_polled) {
  server.events("id: p-1\nretry: 230\ndata:\n\n");
  server.events("id: p-2\ndata:\n\n");
  server.events(event(ok_1));
  run([&]() -> awaitable<void> {
    begin_call();
    co_await pass(milliseconds(230));
    while (server.seen.size() < 2) co_await server.arrived.wait();
    co_await pass(milliseconds(230));
    co_await settle();
    EXPECT_TRUE(outcome.response.has_value());
    CO_ASSERT(server.seen.size() == 3);
    EXPECT_EQ(server.seen[1].headers["last-event-id"], "p-1");
    EXPECT_EQ(server.seen[2].headers["last-event-id"], "p-2");
  });
}

TEST_F(HttpResume, one_second_where_the_server_names_no_delay) {
  server.events(event(note, "e-1"), true);
  server.events(event(ok_1));
  run([&]() -> awaitable<void> {
    begin_call();
    co_await pass(milliseconds(1000));
    co_await settle();
    EXPECT_TRUE(outcome.response.has_value());
  });
}

TEST_F(HttpResume, without_an_event_id_the_outcome_is_unknown_at_once) {
  server.events(event(note), true);
  server.events(event(note));
  run([&]() -> awaitable<void> {
    for (int i = 0; i < 2; ++i) {
      co_await call(nullptr);
      CO_ASSERT(outcome.failure.has_value());
      EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
      EXPECT_TRUE(outcome.failure->response_begun);
      EXPECT_TRUE(outcome.failure->sent_session_id);
    }
    EXPECT_EQ(outcome.failure->error, "the event stream ended before the response");
    EXPECT_EQ(server.seen.size(), 2U);
  });
}

TEST_F(HttpResume, an_event_id_taken_back_is_not_resumed) {
  server.events(event(note, "e-1") + "id:\ndata:\n\n", true);
  run([&]() -> awaitable<void> {
    co_await call(nullptr);
    EXPECT_TRUE(outcome.failure.has_value());
    EXPECT_EQ(server.seen.size(), 1U);
  });
}

/// 2026-07-28 "Transports": nothing is resumed there, whatever ids its events carry.
TEST_F(HttpResume, a_cut_stream_of_the_modern_era_is_not_resumed) {
  server.events("retry: 10\n" + event(note, "e-1"), true);
  run([&]() -> awaitable<void> {
    auto request = make_call("1");
    request.session = std::make_shared<const SessionHeaders>(SessionHeaders{{}, "2026-07-28"});
    outcome = co_await channel->request(std::move(request), sink);
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
    EXPECT_TRUE(outcome.failure->response_begun);
    EXPECT_EQ(sink.messages, std::vector<std::string>{note});
    EXPECT_EQ(server.seen.size(), 1U);
  });
}

TEST_F(HttpResume, a_refused_resume_is_final) {
  server.events("retry: 10\n" + event(note, "e-1"), true);
  server.reply(400, {}, "unknown event id");
  run([&]() -> awaitable<void> {
    begin_call();
    co_await pass(milliseconds(10));
    co_await settle();
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->error, "could not resume: HTTP 400");
    EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
    EXPECT_TRUE(outcome.failure->response_begun);
    EXPECT_EQ(server.seen.size(), 2U);
  });
}

TEST_F(HttpResume, five_fruitless_resumes_are_enough) {
  server.events("retry: 10\n" + event(note, "e-1"), true);
  for (int i = 0; i < 3; ++i) server.events("");
  for (int i = 0; i < 2; ++i) server.reply(503);
  run([&]() -> awaitable<void> {
    begin_call();
    for (int i = 0; i < 5; ++i) {
      co_await pass(milliseconds(10));
      while (server.seen.size() < static_cast<std::size_t>(i) + 2) co_await server.arrived.wait();
    }
    co_await settle();
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
    EXPECT_EQ(server.seen.size(), 6U);
  });
}

TEST_F(HttpResume, giving_up_while_waiting_ends_it) {
  server.events("retry: 60000\n" + event(note, "e-1"), true);
  run([&]() -> awaitable<void> {
    io::AbortSource abort;
    begin_call(&abort);
    while (sink.messages.empty()) co_await sink.arrived.wait();
    for (int i = 0; i < 20; ++i) co_await yield_once();
    abort.abort();
    co_await settle();
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_TRUE(outcome.failure->aborted);
    EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
    EXPECT_EQ(server.seen.size(), 1U);
  });
}

}  // namespace
}  // namespace mooring::transport
