#pragma once

#include <string>

#include "load/load.hpp"

namespace mooring::bench {

std::string report_as_text(const LoadReport& report);
/// One flat JSON object on one line; times in microseconds.
std::string report_as_json(const LoadReport& report);

}  // namespace mooring::bench
