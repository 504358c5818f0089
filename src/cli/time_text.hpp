#pragma once

#include <chrono>
#include <string>

/// Times as a person reads them.
namespace mooring::cli {

using Moment = std::chrono::system_clock::time_point;

/// "84 ms", "2.3 s", "90 s", "5 min", "3 h", "4 days"
std::string span(std::chrono::milliseconds duration);
/// "5 min ago"
std::string ago(Moment time, Moment now);
/// In local time, as much of it as tells it apart: "14:05:09" today, "Nov 21 23:14:07" otherwise,
/// "2025-11-21 23:14" long ago.
std::string when(Moment time, Moment now);

}  // namespace mooring::cli
