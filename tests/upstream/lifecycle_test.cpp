#include "upstream/lifecycle.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <vector>

namespace mooring::upstream {
namespace {

using namespace std::chrono_literals;
using Do = Lifecycle::Step::Do;
using Event = LifecycleEvent;

UpstreamConfig plain() {
  UpstreamConfig config;
  config.name = "s";
  return config;
}

/// One row: what happens, what is to be done, where it leads.
struct Row {
  Event event;
  Do what;
  State state;
  core::Duration about{0};  ///< of a wait: ± 20 %; 0: do not look
  std::optional<core::Duration> retry_after = std::nullopt;
};

void follow(Lifecycle& life, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& row = rows[i];
    const auto step = life.on(row.event, row.retry_after);
    EXPECT_EQ(step.what, row.what) << "row " << i;
    EXPECT_EQ(to_string(life.state()), to_string(row.state)) << "row " << i;
    if (row.about == 0ms) continue;
    EXPECT_GE(step.wait * 10, row.about * 8) << "row " << i;
    EXPECT_LE(step.wait * 10, row.about * 12) << "row " << i;
  }
}

TEST(Lifecycle, SM_01_first_connect_backs_off_1_2_4_then_parks) {
  core::SeededRandom random(1);
  Lifecycle life(plain(), random);
  follow(
      life, {{Event::start, Do::connect, State::connecting},
             {Event::attempt_failed, Do::wait, State::connecting, 1s},
             {Event::wait_over, Do::connect, State::connecting},
             {Event::attempt_failed, Do::wait, State::connecting, 2s},
             {Event::wait_over, Do::connect, State::connecting},
             {Event::attempt_failed, Do::wait, State::connecting, 4s},
             {Event::wait_over, Do::connect, State::connecting},
             {Event::attempt_failed, Do::wait, State::parked}}
  );
  EXPECT_EQ(life.attempts(), 4);
  EXPECT_FALSE(life.ever_connected());
}

TEST(Lifecycle, SM_02_hopeless_fails_at_once) {
  core::SeededRandom random(2);
  Lifecycle life(plain(), random);
  life.on(Event::start);
  const auto step = life.on(Event::attempt_hopeless);
  EXPECT_EQ(step.what, Do::wait);
  EXPECT_EQ(step.wait, 300s);
  EXPECT_EQ(life.state(), State::failed);
  EXPECT_EQ(life.attempts(), 1);
}

TEST(Lifecycle, SM_04_drop_backs_off_1_2_4_8_16_then_parks) {
  core::SeededRandom random(3);
  Lifecycle life(plain(), random);
  follow(
      life, {{Event::start, Do::connect, State::connecting},
             {Event::connected, Do::nothing, State::ready},
             {Event::lost, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::backing_off, 1s},
             {Event::wait_over, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::backing_off, 2s},
             {Event::wait_over, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::backing_off, 4s},
             {Event::wait_over, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::backing_off, 8s},
             {Event::wait_over, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::backing_off, 16s},
             {Event::wait_over, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::parked}}
  );
}

TEST(Lifecycle, SM_05a_parked_gets_one_attempt_each_interval) {
  core::SeededRandom random(4);
  auto config = plain();
  config.initial_attempts = 1;
  Lifecycle life(config, random);
  life.on(Event::start);
  auto step = life.on(Event::attempt_failed);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(life.state(), State::parked);
    EXPECT_EQ(step.what, Do::wait);
    EXPECT_EQ(step.wait, 300s);
    // A probe leaves it parked, so that callers do not queue for it.
    EXPECT_EQ(life.on(Event::wait_over).what, Do::connect);
    EXPECT_EQ(life.state(), State::parked);
    step = life.on(Event::attempt_failed);
  }
}

