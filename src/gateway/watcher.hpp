#pragma once

#include <string>

#include "recovery/episode.hpp"

namespace mooring::gateway {

/// Told what upstreams go through, for those who show it. Called on any worker; must not block.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// The state of a server or what it lists changed. Empty: which servers there are.
  virtual void changed(const std::string& server) = 0;
  /// A recovery began, ended, or was found to have saved or lost another call.
  virtual void recovery(const recovery::Episode& episode) = 0;
};

}  // namespace mooring::gateway
