#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/random.hpp"
#include "core/timers.hpp"
#include "recovery/episode.hpp"

namespace mooring::upstream {

/// The flight recorder of one upstream: writes each recovery down as an episode while it happens.
/// Belongs to the Supervisor's worker.
class Recorder {
 public:
  static constexpr std::size_t kept = 20;  ///< episodes
  static constexpr std::size_t most_steps = 30;
  /// How long calls that are accounted to an ended episode are gathered before they are told.
  static constexpr core::Duration settle = std::chrono::milliseconds(500);

  /// `tell` gets every episode when it begins, ends, or was accounted to since.
  Recorder(
      std::string server, core::Timers& timers, core::Random& random,
      std::function<void(const recovery::Episode&)> tell
  );
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// The session of `generation` failed. While an episode runs this is one more step of it. An
  /// episode that ended parked goes on.
  void begin(std::string_view cause, std::string_view evidence, std::uint64_t generation);
  void step(std::string what);
  void attempt();
  /// No effect unless one runs, or waits parked.
  void end(recovery::Episode::Outcome outcome, std::uint64_t generation);

  enum class Fate : std::uint8_t { saved, failed, unknown };
  /// What became of a call that failed with the session of `generation`.
  void account(std::uint64_t generation, Fate fate);

  /// Tells what is left to tell, and nothing of its own accord from then on. Before the timers go.
  void close();

  /// Of the episode that runs or, else, ended last; empty: there was none.
  std::string current_id() const;
  const std::vector<recovery::Episode>& episodes() const { return episodes_; }
  std::uint64_t recoveries() const { return recoveries_; }  ///< that ended with a new session
  std::uint64_t total(Fate fate) const { return totals_[static_cast<std::size_t>(fate)]; }

 private:
  bool open() const;  ///< the last episode runs or waits parked
  void told();

  std::string server_;
  core::Timers& timers_;
  std::function<void(const recovery::Episode&)> tell_;
  std::string prefix_;  ///< of ids
  std::uint64_t last_id_ = 0;
  core::TimePoint begun_{};
  std::vector<recovery::Episode> episodes_;
  std::uint64_t recoveries_ = 0;
  std::array<std::uint64_t, 3> totals_{};
  bool closed_ = false;
  core::Timers::Id untold_ = 0;  ///< armed while accounts wait to be told
};

}  // namespace mooring::upstream
