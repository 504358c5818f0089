// The flight recorder, by itself and as a Supervisor keeps it.
#include "upstream/recorder.hpp"

#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

using recovery::Episode;
using Outcome = Episode::Outcome;
using Fate = Recorder::Fate;

class Recorded : public testing::Test {
 protected:
  core::ManualTimers timers;
  core::SeededRandom random{7};
  std::vector<Episode> told;
  Recorder recorder{"s", timers, random, [this](const Episode& episode) {
                      told.push_back(episode);
                    }};
  const Episode& last() const { return recorder.episodes().back(); }
};

TEST_F(Recorded, an_episode_has_cause_steps_times_and_outcome) {
  recorder.begin("session_lost", "HTTP 404: Session not found", 3);
  timers.advance(20ms);
  recorder.attempt();
  recorder.step("initialize");
  timers.advance(30ms);
  recorder.end(Outcome::healed, 4);
  const auto& episode = last();
  EXPECT_EQ(episode.server, "s");
  EXPECT_EQ(episode.cause, "session_lost");
  EXPECT_EQ(episode.evidence, "HTTP 404: Session not found");
  EXPECT_EQ(episode.outcome, Outcome::healed);
  EXPECT_EQ(episode.took, 50ms);
  EXPECT_EQ(episode.attempts, 1u);
  EXPECT_EQ(episode.generation_before, 3u);
  EXPECT_EQ(episode.generation_after, 4u);
  ASSERT_EQ(episode.steps.size(), 1u);
  EXPECT_EQ(episode.steps[0].what, "initialize");
  EXPECT_EQ(episode.steps[0].at, 20ms);
  EXPECT_EQ(recorder.recoveries(), 1u);
  EXPECT_TRUE(episode.id.starts_with("r-"));
  EXPECT_EQ(recorder.current_id(), episode.id);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].outcome, Outcome::running);
  EXPECT_EQ(told[1].outcome, Outcome::healed);
}

TEST_F(Recorded, another_loss_meanwhile_is_one_more_step) {
  recorder.begin("session_lost", "gone", 1);
  recorder.begin("transient", "reset", 2);
  ASSERT_EQ(recorder.episodes().size(), 1u);
  ASSERT_EQ(last().steps.size(), 1u);
  EXPECT_EQ(last().steps[0].what, "transient: reset");
}

TEST_F(Recorded, parked_and_healed_later_is_one_episode) {
  recorder.begin("transient", "reset", 1);
  timers.advance(31s);
  recorder.end(Outcome::parked, 1);
  EXPECT_EQ(last().took, 31s);
  const auto id = last().id;
  timers.advance(300s);
  recorder.attempt();
  recorder.step("initialize");
  recorder.end(Outcome::parked, 1);
  EXPECT_EQ(told.size(), 2u) << "the same outcome again is no news";
  timers.advance(300s);
  recorder.end(Outcome::healed, 2);
  ASSERT_EQ(recorder.episodes().size(), 1u);
  EXPECT_EQ(last().id, id);
  EXPECT_EQ(last().outcome, Outcome::healed);
  EXPECT_EQ(last().took, 631s);
  EXPECT_EQ(recorder.recoveries(), 1u);
}

TEST_F(Recorded, nothing_happens_without_a_beginning) {
  recorder.step("nobody asked");
  recorder.attempt();
  recorder.end(Outcome::healed, 1);
  recorder.account(1, Fate::saved);
  EXPECT_TRUE(recorder.episodes().empty());
  EXPECT_TRUE(told.empty());
  EXPECT_EQ(recorder.current_id(), "");
  EXPECT_EQ(recorder.recoveries(), 0u);
  EXPECT_EQ(recorder.total(Fate::saved), 1u);
}

TEST_F(Recorded, only_new_sessions_count_as_recoveries) {
  for (const auto outcome :
       {Outcome::kept, Outcome::parked, Outcome::login, Outcome::superseded, Outcome::healed}) {
    recorder.begin("transient", "reset", 1);
    recorder.end(outcome, 1);
  }
  EXPECT_EQ(recorder.recoveries(), 1u);
}

