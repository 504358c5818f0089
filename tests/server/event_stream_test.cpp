#include "server/event_stream.hpp"

#include <gtest/gtest.h>

#include "core/base64.hpp"
#include "core/manual_timers.hpp"
#include "protocol/sse.hpp"

namespace mooring::server {
namespace {

using namespace std::chrono_literals;

std::vector<protocol::SseEvent> events(std::string_view wire) {
  protocol::SseDecoder decoder(1 << 24);
  EXPECT_TRUE(decoder.feed(wire));
  std::vector<protocol::SseEvent> all;
  while (auto event = decoder.next()) all.push_back(std::move(*event));
  return all;
}

TEST(EventId, comes_back_as_it_was) {
  for (const auto* request :
       {"", "1", "-7", "\"a\"", "\"with . dot and \\u00fc\"", "9007199254740993"}) {
    const EventId id{"b00t", 3, 77, request, 18'446'744'073'709'551'615u};
    const auto back = EventId::parse(id.text());
    ASSERT_TRUE(back) << request;
    EXPECT_EQ(back->boot, "b00t");
    EXPECT_EQ(back->worker, 3u);
    EXPECT_EQ(back->stream, 77u);
    EXPECT_EQ(back->request_id, request);
    EXPECT_EQ(back->seq, 18'446'744'073'709'551'615u);
    EXPECT_EQ(id.text().find_first_of(" \r\n:\""), std::string::npos);
  }
}

TEST(EventId, what_is_none_of_ours_is_not_read) {
  for (const auto* text :
       {"", ".", "....", "b.0.1..", "b.0..MQ.1", "b..1.MQ.1", "b.0.1.MQ", "b.0.1.MQ.1.2",
        "b.0.1.MQ.x", "b.-1.1.MQ.1", "b.0.1.MQ.-1", "b.0.1.MQ.99999999999999999999", "b.0.1.!!.1",
        "b.0.1.MQ==.1", "b. 0.1.MQ.1", "b.0.1.MQ.1 ", "b.0x1.1.MQ.1", "12345",
        "b.99999999999.1.MQ.1"}) {
    EXPECT_FALSE(EventId::parse(text)) << text;
  }
}

TEST(EventId, only_what_can_be_the_id_of_a_request_passes) {
  const auto with = [](std::string_view request) {
    return EventId::parse("b.0.1." + core::base64url_encode(request) + ".1");
  };
  EXPECT_TRUE(with("7"));
  EXPECT_TRUE(with("\"x\""));
  for (const auto* hostile :
       {"1,\"result\":{}", "1}", "\"a\"\n", "1\n\ndata: x", " 1", "nul", "null", "true", "{}",
        "{\"a\":1}", "[1]", "\"open", "\"\xff\"", "\"a\" ", "x"}) {
    EXPECT_FALSE(with(hostile)) << hostile;
  }
  EXPECT_FALSE(with("\"" + std::string(200, 'x') + "\""));
  EXPECT_FALSE(with(std::string("1\0", 2)));
}

class EventStreamTest : public testing::Test {
 protected:
  std::shared_ptr<EventStream> make(std::size_t max_bytes = 1 << 20) {
    return std::make_shared<EventStream>(worker_, EventId{"b", 0, 1, "7", 0}, "key", max_bytes);
  }
  /// True once somebody who waits for a change was woken.
  std::shared_ptr<bool> watch(EventStream& stream) {
    auto woken = std::make_shared<bool>(false);
    asio::co_spawn(
        worker_.executor(),
        [](EventStream& of, std::shared_ptr<bool> told) -> awaitable<void> {
          *told = co_await of.changed().wait();
        }(stream, woken),
        [](const std::exception_ptr&) {}
    );
    turn();
    return woken;
  }
  void turn() {
    worker_.context().restart();
    worker_.context().poll();
  }

