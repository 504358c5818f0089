#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace mooring::soak {

struct SoakOptions {
  double minutes = 10;  ///< of faults
  std::uint64_t seed = 1;
  std::filesystem::path work;  ///< ledgers, configuration and logs; stays
};

/// Runs a gateway and its upstreams under faults and load, and judges it. Progress goes to stdout.
/// True: every invariant held. `interrupted` ends the faults early; what was seen is judged.
bool soak(const SoakOptions& options, const std::atomic<bool>& interrupted);

}  // namespace mooring::soak