TEST_F(Recorded, is_bounded) {
  for (std::uint64_t i = 1; i <= 50; ++i) {
    recorder.begin("session_lost", "gone", i);
    for (int step = 0; step < 100; ++step) recorder.step("initialize");
    recorder.end(Outcome::healed, i + 1);
  }
  EXPECT_EQ(recorder.episodes().size(), Recorder::kept);
  EXPECT_EQ(last().steps.size(), Recorder::most_steps);
  EXPECT_EQ(last().generation_before, 50u) << "the newest are kept";
  EXPECT_EQ(recorder.recoveries(), 50u);
  std::set<std::string> ids;
  for (const auto& episode : recorder.episodes()) ids.insert(episode.id);
  EXPECT_EQ(ids.size(), Recorder::kept);
}

TEST_F(Recorded, calls_are_accounted_to_the_episode_of_their_session) {
  recorder.begin("session_lost", "gone", 1);
  recorder.account(1, Fate::saved);
  recorder.end(Outcome::healed, 2);
  recorder.begin("session_lost", "gone again", 2);
  recorder.account(1, Fate::saved);
  recorder.account(2, Fate::failed);
  recorder.account(2, Fate::unknown);
  recorder.end(Outcome::healed, 3);
  recorder.account(2, Fate::unknown);
  const auto& first = recorder.episodes().front();
  EXPECT_EQ(first.calls_saved, 2u);
  EXPECT_EQ(first.calls_failed + first.calls_unknown, 0u);
  EXPECT_EQ(last().calls_saved, 0u);
  EXPECT_EQ(last().calls_failed, 1u);
  EXPECT_EQ(last().calls_unknown, 2u);
  EXPECT_EQ(recorder.total(Fate::saved), 2u);
  EXPECT_EQ(recorder.total(Fate::failed), 1u);
  EXPECT_EQ(recorder.total(Fate::unknown), 2u);
}

TEST_F(Recorded, calls_that_end_later_are_gathered_and_told_once) {
  recorder.begin("session_lost", "gone", 1);
  recorder.end(Outcome::healed, 2);
  const auto before = told.size();
  for (int i = 0; i < 100; ++i) recorder.account(1, Fate::saved);
  EXPECT_EQ(told.size(), before);
  timers.advance(Recorder::settle);
  ASSERT_EQ(told.size(), before + 1);
  EXPECT_EQ(told.back().calls_saved, 100u);
  timers.advance(10s);
  EXPECT_EQ(told.size(), before + 1);
  EXPECT_EQ(timers.armed(), 0u);
}

TEST_F(Recorded, the_next_episode_does_not_keep_the_last_ones_calls_from_being_told) {
  recorder.begin("session_lost", "gone", 1);
  recorder.end(Outcome::healed, 2);
  recorder.account(1, Fate::saved);
  recorder.begin("session_lost", "gone", 2);
  EXPECT_EQ(told.at(told.size() - 2).calls_saved, 1u);
  EXPECT_EQ(timers.armed(), 0u);
}

TEST_F(Recorded, no_secret_is_written_down) {
  recorder.begin("auth", "HTTP 401: Bearer abcdefghijklmnop0123456789 refused", 1);
  recorder.step("initialize: token=abcdefghijklmnop0123456789");
  EXPECT_EQ(last().evidence.find("abcdefghijklmnop"), std::string::npos);
  EXPECT_EQ(last().steps[0].what.find("abcdefghijklmnop"), std::string::npos);
}

// ---- as it happens

const Episode& newest(const World& world) { return world.observer.episodes.back(); }

