#pragma once

#include <cstdint>
#include <optional>

#include "scene.hpp"

namespace mooring::simulation {

struct RunResult {
  std::optional<Violation> violation;
  std::uint64_t fingerprint = 0;
};
/// `tell`: the story on stderr.
RunResult run_seed(std::uint64_t seed, bool tell = false);

// Each prints what it found and returns the exit code.
int run_seeds(std::uint64_t from, std::uint64_t count);
int replay(std::uint64_t seed);
int check_replays(std::uint64_t from, std::uint64_t count);

}  // namespace mooring::simulation
