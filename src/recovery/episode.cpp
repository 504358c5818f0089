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

}  // namespace mooring::recovery
