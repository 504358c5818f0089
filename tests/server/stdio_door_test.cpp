#include "server/stdio_door.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "door.hpp"

namespace mooring::server {
namespace {

using Messages = std::vector<std::string>;

/// A door between two pipes, and we at their other ends.
class StdioDoorTest : public testing::Test {
 protected:
  StdioDoorTest() {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
      throw std::runtime_error("no pipe");
    }
    to_door_ = in[1];
    from_door_ = out[0];
    // The door takes 0 and 1 as it finds them.
    const std::array<int, 2> own = {::dup(0), ::dup(1)};
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    door_ = std::make_unique<StdioDoor>(worker_, service_, "git", 1000);
    ::dup2(own[0], 0);
    ::dup2(own[1], 1);
    for (const int fd : {in[0], out[1], own[0], own[1]}) ::close(fd);
    asio::co_spawn(worker_.executor(), door_->run(), [this](const std::exception_ptr& error) {
      EXPECT_FALSE(error);
      ended_ = true;
    });
    turn();
  }
  ~StdioDoorTest() override {
    end_input();
    if (!ended_) door_->stop();
    turn();
    EXPECT_TRUE(ended_);
    ::close(from_door_);
  }

  void turn() {
    worker_.context().restart();
    while (worker_.context().poll() > 0) {
    }
  }
  void write(std::string_view text) {
    ASSERT_EQ(::write(to_door_, text.data(), text.size()), static_cast<::ssize_t>(text.size()));
    turn();
  }
  void say(const std::string& message) { write(message + "\n"); }
  void end_input() {
    if (to_door_ >= 0) ::close(std::exchange(to_door_, -1));
    turn();
  }
  /// The lines that came out since the last look.
  Messages lines() {
    std::array<char, 65536> buffer;
    for (;;) {
      const auto got = ::read(from_door_, buffer.data(), buffer.size());
      if (got <= 0) break;
      text_.append(buffer.data(), static_cast<std::size_t>(got));
      turn();
    }
    Messages all;
    for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      all.push_back(text_.substr(0, end));
      text_.erase(0, end + 1);
    }
    return all;
  }
  void open() {
    say(initialize());
    ASSERT_EQ(lines(), Messages{protocol::make_result("0", R"({"opened":true})")});
  }
  static std::string initialize() { return protocol::make_request("0", "initialize", "{}"); }
  static std::string call(std::string_view id) {
    return protocol::make_request(id, "tools/call", "{}");
  }
  static std::string error_code(const std::string& body) {
    const auto error = protocol::member(body, "error");
    return error ? std::string(protocol::member(*error, "code").value_or("")) : std::string();
  }

  core::ManualTimers* timers_ = new core::ManualTimers;  // owned by the worker
  io::Worker worker_{0, std::unique_ptr<core::Timers>(timers_)};
  FakeService service_;
  std::unique_ptr<StdioDoor> door_;
  int to_door_ = -1, from_door_ = -1;
  bool ended_ = false;
  std::string text_;
};

TEST_F(StdioDoorTest, a_session_from_the_first_line_to_the_end_of_input) {
  open();
  EXPECT_EQ(service_.sessions.begin()->second->endpoint, "git");
  say(call("1"));
  EXPECT_EQ(lines(), Messages{protocol::make_result("1", "{}")});
  const auto note = protocol::make_notification("notifications/initialized");
  say(note);
  EXPECT_EQ(service_.notices, Messages{note});
  EXPECT_TRUE(lines().empty());
  EXPECT_TRUE(service_.ended.empty());
  end_input();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(service_.ended.size(), 1u);
  EXPECT_EQ(service_.unlistened, 1);
}

TEST_F(StdioDoorTest, before_initialize_only_ping_is_answered) {
  say(call("1"));
  say(protocol::make_request("\"p\"", "ping"));
  say(protocol::make_notification("notifications/initialized"));
  const auto said = lines();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(error_code(said[0]), "-32600");
  EXPECT_EQ(said[1], protocol::make_result("\"p\"", "{}"));
  EXPECT_TRUE(service_.requests.empty());
  EXPECT_TRUE(service_.notices.empty());
}

TEST_F(StdioDoorTest, a_script_may_say_everything_at_once) {
  write(
      initialize() + "\n" + protocol::make_notification("notifications/initialized") + "\n" +
      call("1") + "\n" + call("2") + "\n"
  );
  end_input();
  EXPECT_EQ(
      lines(), (Messages{
                   protocol::make_result("0", R"({"opened":true})"),
                   protocol::make_result("1", "{}"), protocol::make_result("2", "{}")
               })
  );
  EXPECT_EQ(service_.notices.size(), 1u);
  EXPECT_TRUE(ended_);
}

TEST_F(StdioDoorTest, an_initialize_that_is_refused_can_be_tried_again) {
  service_.refuse = true;
  write(initialize() + "\n" + call("1") + "\n");
  const auto said = lines();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(error_code(said[0]), "-32602");
  EXPECT_EQ(error_code(said[1]), "-32600");
  service_.refuse = false;
  open();
}

TEST_F(StdioDoorTest, lines_may_come_in_any_pieces) {
  open();
  const auto all = call("1") + "\r\n\n" + call("2") + "\n";
  for (const char c : all) write(std::string_view(&c, 1));
  EXPECT_EQ(
      lines(), (Messages{protocol::make_result("1", "{}"), protocol::make_result("2", "{}")})
  );
}

