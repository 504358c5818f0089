#include <csignal>

#include "stdio_test.hpp"

namespace mooring::transport {
namespace {

using recovery::Delivery;
using recovery::Stage;

class StdioLife : public StdioTest {};

TEST_F(StdioLife, REC_06_death_during_the_call_ends_every_call_with_how_it_died) {
  run([&]() -> awaitable<void> {
    io::AbortSource abort;
    std::optional<ListenEnd> listened;
    auto listen = [&]() -> awaitable<void> {
      listened = co_await channel->listen(nullptr, {}, sink, abort);
    };
    tasks.spawn(listen());
    auto other = start(make_call("1", "hold"));
    const auto outcome = co_await call("2", "die");
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->delivery, Delivery::unknown);
    EXPECT_EQ(outcome.failure->stage, Stage::process);
    EXPECT_EQ(
        outcome.failure->error,
        "the server process exited with status 3; last stderr: fatal: out of cheese"
    );
    EXPECT_EQ(channel->exit_text(), "exited with status 3");
    co_await other->done.wait();
    EXPECT_TRUE(other->outcome.failure.has_value());
    // After it nothing is sent any more.
    const auto late = co_await call("3", "echo");
    CO_ASSERT(late.failure.has_value());
    EXPECT_EQ(late.failure->delivery, Delivery::not_sent);
    const auto notice =
        co_await channel->notify(R"({"jsonrpc":"2.0","method":"notifications/x"})", nullptr);
    EXPECT_TRUE(notice && notice->delivery == Delivery::not_sent);
    EXPECT_TRUE(listened && listened->failure && listened->failure->stage == Stage::process);
  });
}

TEST_F(StdioLife, killed_from_outside) {
  run([&]() -> awaitable<void> {
    auto held = start(make_call("1", "hold"));
    co_await call("2", "echo");
    ::kill(channel->pid(), SIGKILL);
    co_await held->done.wait();
    CO_ASSERT(held->outcome.failure.has_value());
    EXPECT_NE(held->outcome.failure->error.find("killed by signal 9"), std::string::npos);
    EXPECT_EQ(held->outcome.failure->delivery, Delivery::unknown);
  });
}

TEST_F(StdioLife, an_answer_written_right_before_the_exit_counts) {
  run([&]() -> awaitable<void> {
    auto outcome = co_await call("1", "last-words");
    CO_ASSERT(outcome.response.has_value());
    EXPECT_EQ(outcome.response->result(), R"({"last":true})");
  });
}

TEST_F(StdioLife, a_process_that_closed_its_output_is_ended) {
  run([&]() -> awaitable<void> {
    const auto outcome = co_await call("1", "mute");
    CO_ASSERT(outcome.failure.has_value());
    EXPECT_EQ(outcome.failure->stage, Stage::process);
    EXPECT_FALSE(channel->exit_text().empty());
  });
}

TEST_F(StdioLife, closing_fails_what_is_open) {
  run([&]() -> awaitable<void> {
    auto held = start(make_call("1", "hold"));
    co_await call("2", "echo");
    co_await channel->end_session(nullptr);
    co_await held->done.wait();
    EXPECT_TRUE(held->outcome.failure.has_value());
    EXPECT_EQ(::kill(channel->pid(), 0), -1);
    const auto late = co_await call("3", "echo");
    EXPECT_TRUE(late.failure && late.failure->delivery == Delivery::not_sent);
  });
}

TEST_F(StdioLife, a_notice_to_a_process_that_does_not_read_gives_up_after_the_timeout) {
  config.timeout = std::chrono::milliseconds(50);
  run([&]() -> awaitable<void> {
    auto deaf = start(make_call("1", "deaf"));
    std::optional<recovery::Failure> failure;
    const auto notice = protocol::make_notification(
        "notifications/x", R"({"t":")" + std::string(1'000'000, 'x') + R"("})"
    );
    failure = co_await channel->notify(notice, nullptr);
    CO_ASSERT(failure.has_value());
    EXPECT_TRUE(failure->timed_out);
    EXPECT_EQ(failure->method, "notifications/x");
    ::kill(channel->pid(), SIGKILL);
    co_await deaf->done.wait();
  });
}

TEST_F(StdioLife, stderr_is_kept_redacted_and_handed_to_the_log) {
  std::string logged;
  int started = 0;
  hooks.on_stderr = [&](std::string_view bytes) { logged += bytes; };
  hooks.on_start = [&](int pid) { started = pid; };
  run([&]() -> awaitable<void> {
    co_await call("1", "complain");
    while (logged.find('\n') == std::string::npos) co_await yield_once();
    EXPECT_EQ(channel->stderr_tail(), "careful: token=[REDACTED]\n");
    EXPECT_EQ(logged, "careful: token=abcdef123456\n");
    EXPECT_EQ(started, channel->pid());
  });
}

TEST_F(StdioLife, a_command_that_does_not_exist_fails_by_name) {
  config.command = "/nonexistent/mcp-server";
  run_on(worker, [&]() -> awaitable<void> {
    const auto opened = co_await StdioChannel::open(worker, config);
    CO_ASSERT(!opened.has_value());
    EXPECT_NE(opened.error().detail.find("/nonexistent/mcp-server"), std::string::npos);
  });
}

TEST_F(StdioLife, a_channel_dropped_without_close_leaves_no_process) {
  run_on(worker, [&]() -> awaitable<void> {
    auto alive = std::make_shared<bool>(true);
    const std::weak_ptr<bool> watched = alive;
    StdioChannel::Hooks own;
    own.on_stderr = [kept = std::move(alive)](std::string_view) {};
    auto env = child_env(config, own_environment());
    auto opened = co_await StdioChannel::open(worker, config, std::move(env), std::move(own));
    CO_ASSERT(opened.has_value());
    const int pid = (*opened)->pid();
    opened->reset();
    while (!watched.expired()) co_await yield_once();
    EXPECT_EQ(::kill(pid, 0), -1);
  });
}

}  // namespace
}  // namespace mooring::transport
