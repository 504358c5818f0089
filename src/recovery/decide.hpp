#pragma once

#include <cstdint>
#include <mooring/upstream_config.hpp>
#include <string>
#include <string_view>

#include "recovery/classify.hpp"

namespace mooring::recovery {

/// At most so many repeats of one call, each on a newer generation.
inline constexpr int max_repeats = 5;

/// One failed attempt of one call, concluded.
struct Attempted {
  Conclusion conclusion;
  Delivery delivery = Delivery::unknown;
  std::string_view method;  ///< JSON-RPC
  bool harmless = false;    ///< readOnlyHint, idempotentHint, or the operator's word for this tool
  ReplayPolicy policy = ReplayPolicy::safe;
  int repeats = 0;  ///< so often it was sent again before
  bool generation_served =
      true;  ///< the generation it failed on has answered some request of a client
};

/// What follows.
struct Plan {
  enum class Heal : std::uint8_t {
    nothing,
    rebuild,      ///< the session is gone: the next generation
    verify,       ///< ask on the same session; its answer decides between rebuild and nothing
    check,        ///< the connection broke: the session may live; look before the next request
    reauthorize,  ///< credentials first
  } heal = Heal::nothing;
  bool repeat = false;  ///< send it again once that is done
  /// Before it is repeated, the new generation has to answer something: the last one was lost
  /// before it served anybody.
  bool prove = false;
  std::string_view because;  ///< why it is or is not repeated; a literal
};

/// The rule of requirements.md: delivery decides replay; one repeat, and more only where the
/// generation had lived.
Plan decide(const Attempted& attempted);

/// What changes nothing at the server by its method alone: lists, reads, gets, completion, ping.
bool changes_nothing(std::string_view method);
/// How far the request got in the light of the conclusion: a complete answer that only finds fault
/// with the session came before dispatch.
Delivery delivery_of(const Failure& failure, const Conclusion& conclusion);

/// The probe on the same session failed as the request had: status and code alike, ids and words
/// aside (EXP-24).
bool same_fault(const Failure& failure, const Failure& probe);
/// What an ambiguous failure turns into once that is so. What turns away two different requests
/// alike stands before dispatch, so neither was executed; only of a 5xx that cannot be said.
Conclusion proven_lost(const Failure& failure);

}  // namespace mooring::recovery