TEST(Lifecycle, SM_05b_reconnect_tries_at_once_from_every_wait) {
  core::SeededRandom random(5);
  auto config = plain();
  config.initial_attempts = 1;
  Lifecycle parked(config, random);
  parked.on(Event::start);
  parked.on(Event::attempt_failed);
  EXPECT_EQ(parked.on(Event::reconnect).what, Do::connect);

  Lifecycle failed(plain(), random);
  failed.on(Event::start);
  failed.on(Event::attempt_hopeless);
  EXPECT_EQ(failed.on(Event::reconnect).what, Do::connect);
  EXPECT_EQ(failed.on(Event::connected).what, Do::nothing);
  EXPECT_EQ(failed.state(), State::ready);

  EXPECT_EQ(failed.on(Event::lost).what, Do::connect);
  failed.on(Event::attempt_failed);
  EXPECT_EQ(failed.state(), State::backing_off);
  EXPECT_EQ(failed.on(Event::reconnect).what, Do::connect);
  EXPECT_EQ(failed.state(), State::recovering);
}

TEST(Lifecycle, SM_06_success_after_parking_restores_the_whole_ladder) {
  core::SeededRandom random(6);
  Lifecycle life(plain(), random);
  life.on(Event::start);
  for (int i = 0; i < 4; ++i) life.on(Event::attempt_failed);
  ASSERT_EQ(life.state(), State::parked);
  life.on(Event::wait_over);
  follow(
      life, {{Event::connected, Do::nothing, State::ready},
             {Event::lost, Do::connect, State::recovering},
             {Event::attempt_failed, Do::wait, State::backing_off, 1s}}
  );
  EXPECT_EQ(life.attempts(), 1);
}

TEST(Lifecycle, SM_07a_never_waits_longer_than_backoff_max_plus_jitter) {
  core::SeededRandom random(7);
  auto config = plain();
  config.reconnect_attempts = 10;
  Lifecycle life(config, random);
  life.on(Event::start);
  life.on(Event::connected);
  life.on(Event::lost);
  for (int i = 0; i < 10; ++i) {
    const auto step = life.on(Event::attempt_failed);
    ASSERT_EQ(step.what, Do::wait);
    EXPECT_EQ(life.state(), State::backing_off);
    EXPECT_LE(step.wait, 72s);
    if (i >= 6) EXPECT_GE(step.wait, 48s);
    life.on(Event::wait_over);
  }
  life.on(Event::attempt_failed);
  EXPECT_EQ(life.state(), State::parked);
}

TEST(Lifecycle, SM_07b_two_servers_of_one_backend_do_not_return_in_step) {
  core::SeededRandom random(8);
  Lifecycle one(plain(), random), other(plain(), random);
  for (auto* life : {&one, &other}) {
    life->on(Event::start);
    life->on(Event::connected);
    life->on(Event::lost);
  }
  int same = 0;
  for (int i = 0; i < 5; ++i) {
    if (one.on(Event::attempt_failed).wait == other.on(Event::attempt_failed).wait) ++same;
    for (auto* life : {&one, &other}) life->on(Event::wait_over);
  }
  EXPECT_LE(same, 1);
}

TEST(Lifecycle, SM_08_stop_ends_every_state_and_nothing_follows) {
  core::SeededRandom random(9);
  for (const auto& before :
       {std::vector<Event>{Event::start},
        {Event::start, Event::attempt_failed},
        {Event::start, Event::connected},
        {Event::start, Event::connected, Event::lost},
        {Event::start, Event::connected, Event::lost, Event::attempt_failed},
        {Event::start, Event::attempt_hopeless}}) {
    Lifecycle life(plain(), random);
    for (const auto event : before) life.on(event);
    EXPECT_EQ(life.on(Event::stop).what, Do::end);
    EXPECT_EQ(life.state(), State::stopped);
    EXPECT_EQ(life.on(Event::reconnect).what, Do::nothing);
    EXPECT_EQ(life.on(Event::wait_over).what, Do::nothing);
    EXPECT_EQ(life.on(Event::lost).what, Do::nothing);
    EXPECT_EQ(life.state(), State::stopped);
  }
}

TEST(Lifecycle, SM_09a_EXP_26_sessions_that_are_lost_unproven_have_a_budget) {
  core::SeededRandom random(14);
  Lifecycle life(plain(), random);
  core::TimePoint now{};
  life.on(Event::start);
  life.on(Event::connected);
  const auto lose = [&] { return life.on(Event::lost, std::nullopt, now); };
  int attempts = 1;
  for (int i = 0; i < 3; ++i, ++attempts) {
    EXPECT_EQ(lose().what, Do::connect) << i;
    life.on(Event::connected);
  }
  // Three rebuilds a minute: then one more after the minute, and from there the pace of a parked
  // one.
  const auto pause = lose();
  EXPECT_EQ(pause.what, Do::wait);
  EXPECT_EQ(life.state(), State::backing_off);
  EXPECT_GE(pause.wait, 60s);
  for (int i = 0; i < 5; ++i) {
    now += 60s;
    life.on(Event::wait_over);
    ++attempts;
    life.on(Event::connected);
    EXPECT_EQ(lose().wait, 300s) << i;
    EXPECT_EQ(life.state(), State::parked);
    if (i == 0) EXPECT_LE(attempts, 5);
  }
}

