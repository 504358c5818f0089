#pragma once

#include <cstdint>

namespace mooring::recovery {

/// The rules whose breaking the simulation has to notice. In the product all hold, at compile time;
/// the mutation check builds with MOORING_BREAKABLE and breaks one at a time.
enum class Rule : std::uint8_t {
  none,
  newer_generation,           ///< a repeat travels on a newer generation only
  no_replay_on_unknown,       ///< what may have run is not sent again
  initialized_first,          ///< nothing on a session before its `initialized` was accepted
  single_flight,              ///< one rebuild at a time
  breaker_closes,             ///< after a success
  deadline,                   ///< a call ends at its deadline
  repeat_limit,               ///< the number of repeats is bounded
  catalogue_stays,            ///< while the server is away
  cancelled_stays_cancelled,  ///< a cancelled call is not sent
  truthful_outcome,           ///< `not_executed` only where that is certain
  unsafe_tools_stay,          ///< hints decide, not the method alone
  late_failure_ignored,       ///< a failure of an older generation does not end the current one
  flap_budget,                ///< sessions that answer nothing are not rebuilt without end
  upstreams_are_apart,        ///< one upstream's trouble stays its own
};
inline constexpr auto last_rule = Rule::upstreams_are_apart;

#ifdef MOORING_BREAKABLE
extern Rule broken_rule;
inline bool holds(Rule rule) { return broken_rule != rule; }
#else
constexpr bool holds(Rule) { return true; }
#endif

}  // namespace mooring::recovery
