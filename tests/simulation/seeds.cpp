#include "seeds.hpp"

#include "simulation.hpp"

namespace mooring::simulation {
namespace {

/// Runs that were broken off: what waits in them cannot be ended in order, so they stay.
std::vector<std::unique_ptr<Simulation>>& abandoned() {
  static auto* const runs = new std::vector<std::unique_ptr<Simulation>>;
  return *runs;
}

}  // namespace

RunResult run_seed(std::uint64_t seed, bool tell) {
  auto simulation = std::make_unique<Simulation>(draw_scenario(seed), tell);
  simulation->run();
  RunResult result{simulation->violation(), simulation->fingerprint()};
  if (!simulation->ended()) abandoned().push_back(std::move(simulation));
  return result;
}

int run_seeds(std::uint64_t from, std::uint64_t count) {
  constexpr int most_told = 10;
  int failed = 0;
  for (auto seed = from; seed < from + count && failed < most_told; ++seed) {
    const auto result = run_seed(seed);
    if (!result.violation) continue;
    ++failed;
    const auto& found = *result.violation;
    fmt::print(
        "seed {} breaks \"{}\" at {} ms: {}\n  replay: simulation_test --seed {}\n", seed,
        found.rule, found.at.count(), found.what, seed
    );
    std::fflush(stdout);
  }
  if (failed == 0) fmt::print("{} seeds from {}: every promise was kept\n", count, from);
  return failed == 0 ? 0 : 1;
}

int replay(std::uint64_t seed) {
  fmt::print(stderr, "{}", describe(draw_scenario(seed)));
  const auto result = run_seed(seed, true);
  if (!result.violation) fmt::print("seed {}: every promise was kept\n", seed);
  return result.violation ? 1 : 0;
}

int check_replays(std::uint64_t from, std::uint64_t count) {
  for (auto seed = from; seed < from + count; ++seed) {
    if (run_seed(seed).fingerprint == run_seed(seed).fingerprint) continue;
    fmt::print("seed {} runs differently the second time\n", seed);
    return 1;
  }
  fmt::print("{} seeds from {}: the same twice\n", count, from);
  return 0;
}

}  // namespace mooring::simulation