TEST(Lifecycle, SM_09b_a_session_that_answered_has_the_whole_budget_again) {
  core::SeededRandom random(15);
  Lifecycle life(plain(), random);
  life.on(Event::start);
  life.on(Event::connected);
  for (int i = 0; i < 100; ++i) {
    life.on(Event::answered);
    EXPECT_EQ(life.on(Event::lost).what, Do::connect);
    EXPECT_EQ(life.state(), State::recovering);
    life.on(Event::connected);
  }
  // Three rebuilds a minute, that of the last one that had answered among them.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(life.on(Event::lost).what, Do::connect);
    life.on(Event::connected);
  }
  EXPECT_EQ(life.on(Event::lost).what, Do::wait);
}

TEST(Lifecycle, SM_10_credentials_refused_park_a_session_that_stood) {
  core::SeededRandom random(16);
  Lifecycle life(plain(), random);
  follow(
      life, {{Event::start, Do::connect, State::connecting},
             {Event::connected, Do::nothing, State::ready},
             {Event::answered, Do::nothing, State::ready},
             {Event::lost, Do::connect, State::recovering},
             {Event::auth_refused, Do::wait, State::parked, 300s},
             {Event::reconnect, Do::connect, State::parked},
             {Event::connected, Do::nothing, State::ready},
             {Event::auth_refused, Do::wait, State::parked, 300s}}
  );
}

TEST(Lifecycle, SM_11_SM_13_idle_until_a_call_wants_it) {
  core::SeededRandom random(17);
  Lifecycle lazy(plain(), random);
  follow(
      lazy, {{Event::start_idle, Do::rest, State::idle},
             {Event::wait_over, Do::nothing, State::idle},
             {Event::wanted, Do::connect, State::connecting},
             {Event::connected, Do::nothing, State::ready},
             {Event::recycled, Do::rest, State::idle},
             {Event::wanted, Do::connect, State::connecting}}
  );
}

TEST(Lifecycle, SM_21_a_doubted_session_is_kept_or_replaced) {
  core::SeededRandom random(18);
  Lifecycle life(plain(), random);
  follow(
      life, {{Event::start, Do::connect, State::connecting},
             {Event::connected, Do::nothing, State::ready},
             {Event::doubted, Do::connect, State::suspect},
             {Event::kept, Do::nothing, State::ready},
             {Event::doubted, Do::connect, State::suspect},
             {Event::connected, Do::nothing, State::ready},
             {Event::doubted, Do::connect, State::suspect},
             {Event::attempt_failed, Do::wait, State::backing_off, 1s}}
  );
}

TEST(Lifecycle, the_table_leaves_no_state_without_a_way_out_and_no_row_twice) {
  std::set<std::pair<Lifecycle::Phase, Event>> seen;
  std::set<Lifecycle::Phase> from, to;
  for (const auto& row : lifecycle_table()) {
    EXPECT_TRUE(seen.emplace(row.from, row.event).second)
        << to_string(row.from) << " on " << to_string(row.event);
    from.insert(row.from);
    to.insert(row.to);
  }
  for (const auto phase : to) EXPECT_TRUE(from.contains(phase)) << to_string(phase);
}

/// docs/lifecycle.md shows the table itself; MOORING_UPDATE_DOCS=1 writes it anew.
TEST(Lifecycle, the_document_shows_the_table) {
  const std::filesystem::path file =
      std::filesystem::path(MOORING_SOURCE_DIR) / "docs/lifecycle.md";
  const std::string begin = "<!-- the table: written by lifecycle_test -->\n";
  std::ifstream in(file);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto at = text.find(begin);
  ASSERT_NE(at, std::string::npos) << file;
  const auto wanted = text.substr(0, at + begin.size()) + lifecycle_document();
  if (std::getenv("MOORING_UPDATE_DOCS") != nullptr) std::ofstream(file) << wanted;
  EXPECT_TRUE(
      std::getenv("MOORING_UPDATE_DOCS") != nullptr || text == wanted
  ) << "docs/lifecycle.md is not what the table says; run upstream_test with MOORING_UPDATE_DOCS=1";
}

