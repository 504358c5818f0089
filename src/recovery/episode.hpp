#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mooring::recovery {

/// One healing, from the first failure to its outcome: what `mooring status SERVER` and
/// `/api/v1/recoveries` tell. A value.
struct Episode {
  using Time = std::chrono::system_clock::time_point;
  enum class Outcome : std::uint8_t {
    running,
    healed,      ///< a new session stands
    kept,        ///< the old session proved alive
    parked,      ///< given up for now; probed slowly
    login,       ///< a person has to sign in
    superseded,  ///< the server was stopped, removed or recycled meanwhile
  };
  struct Step {
    std::chrono::milliseconds at{0};  ///< since `begun`
    std::string what;                 ///< "initialize: connection refused", "session s-2 stands"
  };

  std::string id;  ///< "r-<boot>-<n>"; `recovery_id` of errors
  std::string server;
  std::string cause;     ///< a word: recovery::Kind, or process_gone, request
  std::string evidence;  ///< one sentence, redacted
  Time begun{};
  std::chrono::milliseconds took{0};  ///< until the outcome; so far while running
  Outcome outcome = Outcome::running;
  std::vector<Step> steps;  ///< bounded: the first 30
  std::uint64_t generation_before = 0, generation_after = 0;
  std::uint64_t attempts = 0;
  // Calls that failed with the session and what became of them; still counted after the outcome.
  std::uint64_t calls_saved = 0;    ///< repeated, and answered
  std::uint64_t calls_failed = 0;   ///< certainly not executed, and told so
  std::uint64_t calls_unknown = 0;  ///< may have run; not repeated
};

std::string_view to_string(Episode::Outcome outcome);
/// Of a word that a later Mooring wrote we can only tell that it is over: superseded.
Episode::Outcome outcome_of(std::string_view word);

}  // namespace mooring::recovery