  core::ManualTimers* timers_ = new core::ManualTimers;  // owned by the worker
  io::Worker worker_{0, std::unique_ptr<core::Timers>(timers_)};
};

TEST_F(EventStreamTest, priming_names_the_place_and_says_nothing) {
  const auto stream = make();
  stream->append("{}");
  const auto all = events(stream->priming(1500));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].data, "");
  EXPECT_EQ(all[0].retry_ms, 1500);
  EXPECT_EQ(EventId::parse(*all[0].id)->seq, 1u);
  EXPECT_EQ(EventId::parse(*all[0].id)->request_id, "7");
}

TEST_F(EventStreamTest, what_came_after_a_place_is_said_again_in_order) {
  const auto stream = make();
  for (const auto* message : {"{\"a\":1}", "{\"a\":2}", "{\"a\":3}"}) stream->append(message);
  const auto all = stream->after(0);
  const auto seen = events(all.bytes);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].data, "{\"a\":1}");
  EXPECT_EQ(seen[2].data, "{\"a\":3}");
  EXPECT_EQ(all.last, 3u);
  EXPECT_FALSE(all.ended);
  const auto rest = stream->after(EventId::parse(*seen[1].id)->seq);
  ASSERT_EQ(events(rest.bytes).size(), 1u);
  EXPECT_EQ(events(rest.bytes)[0].data, "{\"a\":3}");
  EXPECT_TRUE(stream->after(3).bytes.empty());
  EXPECT_EQ(stream->after(3).last, 3u);
}

TEST_F(EventStreamTest, the_end_is_told_with_the_last_event) {
  const auto stream = make();
  stream->append("{}");
  stream->end();
  EXPECT_TRUE(stream->after(0).ended);
  EXPECT_TRUE(stream->after(1).ended);
  EXPECT_TRUE(stream->after(99).ended);
  stream->append("{\"late\":true}");
  EXPECT_EQ(stream->last_seq(), 1u);
}

TEST_F(EventStreamTest, a_batch_holds_about_256_KiB_and_the_next_goes_on) {
  const auto stream = make(std::size_t{8} << 20);
  const std::string message(100 << 10, 'x');
  for (int i = 0; i < 10; ++i) stream->append("\"" + message + "\"");
  stream->end();
  std::uint64_t seq = 0;
  std::size_t batches = 0, got = 0;
  for (bool ended = false; !ended; ++batches) {
    const auto batch = stream->after(seq);
    ASSERT_LE(batch.bytes.size(), std::size_t{400} << 10);
    ASSERT_GT(batch.last, seq);
    got += events(batch.bytes).size();
    seq = batch.last;
    ended = batch.ended;
  }
  EXPECT_EQ(got, 10u);
  EXPECT_GE(batches, 3u);
}

TEST_F(EventStreamTest, over_the_limit_the_oldest_go_and_the_newest_stays) {
  const auto stream = make(1000);
  for (int i = 0; i < 50; ++i) stream->append("\"" + std::string(90, 'x') + "\"");
  const auto kept = events(stream->after(0).bytes);
  EXPECT_LT(kept.size(), 11u);
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(EventId::parse(*kept.back().id)->seq, 50u);
  stream->append("\"" + std::string(5000, 'y') + "\"");
  EXPECT_EQ(events(stream->after(0).bytes).size(), 1u);
}

TEST_F(EventStreamTest, an_event_that_was_only_numbered_does_not_hide_the_end) {
  const auto stream = make();
  stream->append("{}");
  EXPECT_EQ(EventId::parse(stream->next_id())->seq, 2u);
  stream->end();
  EXPECT_TRUE(stream->after(1).ended);
}

TEST_F(EventStreamTest, every_change_wakes_who_waits) {
  const auto stream = make();
  auto woken = watch(*stream);
  EXPECT_FALSE(*woken);
  stream->append("{}");
  turn();
  EXPECT_TRUE(*woken);
  woken = watch(*stream);
  const auto reader = stream->take_over();
  turn();
  EXPECT_TRUE(*woken);
  EXPECT_TRUE(stream->is_current(reader));
  woken = watch(*stream);
  stream->end();
  turn();
  EXPECT_TRUE(*woken);
}