TEST(Lifecycle, SM_15_disabled_does_nothing_whatever_happens) {
  core::SeededRandom random(10);
  auto config = plain();
  config.enabled = false;
  Lifecycle life(config, random);
  for (const auto event : {Event::start, Event::reconnect, Event::lost, Event::wait_over}) {
    EXPECT_EQ(life.on(event).what, Do::nothing);
    EXPECT_EQ(life.state(), State::disabled);
  }
  EXPECT_EQ(life.on(Event::stop).what, Do::end);
}

TEST(Lifecycle, SM_18_a_server_that_was_connected_never_uses_the_first_ladder_again) {
  core::SeededRandom random(11);
  auto config = plain();
  config.initial_attempts = 1;
  config.reconnect_attempts = 3;
  Lifecycle life(config, random);
  life.on(Event::start);
  life.on(Event::connected);
  life.on(Event::lost);
  for (int i = 0; i < 3; ++i) {
    life.on(Event::attempt_failed);
    EXPECT_EQ(life.state(), State::backing_off);
    life.on(Event::wait_over);
  }
  life.on(Event::attempt_failed);
  EXPECT_EQ(life.state(), State::parked);
}

TEST(Lifecycle, SM_22_retry_after_is_a_lower_bound) {
  core::SeededRandom random(12);
  Lifecycle life(plain(), random);
  life.on(Event::start);
  EXPECT_EQ(life.on(Event::attempt_failed, 7s).wait, 7s);
  // A shorter one than our own wait does not make us hurry.
  EXPECT_GE(life.on(Event::attempt_failed, 0s).wait, 1600ms);
  life.on(Event::attempt_failed);
  EXPECT_EQ(life.on(Event::attempt_failed, 1000s).wait, 1000s);
  EXPECT_EQ(life.state(), State::parked);
}

TEST(Lifecycle, a_loss_that_is_reported_twice_counts_once) {
  core::SeededRandom random(13);
  Lifecycle life(plain(), random);
  life.on(Event::start);
  life.on(Event::connected);
  EXPECT_EQ(life.on(Event::lost).what, Do::connect);
  EXPECT_EQ(life.on(Event::lost).what, Do::nothing);
  EXPECT_EQ(life.state(), State::recovering);
}

/// A call that saw `parked` may ask when a login is needed already: the look for one goes on.
TEST(Lifecycle, what_has_no_row_is_not_expected) {
  core::SeededRandom random(13);
  Lifecycle life(plain(), random);
  life.on(Event::start);
  EXPECT_EQ(life.on(Event::login_needed).what, Do::wait);
  EXPECT_FALSE(life.expects(Event::wanted));
  EXPECT_TRUE(life.expects(Event::wait_over));
  EXPECT_TRUE(life.expects(Event::reconnect));
  EXPECT_EQ(life.on(Event::wanted).what, Do::nothing);
  EXPECT_EQ(life.state(), State::login_needed);
}

TEST(Lifecycle, every_state_has_the_word_of_the_contract) {
  EXPECT_EQ(to_string(State::suspect), "suspect");
  EXPECT_EQ(to_string(State::login_needed), "login_needed");
  EXPECT_EQ(to_string(State::idle), "idle");
  EXPECT_EQ(to_string(State::connecting), "connecting");
  EXPECT_EQ(to_string(State::ready), "ready");
  EXPECT_EQ(to_string(State::recovering), "recovering");
  EXPECT_EQ(to_string(State::backing_off), "backing_off");
  EXPECT_EQ(to_string(State::parked), "parked");
  EXPECT_EQ(to_string(State::failed), "failed");
  EXPECT_EQ(to_string(State::disabled), "disabled");
  EXPECT_EQ(to_string(State::stopped), "stopped");
}

}  // namespace
}  // namespace mooring::upstream
