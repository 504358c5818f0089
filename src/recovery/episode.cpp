#include "recovery/episode.hpp"

namespace mooring::recovery {

std::string_view to_string(Episode::Outcome outcome) {
  switch (outcome) {
    case Episode::Outcome::running:
      return "running";
    case Episode::Outcome::healed:
      return "healed";
    case Episode::Outcome::kept:
      return "kept";
    case Episode::Outcome::parked:
      return "parked";
    case Episode::Outcome::login:
      return "login";
    case Episode::Outcome::superseded:
      return "superseded";
  }
  return {};
}

Episode::Outcome outcome_of(std::string_view word) {
  using enum Episode::Outcome;
  for (const auto each : {running, healed, kept, parked, login}) {
    if (to_string(each) == word) return each;
  }
  return superseded;
}

}  // namespace mooring::recovery
