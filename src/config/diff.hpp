#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"

namespace mooring::config {

/// What a reload has to do. Names in the order of the newer configuration; removed ones in that of
/// the older.
struct Diff {
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<std::string> changed;    ///< its settings, or whether it can be started
  std::vector<std::string> unchanged;  ///< keeps its sessions
  bool gateway_changed = false;

  bool empty() const;  ///< nothing to do
};

Diff diff(const Config& before, const Config& after);

}  // namespace mooring::config
