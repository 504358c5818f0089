#include "gateway/client_requests.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/manual_timers.hpp"
#include "protocol/messages.hpp"

namespace mooring::gateway {
namespace {

using namespace std::chrono_literals;
using protocol::Frame;

class ClientRequestsTest : public testing::Test {
 protected:
  Frame answer(std::string_view id, std::string_view result = "{}") {
    auto parsed = Frame::parse(protocol::make_result(id, result));
    if (!parsed) throw std::runtime_error(parsed.error().message);
    return std::move(*parsed);
  }
  /// What somebody who waits for it gets; nothing while he waits.
  struct Waiter {
    bool done = false;
    std::optional<Frame> got;
  };
  std::shared_ptr<Waiter> wait(
      const std::shared_ptr<ClientRequests::Waiting>& waiting, core::Duration time = 10s,
      io::AbortSource* abort = nullptr
  ) {
    auto waiter = std::make_shared<Waiter>();
    asio::co_spawn(
        worker_.executor(),
        [](ClientRequests& from, std::shared_ptr<ClientRequests::Waiting> what,
           std::shared_ptr<Waiter> to, core::TimePoint until,
           io::AbortSource* stop) -> awaitable<void> {
          to->got = co_await from.wait(what, until, stop);
          to->done = true;
        }(requests_, waiting, waiter, timers_->now() + time, abort),
        [](std::exception_ptr) {}
    );
    turn();
    return waiter;
  }
  void turn() {
    worker_.context().restart();
    worker_.context().poll();
  }

  core::ManualTimers* timers_ = new core::ManualTimers;  // owned by the worker
  io::Worker worker_{3, std::unique_ptr<core::Timers>(timers_)};
  ClientRequests requests_{worker_, "BOOT"};
};

TEST_F(ClientRequestsTest, ids_are_json_strings_that_never_repeat_and_name_their_home) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto id = requests_.next_id();
    EXPECT_TRUE(seen.insert(id).second);
    EXPECT_EQ(requests_.home_of(id), 3u);
    EXPECT_TRUE(Frame::parse(protocol::make_result(id, "{}")).has_value());
  }
}

TEST_F(ClientRequestsTest, ids_of_others_have_no_home_here) {
  for (const auto* id :
       {"1", "\"m-OTHER-3-1\"", "\"m-BOOT-\"", "\"m-BOOT-x-1\"", "\"m-BOOT-3\"", "\"m-BOOT--1-1\"",
        "\"m-BOOT-99999999999999999999-1\"", "", "\"\"", "m-BOOT-3-1"}) {
    EXPECT_EQ(requests_.home_of(id), std::nullopt) << id;
  }
}

TEST_F(ClientRequestsTest, the_response_reaches_who_waits) {
  const auto id = requests_.next_id();
  const auto waiter = wait(requests_.expect(id, "s"));
  EXPECT_FALSE(waiter->done);
  EXPECT_TRUE(requests_.complete("s", answer(id, R"({"a":1})")));
  turn();
  ASSERT_TRUE(waiter->done);
  ASSERT_TRUE(waiter->got);
  EXPECT_EQ(waiter->got->result(), R"({"a":1})");
}

TEST_F(ClientRequestsTest, a_response_that_comes_before_the_wait_is_kept) {
  const auto id = requests_.next_id();
  const auto waiting = requests_.expect(id, "s");
  EXPECT_TRUE(requests_.complete("s", answer(id)));
  const auto waiter = wait(waiting);
  ASSERT_TRUE(waiter->done);
  EXPECT_TRUE(waiter->got);
}

TEST_F(ClientRequestsTest, only_the_session_that_was_asked_may_answer_and_only_once) {
  const auto id = requests_.next_id();
  const auto waiter = wait(requests_.expect(id, "s"));
  EXPECT_FALSE(requests_.complete("thief", answer(id, R"({"stolen":true})")));
  EXPECT_FALSE(requests_.complete("s", answer("\"m-BOOT-3-77\"")));
  EXPECT_FALSE(requests_.complete("s", answer("1")));
  turn();
  EXPECT_FALSE(waiter->done);
  EXPECT_TRUE(requests_.complete("s", answer(id, R"({"first":true})")));
  EXPECT_FALSE(requests_.complete("s", answer(id, R"({"second":true})")));
  turn();
  ASSERT_TRUE(waiter->got);
  EXPECT_EQ(waiter->got->result(), R"({"first":true})");
  EXPECT_FALSE(requests_.complete("s", answer(id)));
}

TEST_F(ClientRequestsTest, nobody_waits_past_the_time_and_a_late_response_is_ignored) {
  const auto id = requests_.next_id();
  const auto waiter = wait(requests_.expect(id, "s"), 5s);
  timers_->advance(4999ms);
  turn();
  EXPECT_FALSE(waiter->done);
  timers_->advance(1ms);
  turn();
  EXPECT_TRUE(waiter->done);
  EXPECT_FALSE(waiter->got);
  EXPECT_FALSE(requests_.complete("s", answer(id)));
}

TEST_F(ClientRequestsTest, an_abort_ends_the_wait) {
  io::AbortSource abort;
  const auto waiter = wait(requests_.expect(requests_.next_id(), "s"), 5s, &abort);
  abort.abort();
  turn();
  EXPECT_TRUE(waiter->done);
  EXPECT_FALSE(waiter->got);
  EXPECT_EQ(timers_->armed(), 0u);
}

}  // namespace
}  // namespace mooring::gateway