TEST_F(StdioDoorTest, what_is_no_message_is_refused_and_the_next_line_is_fine) {
  open();
  say("hello?");
  say(R"({"jsonrpc":"1.0","id":7,"method":"m"})");
  say(call("1"));
  const auto said = lines();
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(error_code(said[0]), "-32700");
  EXPECT_EQ(error_code(said[1]), "-32600");
  EXPECT_NE(said[1].find(R"("id":7)"), std::string::npos);
  EXPECT_EQ(said[2], protocol::make_result("1", "{}"));
}

TEST_F(StdioDoorTest, a_line_over_the_limit_is_refused_and_the_next_line_is_fine) {
  open();
  say(protocol::make_request("1", "tools/call", R"({"a":")" + std::string(5000, 'x') + "\"}"));
  say(call("2"));
  const auto said = lines();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(error_code(said[0]), "-32600");
  EXPECT_EQ(said[1], protocol::make_result("2", "{}"));
}

TEST_F(StdioDoorTest, every_answer_is_one_line) {
  service_.handler = [](gateway::ClientSessionPtr, Frame request,
                        gateway::ResponderPtr responder) -> awaitable<void> {
    co_await responder->send("{\"jsonrpc\":\"2.0\",\n \"method\":\"m\"}");
    co_await responder->finish_part("{\"jsonrpc\":\"2.0\",\n");
    co_await responder->finish_part("\"id\":" + std::string(request.id()) + ",\r\n\"result\":{}}");
    co_await responder->finish_end(true);
  };
  open();
  say(call("1"));
  const auto said = lines();
  ASSERT_EQ(said.size(), 2u);
  EXPECT_TRUE(Frame::parse(said[0]).has_value()) << said[0];
  const auto answer = Frame::parse(said[1]);
  ASSERT_TRUE(answer.has_value()) << said[1];
  EXPECT_EQ(answer->id(), "1");
}

TEST_F(StdioDoorTest, a_result_that_breaks_off_becomes_a_true_error) {
  service_.handler = [](gateway::ClientSessionPtr, Frame,
                        gateway::ResponderPtr responder) -> awaitable<void> {
    co_await responder->finish_part(R"({"jsonrpc":"2.0","id":1,"res)");
    co_await responder->finish_end(false);
  };
  open();
  say(call("1"));
  const auto said = lines();
  ASSERT_EQ(said.size(), 1u);
  const auto answer = Frame::parse(said[0]);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->id(), "1");
  EXPECT_EQ(answer->kind(), Frame::Kind::error);
}

TEST_F(StdioDoorTest, calls_run_at_once_and_are_answered_before_it_ends) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler = [&go](
                         gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                     ) -> awaitable<void> {
    if (request.id() == "1") co_await go.wait();
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  };
  open();
  say(call("1"));
  say(call("2"));
  EXPECT_EQ(lines(), Messages{protocol::make_result("2", "{}")});
  end_input();
  EXPECT_FALSE(ended_);
  go.set();
  turn();
  EXPECT_EQ(lines(), Messages{protocol::make_result("1", "{}")});
  EXPECT_TRUE(ended_);
}

TEST_F(StdioDoorTest, what_the_server_says_on_its_own_comes_out_too) {
  open();
  ASSERT_EQ(service_.outboxes.size(), 1u);
  const auto outbox = service_.outboxes.begin()->second;
  outbox(protocol::make_notification("notifications/tools/list_changed"));
  turn();
  EXPECT_EQ(lines(), Messages{protocol::make_notification("notifications/tools/list_changed")});
  // Late, when nobody listens any more, it is nothing.
  end_input();
  outbox(protocol::make_notification("notifications/tools/list_changed"));
  door_.reset();
  outbox(protocol::make_notification("notifications/tools/list_changed"));
  turn();
}

TEST_F(StdioDoorTest, batches_are_for_their_own_revision) {
  open();
  say("[" + call("1") + "]");
  EXPECT_EQ(error_code(lines().at(0)), "-32600");
}

TEST_F(StdioDoorTest, stop_ends_it_after_the_calls_in_hand) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler = [&go](
                         gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                     ) -> awaitable<void> {
    co_await go.wait();
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  };
  open();
  say(call("1"));
  door_->stop();
  turn();
  EXPECT_FALSE(ended_);
  go.set();
  turn();
  EXPECT_TRUE(ended_);
  EXPECT_EQ(lines(), Messages{protocol::make_result("1", "{}")});
}

TEST_F(StdioDoorTest, calls_that_outlast_the_patience_are_given_up) {
  io::Event go(worker_.executor(), *timers_);
  service_.handler = [&go](
                         gateway::ClientSessionPtr, Frame request, gateway::ResponderPtr responder
                     ) -> awaitable<void> {
    co_await go.wait();
    co_await responder->finish(protocol::make_result(request.id(), "{}"));
  };
  int given_up = 0;
  door_->limit_drain(std::chrono::seconds(10), [&] {
    ++given_up;
    go.set();
  });
  open();
  say(call("1"));
  timers_->advance(std::chrono::hours(1));
  EXPECT_FALSE(door_->draining());
  end_input();
  EXPECT_TRUE(door_->draining());
  timers_->advance(std::chrono::milliseconds(9999));
  turn();
  EXPECT_EQ(given_up, 0);
  timers_->advance(std::chrono::milliseconds(1));
  turn();
  EXPECT_EQ(given_up, 1);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(lines(), Messages{protocol::make_result("1", "{}")});
}

TEST_F(StdioDoorTest, a_reader_that_went_away_does_not_hold_it_up) {
  open();
  ::close(std::exchange(from_door_, -1));
  say(call("1"));
  end_input();
  EXPECT_TRUE(ended_);
}

}  // namespace
}  // namespace mooring::server
