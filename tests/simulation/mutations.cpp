#include "mutations.hpp"

#include <algorithm>
#include <array>

#include "recovery/rules.hpp"
#include "seeds.hpp"

namespace mooring::simulation {
namespace {

using recovery::Rule;

struct Named {
  Rule rule;
  std::string_view name;
};
constexpr std::array rules = {
    Named{Rule::newer_generation, "newer_generation"},
    Named{Rule::no_replay_on_unknown, "no_replay_on_unknown"},
    Named{Rule::initialized_first, "initialized_first"},
    Named{Rule::single_flight, "single_flight"},
    Named{Rule::breaker_closes, "breaker_closes"},
    Named{Rule::deadline, "deadline"},
    Named{Rule::repeat_limit, "repeat_limit"},
    Named{Rule::catalogue_stays, "catalogue_stays"},
    Named{Rule::cancelled_stays_cancelled, "cancelled_stays_cancelled"},
    Named{Rule::truthful_outcome, "truthful_outcome"},
    Named{Rule::unsafe_tools_stay, "unsafe_tools_stay"},
    Named{Rule::late_failure_ignored, "late_failure_ignored"},
    Named{Rule::flap_budget, "flap_budget"},
    Named{Rule::upstreams_are_apart, "upstreams_are_apart"},
};
// Whoever adds a rule is told to name it here.
static_assert(rules.size() == static_cast<std::size_t>(recovery::last_rule));

bool caught(const Named& rule, std::uint64_t most) {
  recovery::broken_rule = rule.rule;
  for (std::uint64_t seed = 1; seed <= most; ++seed) {
    const auto found = run_seed(seed).violation;
    if (!found) continue;
    fmt::print("{:<26} caught by seed {:>4}: {}: {}\n", rule.name, seed, found->rule, found->what);
    return true;
  }
  fmt::print("{:<26} NOT CAUGHT within {} seeds\n", rule.name, most);
  return false;
}

}  // namespace

bool break_rule(std::string_view name) {
  const auto found = std::ranges::find(rules, name, &Named::name);
  if (found == rules.end()) return false;
  recovery::broken_rule = found->rule;
  return true;
}

int check_mutations(std::uint64_t most) {
  bool all = true;
  for (const auto& rule : rules) {
    all = caught(rule, most) && all;
    std::fflush(stdout);
  }
  recovery::broken_rule = Rule::none;
  return all ? 0 : 1;
}

}  // namespace mooring::simulation