TEST_F(EventStreamTest, a_new_reader_supersedes_the_former) {
  const auto stream = make();
  stream->forget_at = timers_->now();
  const auto first = stream->take_over();
  EXPECT_FALSE(stream->forget_at);
  const auto second = stream->take_over();
  EXPECT_FALSE(stream->is_current(first));
  EXPECT_TRUE(stream->is_current(second));
}

TEST_F(EventStreamTest, a_stream_is_found_by_its_own_session_only) {
  EventStreams streams(worker_, "b", 10, 1000, 60s);
  const auto stream = streams.make("mine", "7");
  stream->append("{}");
  const auto id = EventId::parse(*events(stream->after(0).bytes)[0].id);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->boot, "b");
  EXPECT_EQ(streams.find(id->stream, "mine"), stream);
  EXPECT_EQ(streams.find(id->stream, "yours"), nullptr);
  EXPECT_EQ(streams.find(id->stream + 1, "mine"), nullptr);
}

TEST_F(EventStreamTest, what_nobody_reads_is_forgotten_after_the_retention) {
  EventStreams streams(worker_, "b", 10, 1000, 60s);
  int forgotten = 0;
  const auto left = streams.make("k", "");
  left->on_forgotten = [&forgotten] { ++forgotten; };
  const auto read = streams.make("k", "");
  streams.release(left);
  timers_->advance(59s);
  streams.make("k", "");
  EXPECT_EQ(streams.size(), 3u);
  timers_->advance(1s);
  streams.make("k", "");
  EXPECT_EQ(forgotten, 1);
  EXPECT_TRUE(left->ended());
  EXPECT_FALSE(read->ended());
  EXPECT_EQ(streams.size(), 3u);
}

TEST_F(EventStreamTest, who_comes_back_in_time_keeps_it) {
  EventStreams streams(worker_, "b", 10, 1000, 60s);
  const auto stream = streams.make("k", "");
  streams.release(stream);
  timers_->advance(30s);
  stream->take_over();
  timers_->advance(1h);
  streams.make("k", "");
  EXPECT_EQ(streams.size(), 2u);
}

TEST_F(EventStreamTest, over_the_limit_the_oldest_unread_go_first) {
  EventStreams streams(worker_, "b", 3, 1000, 60s);
  const auto read = streams.make("k", "");
  const auto old = streams.make("k", "");
  const auto recent = streams.make("k", "");
  streams.release(old);
  streams.release(recent);
  streams.make("k", "");
  EXPECT_TRUE(old->ended());
  EXPECT_FALSE(recent->ended());
  EXPECT_FALSE(read->ended());
  EXPECT_EQ(streams.size(), 3u);
}

TEST_F(EventStreamTest, the_streams_of_a_session_go_with_it) {
  EventStreams streams(worker_, "b", 10, 1000, 60s);
  const auto mine = streams.make("mine", "");
  const auto yours = streams.make("yours", "");
  streams.drop_session("mine");
  EXPECT_TRUE(mine->ended());
  EXPECT_FALSE(yours->ended());
  EXPECT_EQ(streams.size(), 1u);
  streams.end_all();
  EXPECT_TRUE(yours->ended());
}

TEST_F(EventStreamTest, an_id_too_long_to_travel_is_left_out) {
  EventStreams streams(worker_, "b", 10, 1 << 20, 60s);
  const auto stream = streams.make("k", "\"" + std::string(500, 'i') + "\"");
  stream->append("{}");
  const auto id = EventId::parse(*events(stream->after(0).bytes)[0].id);
  ASSERT_TRUE(id);
  EXPECT_EQ(id->request_id, "");
}

}  // namespace
}  // namespace mooring::server
