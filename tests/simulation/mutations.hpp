#pragma once

#include <cstdint>
#include <string_view>

namespace mooring::simulation {

/// Breaks one rule of recovery/rules.hpp from now on. False: there is none of that name.
bool break_rule(std::string_view name);

/// Breaks one rule after the other and runs seeds until that is noticed. Prints what was found; the
/// exit code is 0 if every rule was caught within `most` seeds.
int check_mutations(std::uint64_t most);

}  // namespace mooring::simulation