TEST(Episodes, a_lost_session_with_the_calls_it_took_along) {
  World world(World::http(), 2);
  world.connect();
  for (int i = 0; i < 3; ++i) {
    world.server->then("tools/call", when_released(*world.server, ends_in(session_gone())));
  }
  world.server->then("tools/call", when_released(*world.server, ends_in(reset())));
  std::vector<std::shared_ptr<World::Call>> calls;
  for (std::size_t i = 0; i < 4; ++i) calls.push_back(world.call(R"({"name":"echo"})", i % 2));
  world.advance(70ms);
  world.server->released.set();
  world.turn();
  world.advance(1s);
  const auto status = world.status();
  ASSERT_EQ(status.episodes.size(), 1u);
  const auto& episode = status.episodes[0];
  EXPECT_EQ(episode.cause, "session_lost");
  EXPECT_NE(episode.evidence.find("404"), std::string::npos) << episode.evidence;
  EXPECT_EQ(episode.outcome, Outcome::healed);
  EXPECT_EQ(episode.generation_before, 1u);
  EXPECT_EQ(episode.generation_after, 2u);
  EXPECT_EQ(episode.attempts, 1u);
  EXPECT_EQ(episode.calls_saved, 3u);
  EXPECT_EQ(episode.calls_failed, 0u);
  EXPECT_EQ(episode.calls_unknown, 1u);
  ASSERT_GE(episode.steps.size(), 2u);
  EXPECT_EQ(episode.steps[0].what, "initialize");
  EXPECT_EQ(calls[3]->error().recovery_id, episode.id);
  EXPECT_EQ(status.recoveries, 1u);
  EXPECT_EQ(status.calls_saved, 3u);
  EXPECT_EQ(status.calls_unknown, 1u);
  EXPECT_EQ(newest(world).calls_saved, 3u) << "whoever watches was told as well";
}

TEST(Episodes, parked_then_healed_is_one) {
  World world;
  world.connect();
  world.server->down = true;
  world.server->then("tools/call", session_gone());
  world.report_lost(1, true, "gone");
  world.advance(60s);
  ASSERT_EQ(world.state(), State::parked);
  ASSERT_EQ(world.status().episodes.size(), 1u);
  EXPECT_EQ(world.status().episodes[0].outcome, Outcome::parked);
  EXPECT_EQ(world.status().episodes[0].attempts, 6u);
  world.server->down = false;
  world.advance(300s);
  ASSERT_EQ(world.state(), State::ready);
  const auto status = world.status();
  ASSERT_EQ(status.episodes.size(), 1u);
  EXPECT_EQ(status.episodes[0].outcome, Outcome::healed);
  EXPECT_EQ(status.episodes[0].attempts, 7u);
  EXPECT_GE(status.episodes[0].took, 300s);
  EXPECT_EQ(status.recoveries, 1u);
}

TEST(Episodes, a_session_that_proved_to_live_is_kept) {
  World world;
  world.connect();
  world.report_lost(1, false, "connection reset by peer");
  world.turn();
  const auto status = world.status();
  ASSERT_EQ(status.episodes.size(), 1u);
  EXPECT_EQ(status.episodes[0].outcome, Outcome::kept);
  EXPECT_EQ(status.episodes[0].cause, "transient");
  EXPECT_EQ(status.episodes[0].generation_after, 1u);
  EXPECT_EQ(status.recoveries, 0u);
}

TEST(Episodes, a_process_that_ended_and_a_reconnect_asked_for_have_causes_of_their_own) {
  World world(World::stdio());
  world.server->with_session_ids = false;
  world.connect();
  world.channels->processes[0]->die();
  world.turn();
  world.supervisor->reconnect_now();
  world.turn();
  const auto status = world.status();
  ASSERT_EQ(status.episodes.size(), 2u);
  EXPECT_EQ(status.episodes[0].cause, "process_gone");
  EXPECT_NE(status.episodes[0].evidence.find("status 3"), std::string::npos);
  EXPECT_EQ(status.episodes[1].cause, "request");
  EXPECT_EQ(status.episodes[1].outcome, Outcome::healed);
}

TEST(Episodes, one_that_was_never_finished_is_superseded_by_the_end) {
  World world;
  world.connect();
  world.server->hangs = {"initialize"};
  world.report_lost(1, true, "gone");
  world.turn();
  world.stop();
  EXPECT_EQ(newest(world).outcome, Outcome::superseded);
}

TEST(Episodes, a_first_connect_that_fails_is_none) {
  World world;
  world.server->down = true;
  world.start();
  world.advance(1h);
  EXPECT_TRUE(world.status().episodes.empty());
  EXPECT_TRUE(world.observer.episodes.empty());
}

}  // namespace
}  // namespace mooring::upstream
