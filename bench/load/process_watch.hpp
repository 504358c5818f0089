#pragma once

#include <cstdint>
#include <optional>

namespace mooring::bench {

/// What a process has used so far, as /proc tells it.
struct ProcessUse {
  double cpu_seconds = 0;  ///< user and system, all threads
  std::uint64_t rss_bytes = 0;
  std::uint64_t peak_rss_bytes = 0;
};

/// Nothing: there is no such process.
std::optional<ProcessUse> use_of_process(int pid);
ProcessUse use_of_this_process();

}  // namespace mooring::bench
