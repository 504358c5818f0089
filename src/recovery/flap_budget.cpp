#include "recovery/flap_budget.hpp"

#include "recovery/rules.hpp"

namespace mooring::recovery {

bool FlapBudget::spend(core::TimePoint now) {
  while (!spent_.empty() && now - spent_.front() >= window) spent_.pop_front();
  if (std::ssize(spent_) >= rebuilds) return !holds(Rule::flap_budget);
  spent_.push_back(now);
  return true;
}

}  // namespace mooring::recovery
