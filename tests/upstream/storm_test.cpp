// EXP-31 and EXP-32: sessions dropped under load, in time that is only counted. The server keeps a
// ledger of what it executed.
#include "protocol/json_scan.hpp"
#include "steps.hpp"
#include "world.hpp"

namespace mooring::upstream {
namespace {

constexpr core::Duration between_drops = 50ms;
constexpr core::Duration duration = 10s;

/// Callers that call on and on, a server whose sessions are dropped, and what came of each call.
class Storm {
 public:
  Storm(bool read_only, std::uint64_t seed)
      : world_(World::http(), 2),
        luck_(seed),
        dropped_(world_.home().executor(), world_.home().timers()) {
    if (read_only) world_.server->hints["count"] = R"({"readOnlyHint":true})";
    world_.server->tools = {"count"};
    world_.connect();
    world_.server->always["tools/call"] = [this](FakeServer::Ask ask) { return work(ask); };
    world_.server->always["initialize"] = [this](FakeServer::Ask ask) { return shake(ask); };
  }

  void run(std::size_t callers) {
    const auto until = world_.now() + duration;
    for (std::size_t i = 0; i < callers; ++i) {
      asio::co_spawn(world_.worker(i % 2).executor(), caller(i % 2, until), rethrow);
    }
    while (world_.now() < until) {
      world_.advance(between_drops);
      world_.server->expire_sessions();
      ++drops_;
      dropped_.notify();
      world_.turn();
    }
    // Nobody waits longer than for one rebuild and its own call.
    world_.advance(30s);
  }

  World world_;
  std::map<std::string, int> told_;  ///< the errors
  std::vector<int> executed_;        ///< so often, by the number of the call
  std::size_t answered_ = 0, not_executed_ = 0, unknown_ = 0, lies_ = 0, under_way_ = 0, drops_ = 0;

 private:
  static void rethrow(const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
  }
  core::Duration some(int least, int most) {
    return core::Duration(
        least + static_cast<int>(luck_.next() % static_cast<unsigned>(most - least))
    );
  }

  awaitable<void> caller(std::size_t worker, core::TimePoint until) {
    while (world_.now() < until) {
      const auto number = executed_.size();
      executed_.push_back(0);
      World::Call call(protocol::make_request(
          "1", "tools/call", fmt::format(R"({{"name":"count","arguments":{{"n":{}}}}})", number)
      ));
      CallRequest request;
      request.frame = &call.frame;
      request.sink = &call.sink;
      ++under_way_;
      const auto result = co_await world_.links[worker]->call(std::move(request));
      --under_way_;
      tell(result, executed_[number]);
      // Who is refused does not ask again in the same moment.
      if (result.error)
        co_await io::sleep_until(world_.worker(worker).timers(), world_.now() + 10ms);
    }
  }
  void tell(const CallResult& result, int executed) {
    if (result.response) {
      ++answered_;
      lies_ += executed == 0 ? 1 : 0;
    } else if (result.error->not_executed()) {
      ++told_[result.error->message];
      ++not_executed_;
      lies_ += executed != 0 ? 1 : 0;
    } else {
      ++told_[result.error->message];
      ++unknown_;
    }
  }

  awaitable<transport::Outcome> shake(FakeServer::Ask ask) {
    co_await io::sleep_until(world_.home().timers(), world_.now() + 3ms);
    co_return world_.server->open(ask);
  }
  /// A drop cuts some of the connections of the calls that run, before or after their work is done.
  awaitable<transport::Outcome> work(FakeServer::Ask ask) {
    co_await io::sleep_until(world_.home().timers(), world_.now() + 1ms);
    if (!world_.server->admits(ask.request.session->session_id)) co_return lost();
    const auto arguments = protocol::member(ask.params, "arguments");
    const auto number = std::stoul(std::string(*protocol::member(*arguments, "n")));
    const bool early = luck_.next() % 2 == 0;
    if (early) ++executed_[number];
    const auto end = world_.now() + some(5, 40);
    while (world_.now() < end) {
      const bool drop = co_await dropped_.wait(end, ask.request.abort);
      if (drop && luck_.next() % 30 == 0) co_return outcome(reset());
    }
    if (!early) ++executed_[number];
    co_return outcome(protocol::make_result(ask.request.id, "{}"));
  }

  core::SeededRandom luck_;
  io::Event dropped_;
};

TEST(Storm, EXP_31_a_thousand_read_only_callers_notice_no_drop) {
  Storm storm(true, 31);
  storm.run(1000);
  EXPECT_EQ(storm.under_way_, 0u) << "hangs";
  EXPECT_EQ(storm.not_executed_ + storm.unknown_, 0u)
      << "failed calls: " << testing::PrintToString(storm.told_);
  EXPECT_EQ(storm.lies_, 0u);
  EXPECT_EQ(storm.answered_, storm.executed_.size());
  EXPECT_GT(storm.answered_, 10000u);
  EXPECT_EQ(storm.drops_, 200u);
  EXPECT_LE(storm.world_.server->count("initialize"), storm.drops_ + 1);
  EXPECT_EQ(storm.world_.status().in_flight, 0u);
}

TEST(Storm, EXP_32_no_call_runs_twice_and_every_caller_is_told_exactly) {
  for (const auto seed : {1u, 2u}) {
    Storm storm(false, seed);
    storm.run(200);
    EXPECT_EQ(storm.under_way_, 0u) << "hangs, seed " << seed;
    EXPECT_LE(*std::ranges::max_element(storm.executed_), 1) << "seed " << seed;
    EXPECT_EQ(storm.lies_, 0u) << "seed " << seed;
    EXPECT_GT(storm.unknown_, 0u) << "the storm was no storm";
    EXPECT_GT(storm.answered_, 2000u);
    EXPECT_LE(storm.world_.server->count("initialize"), storm.drops_ + 1);
    const auto status = storm.world_.status();
    EXPECT_EQ(status.calls_unknown, storm.unknown_);
    EXPECT_LE(status.calls_failed, storm.not_executed_);
  }
}

}  // namespace
}  // namespace mooring::upstream
