#include "stdio_test.hpp"

namespace mooring::transport {
namespace {

using recovery::Delivery;

class Stdio : public StdioTest {};

TEST_F(Stdio, one_call) {
  run([&]() -> awaitable<void> {
    auto outcome = co_await call("1", "echo");
    CO_ASSERT(outcome.response.has_value());
    EXPECT_EQ(outcome.response->result(), R"({"ok":true})");
    EXPECT_GT(channel->pid(), 0);
  });
}

TEST_F(Stdio, REC_14_concurrent_calls_are_matched_by_id) {
  run([&]() -> awaitable<void> {
    auto first = start(make_call("1", "hold"));
    auto second = start(make_call("\"two\"", "hold"));
    for (int i = 0; i < 3; ++i) co_await yield_once();
    co_await call("3", "release");
    co_await first->done.wait();
    co_await second->done.wait();
    CO_ASSERT(first->outcome.response && second->outcome.response);
    EXPECT_EQ(first->outcome.response->result(), R"({"held":1})");
    EXPECT_EQ(second->outcome.response->result(), R"({"held":"two"})");
  });
}

TEST_F(Stdio, messages_with_line_breaks_are_one_line_on_the_wire) {
  run([&]() -> awaitable<void> {
    auto request = make_call("1", "echo");
    request.bytes = "{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\n  \"method\": \"echo\"\n}\n";
    const auto outcome = co_await channel->request(std::move(request), sink);
    EXPECT_TRUE(outcome.response.has_value());
  });
}

TEST_F(Stdio, STD_05_noise_on_stdout_is_ignored_and_kept_as_evidence) {
  run([&]() -> awaitable<void> {
    EXPECT_EQ(channel->first_noise(), "");
    EXPECT_TRUE((co_await call("1", "noise")).response.has_value());
    EXPECT_EQ(channel->first_noise(), "Server starting on stdio");
    EXPECT_EQ(channel->noise_lines(), 3U);
  });
}

TEST_F(Stdio, batches_are_taken_apart) {
  run([&]() -> awaitable<void> {
    auto request = make_call("1", "batch");
    request.from_client = true;
    const auto outcome = co_await channel->request(std::move(request), sink);
    EXPECT_TRUE(outcome.response.has_value());
    EXPECT_EQ(sink.methods, std::vector<std::string>{"notifications/message"});
  });
}

TEST_F(Stdio, progress_goes_to_the_call_whose_token_it_names) {
  run([&]() -> awaitable<void> {
    auto other = make_call("1", "hold");
    other.from_client = true;
    auto held = start(std::move(other));
    auto request = make_call("2", "progress");
    request.bytes =
        protocol::make_request("2", "progress", R"({"steps":3,"_meta":{"progressToken":"t"}})");
    request.progress_token = "\"t\"";
    const auto outcome = co_await channel->request(std::move(request), sink);
    EXPECT_TRUE(outcome.response.has_value());
    EXPECT_EQ(sink.methods, std::vector<std::string>(3, "notifications/progress"));
    EXPECT_TRUE(held->sink.methods.empty());
    co_await call("3", "release");
    co_await held->done.wait();
  });
}

TEST_F(Stdio, a_server_request_belongs_to_the_only_clients_call) {
  run([&]() -> awaitable<void> {
    auto own = start(make_call("1", "hold"));  // one of our own does not count
    auto request = make_call("2", "ask");
    request.from_client = true;
    sink.on_message = [&](const protocol::Frame& frame) -> awaitable<void> {
      const auto reply = protocol::make_result(frame.id(), R"({"role":"assistant"})");
      EXPECT_FALSE(co_await channel->notify(reply, nullptr));
    };
    auto outcome = co_await channel->request(std::move(request), sink);
    EXPECT_EQ(sink.methods, std::vector<std::string>{"sampling/createMessage"});
    EXPECT_TRUE(outcome.response.has_value());
    co_await call("3", "release");
    co_await own->done.wait();
  });
}

TEST_F(Stdio, with_two_clients_calls_a_server_request_goes_to_the_listener) {
  run([&]() -> awaitable<void> {
    io::AbortSource abort;
    RecordingSink heard(worker);
    heard.on_message = [&](const protocol::Frame& frame) -> awaitable<void> {
      co_await channel->notify(protocol::make_result(frame.id(), "{}"), nullptr);
    };
    auto listen = [&]() -> awaitable<void> { co_await channel->listen(nullptr, {}, heard, abort); };
    tasks.spawn(listen());
    auto first = make_call("1", "hold");
    first.from_client = true;
    auto held = start(std::move(first));
    auto second = make_call("2", "ask");
    second.from_client = true;
    const auto outcome = co_await channel->request(std::move(second), sink);
    EXPECT_TRUE(outcome.response.has_value());
    EXPECT_EQ(heard.methods, std::vector<std::string>{"sampling/createMessage"});
    EXPECT_TRUE(sink.methods.empty());
    EXPECT_TRUE(held->sink.methods.empty());
    abort.abort();
    co_await call("3", "release");
    co_await held->done.wait();
  });
}

TEST_F(Stdio, changes_go_to_the_listener_even_with_one_call_in_flight) {
  run([&]() -> awaitable<void> {
    auto request = make_call("1", "changed");
    request.from_client = true;
    co_await channel->request(std::move(request), sink);
    EXPECT_TRUE(sink.methods.empty());
    // It came before anybody listened, and waited.
    io::AbortSource abort;
    RecordingSink heard(worker);
    heard.on_message = [&](const protocol::Frame&) -> awaitable<void> {
      abort.abort();
      co_return;
    };
    const auto end = co_await channel->listen(nullptr, {}, heard, abort);
    EXPECT_EQ(heard.methods, std::vector<std::string>{"notifications/tools/list_changed"});
    EXPECT_TRUE(end.failure && end.failure->aborted);
  });
}

TEST_F(Stdio, what_comes_for_a_call_that_was_given_up_is_ignored) {
  run([&]() -> awaitable<void> {
    io::AbortSource abort;
    auto request = make_call("1", "hold");
    request.abort = &abort;
    auto given_up = start(std::move(request));
    co_await call("2", "echo");
    abort.abort();
    co_await given_up->done.wait();
    CO_ASSERT(given_up->outcome.failure.has_value());
    EXPECT_TRUE(given_up->outcome.failure->aborted);
    EXPECT_EQ(given_up->outcome.failure->delivery, Delivery::unknown);
    EXPECT_TRUE((co_await call("3", "release")).response.has_value());
    EXPECT_EQ(channel->noise_lines(), 0U);
  });
}

TEST_F(Stdio, HTTP_02b_line_over_the_limit_fails_its_call_alone) {
  config.buffer_bytes = 20'000;
  run([&]() -> awaitable<void> {
    auto other = start(make_call("77", "hold"));
    const auto outcome = co_await call("2", "big", R"({"bytes":100000})");
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->error, "the answer is over limits.buffer_bytes (20000 bytes)");
    EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
    EXPECT_TRUE((co_await call("3", "big", R"({"bytes":1000})")).response.has_value());
    co_await call("4", "release");
    co_await other->done.wait();
    EXPECT_TRUE(other->outcome.response.has_value());
  });
}

TEST_F(Stdio, STD_01_the_child_sees_the_filtered_environment) {
  ::setenv("OPENAI_API_KEY", "sk-secret", 1);
  ::setenv("HTTPS_PROXY", "http://u:p@proxy.invalid:1", 1);
  config.env = {{"A", "from-b"}, {"C", "${UNSET}"}};
  config.pass_env = {"HTTPS_PROXY"};
  run([&]() -> awaitable<void> {
    auto outcome = co_await call("1", "env");
    CO_ASSERT(outcome.response.has_value());
    const std::string env(outcome.response->result());
    EXPECT_EQ(env.find("OPENAI_API_KEY"), std::string::npos);
    EXPECT_NE(env.find("\"PATH="), std::string::npos);
    EXPECT_NE(env.find("\"A=from-b\""), std::string::npos);
    EXPECT_NE(env.find("\"C=${UNSET}\""), std::string::npos);
    EXPECT_NE(env.find("\"HTTPS_PROXY=http://u:p@proxy.invalid:1\""), std::string::npos);
  });
  ::unsetenv("OPENAI_API_KEY");
  ::unsetenv("HTTPS_PROXY");
}

TEST_F(Stdio, calls_from_another_worker_get_everything_on_their_own_thread) {
  io::Worker away(1);
  away.start();
  run([&]() -> awaitable<void> {
    auto elsewhere = [&](int base) -> awaitable<void> {
      for (int i = 0; i < 50; ++i) {
        const auto id = std::to_string(base + i);
        RecordingSink own(away);
        own.on_message = [&](const protocol::Frame&) -> awaitable<void> {
          EXPECT_TRUE(away.on_this_thread());
          co_return;
        };
        OutgoingRequest request;
        request.bytes = protocol::make_request(
            id, "progress", fmt::format(R"({{"steps":3,"_meta":{{"progressToken":{}}}}})", id)
        );
        request.id = id;
        request.method = "progress";
        request.progress_token = id;
        const auto outcome = co_await channel->request(std::move(request), own);
        EXPECT_TRUE(away.on_this_thread());
        EXPECT_TRUE(outcome.response && outcome.response->id() == id);
        EXPECT_EQ(own.messages.size(), 3U);
      }
      const auto failure =
          co_await channel->notify(R"({"jsonrpc":"2.0","method":"notifications/x"})", nullptr);
      EXPECT_FALSE(failure);
      EXPECT_TRUE(away.on_this_thread());
    };
    auto first = elsewhere(1000);
    auto second = elsewhere(2000);
    io::Event both(worker.executor(), worker.timers());
    int ended = 0;
    auto wait = [&](awaitable<void> task) -> awaitable<void> {
      co_await asio::co_spawn(away.executor(), std::move(task), asio::use_awaitable);
      if (++ended == 2) both.set();
    };
    tasks.spawn(wait(std::move(first)));
    tasks.spawn(wait(std::move(second)));
    for (int i = 0; i < 50; ++i) {
      EXPECT_TRUE((co_await call(std::to_string(i), "echo")).response.has_value());
    }
    co_await both.wait();
  });
  away.stop();
  away.join();
}

}  // namespace
}  // namespace mooring::transport
