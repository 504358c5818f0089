// /api/v1/events, with a clock that stands still.
#include "server/event_feed.hpp"

#include "door.hpp"

namespace mooring::server {
namespace {

using recovery::Episode;

class Events : public testing::Test {
 protected:
  Events() { start(); }
  void TearDown() override {
    for (const auto& listener : listeners_) listener->peer_leaves();
    stop();
  }

  void start() {
    feed_ = std::make_unique<EventFeed>(
        worker_,
        EventFeed::Source{
            [this]() -> awaitable<std::string> {
              ++status_asked_;
              co_return R"({"servers":[]})";
            },
            [this](std::set<std::string> names) -> awaitable<std::vector<std::string>> {
              ++servers_asked_;
              std::vector<std::string> bodies;
              for (const auto& name : names) bodies.push_back("{\"name\":\"" + name + "\"}");
              co_return bodies;
            }
        },
        15s
    );
  }
  void stop() {
    if (!feed_) return;
    bool stopped = false;
    asio::co_spawn(worker_.executor(), feed_->stop(), [&](const std::exception_ptr&) {
      stopped = true;
    });
    turn();
    EXPECT_TRUE(stopped);
    for (const auto& listener : listeners_) EXPECT_TRUE(listener->returned);
    feed_.reset();
  }
  void turn() {
    worker_.context().restart();
    worker_.context().poll();
  }
  void advance(core::Duration by) {
    turn();
    worker_.post([this, by] { timers_->advance(by); });
    turn();
  }
  std::shared_ptr<FakeExchange> listen(bool slow = false) {
    auto exchange = std::make_shared<FakeExchange>("GET", FakeExchange::Headers{}, std::string());
    if (slow) {
      exchange->writable = std::make_unique<io::Event>(worker_.executor(), worker_.timers());
    }
    listeners_.push_back(exchange);
    asio::co_spawn(
        worker_.executor(), feed_->serve(worker_, *exchange),
        [exchange](const std::exception_ptr& error) {
          exchange->returned = true;
          EXPECT_FALSE(error);
        }
    );
    turn();
    return exchange;
  }
  /// What a listener has heard: "status server recovery ".
  static std::string heard(const FakeExchange& listener) {
    std::string all;
    for (const auto& event : listener.events()) {
      if (!event.data.empty()) all += event.event + " ";
    }
    return all;
  }
  static std::size_t times(const std::string& text, std::string_view word) {
    std::size_t count = 0;
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
    return count;
  }
  static Episode episode(std::string id) {
    Episode made;
    made.id = std::move(id);
    return made;
  }

  core::ManualTimers* timers_ = new core::ManualTimers;  // owned by the worker
  io::Worker worker_{0, std::unique_ptr<core::Timers>(timers_)};
  int status_asked_ = 0, servers_asked_ = 0;
  std::vector<std::shared_ptr<FakeExchange>> listeners_;
  std::unique_ptr<EventFeed> feed_;
};

TEST_F(Events, a_listener_hears_how_things_are_then_what_happens) {
  const auto one = listen();
  EXPECT_EQ(one->status, 200);
  EXPECT_EQ(one->answer_header("Content-Type"), "text/event-stream");
  EXPECT_EQ(heard(*one), "status ");
  feed_->recovery(episode("r-1"));
  turn();
  feed_->changed("git");
  turn();
  EXPECT_EQ(heard(*one), "status recovery server ");
  const auto events = one->messages();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0], R"({"servers":[]})");
  EXPECT_EQ(protocol::string_member(events[1], "id"), "r-1");
  EXPECT_EQ(events[2], R"({"name":"git"})");
}

TEST_F(Events, changes_that_chase_each_other_are_told_as_one) {
  const auto one = listen();
  feed_->changed("git");
  turn();
  EXPECT_EQ(heard(*one), "status server ");
  for (int i = 0; i < 50; ++i) feed_->changed(i % 2 == 0 ? "git" : "files");
  turn();
  EXPECT_EQ(heard(*one), "status server ");
  advance(EventFeed::spacing);
  EXPECT_EQ(heard(*one), "status server server server ");
  EXPECT_EQ(servers_asked_, 2);
  advance(EventFeed::spacing);
  feed_->changed("git");
  turn();
  EXPECT_EQ(heard(*one), "status server server server server ");
}

TEST_F(Events, another_set_of_servers_is_told_whole) {
  const auto one = listen();
  feed_->changed("");
  turn();
  EXPECT_EQ(heard(*one), "status status ");
  feed_->changed("git");
  feed_->changed("");
  advance(EventFeed::spacing);
  EXPECT_EQ(heard(*one), "status status status ");
}

TEST_F(Events, nobody_listening_costs_nothing) {
  feed_->changed("git");
  feed_->recovery(episode("r-1"));
  turn();
  EXPECT_EQ(servers_asked_, 0);
  auto ended = episode("r-1");
  ended.outcome = Episode::Outcome::healed;
  feed_->recovery(ended);
  EXPECT_EQ(feed_->totals().totals().ended.size(), 1u);
}

TEST_F(Events, a_listener_that_does_not_keep_up_loses_events_and_is_told_how_things_are) {
  const auto slow = listen(true);
  const auto quick = listen();
  for (std::size_t i = 0; i < 2 * EventFeed::most_events; ++i) {
    feed_->recovery(episode("r"));
    turn();
  }
  EXPECT_EQ(times(heard(*quick), "recovery"), 2 * EventFeed::most_events);
  slow->writable->set();
  turn();
  EXPECT_EQ(heard(*slow), "status status ");
  feed_->recovery(episode("after"));
  turn();
  EXPECT_EQ(heard(*slow), "status status recovery ");
}

TEST_F(Events, what_waits_is_bounded_in_bytes_too) {
  const auto slow = listen(true);
  auto large = episode("r");
  large.evidence = std::string(EventFeed::most_bytes, 'x');
  feed_->recovery(large);
  turn();
  slow->writable->set();
  turn();
  EXPECT_EQ(heard(*slow), "status status ");
}

TEST_F(Events, a_quiet_stream_is_kept_open) {
  const auto one = listen();
  advance(15s);
  EXPECT_TRUE(one->answer.ends_with(":\n\n")) << one->answer;
  EXPECT_EQ(heard(*one), "status ");
  EXPECT_FALSE(one->returned);
}

TEST_F(Events, who_leaves_is_forgotten) {
  const auto one = listen();
  one->peer_leaves();
  turn();
  EXPECT_TRUE(one->returned);
  feed_->changed("git");
  turn();
  EXPECT_EQ(servers_asked_, 0);
}

TEST_F(Events, listeners_are_bounded) {
  for (std::size_t i = 0; i < EventFeed::most_listeners; ++i) EXPECT_EQ(listen()->status, 200);
  const auto refused = listen();
  EXPECT_EQ(refused->status, 503);
  EXPECT_TRUE(refused->returned);
  listeners_.front()->peer_leaves();
  turn();
  EXPECT_EQ(listen()->status, 200);
}

TEST_F(Events, at_the_end_every_stream_is_ended_in_order) {
  const auto one = listen();
  feed_->changed("git");
  feed_->close();
  turn();
  EXPECT_TRUE(one->ended);
  EXPECT_EQ(listen()->status, 503);
  stop();
}

}  // namespace
}  // namespace mooring::server
