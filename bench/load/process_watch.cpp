#include "load/process_watch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace mooring::bench {

namespace {

/// utime and stime. The name of the process, which may hold anything, stands in brackets before
/// them.
std::optional<double> cpu_seconds(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  std::uint64_t user = 0, system = 0;
  if (!(rest >> user >> system)) return std::nullopt;
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

std::optional<ProcessUse> use_of_process(int pid) {
  const auto cpu = cpu_seconds(pid);
  if (!cpu) return std::nullopt;
  ProcessUse use;
  use.cpu_seconds = *cpu;
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name;
    std::uint64_t kilobytes = 0;
    if (!(fields >> name >> kilobytes)) continue;
    if (name == "VmRSS:") use.rss_bytes = kilobytes * 1024;
    if (name == "VmHWM:") use.peak_rss_bytes = kilobytes * 1024;
  }
  return use;
}

ProcessUse use_of_this_process() { return use_of_process(::getpid()).value_or(ProcessUse{}); }

}  // namespace mooring::bench
