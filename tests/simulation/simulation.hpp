#pragma once

#include <memory>
#include <vector>

#include "channels.hpp"
#include "core/manual_timers.hpp"
#include "io/worker.hpp"
#include "scenario.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::simulation {

/// One run: real supervisors and links over scripted servers, time that stands still between
/// events, and the workers' loops turned by hand on one thread. Every promise of DESIGN's list is
/// checked after each step.
class Simulation {
 public:
  /// `tell`: the story on stderr.
  Simulation(Scenario scenario, bool tell);
  ~Simulation();

  void run();
  const std::optional<Violation>& violation() const { return scene_.violation(); }
  std::uint64_t fingerprint() const { return scene_.fingerprint(); }
  bool ended() const { return ended_; }  ///< orderly: it may be destroyed

 private:
  struct Call;
  struct Server;
  class Recorded;

  void build();
  void turn();
  bool run_one_handler();
  bool step_until(TimePoint until);
  void advance_timers();
  void check();
  void check_calls();
  void check_catalogue(Server& server);

  void launch(const CallPlan& plan);
  void call_ended(Call& call);
  void trouble();
  void ask(Server& server, Event event);
  void calm_down();
  void last_calls();
  void stop();
  void check_nothing_left();
  void release();
  bool broken() const { return scene_.violation().has_value(); }

  Scenario scenario_;
  Scene scene_;
  Draw draw_;
  Ledger ledger_;
  core::SeededRandom random_;
  std::unique_ptr<Recorded> observer_;
  std::vector<core::ManualTimers*> timers_;  ///< owned by the workers
  std::vector<std::unique_ptr<io::Worker>> workers_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::vector<std::shared_ptr<Call>> calls_;  ///< those that are under way
  bool ended_ = false;
};

}  // namespace mooring::simulation
