#include "recovery/flap_budget.hpp"

#include "recovery/rules.hpp"

namespace mooring::recovery {

bool FlapBudget::spend(core::TimePoint now) {
  std::erase_if(spent_, [&](core::TimePoint at) { return now - at >= window; });
  if (std::ssize(spent_) >= rebuilds) return !holds(Rule::flap_budget);
  spent_.push_back(now);
  return true;
}

}  // namespace mooring::recovery
