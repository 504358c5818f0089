#pragma once

#include <optional>
#include <string>

#include "io/asio.hpp"
#include "protocol/frame.hpp"
#include "recovery/episode.hpp"
#include "upstream/catalogue.hpp"
#include "upstream/state.hpp"

namespace mooring::upstream {

/// Told what an upstream does on its own. Called on the upstream's home worker; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  /// The published snapshot changed in its state or in what it lists.
  virtual void changed(const std::string& server) = 0;
  /// What is served differs from before in this list (never called for the first catalogue of a
  /// server).
  virtual void list_changed(const std::string& server, ListKind kind) = 0;
  /// A notification that belongs to no call: logging, resources/updated, or one we do not know.
  virtual void notification(const std::string& server, const protocol::Frame& frame) = 0;
  /// A request that belongs to no call. The whole JSON-RPC response; empty: declined.
  virtual awaitable<std::optional<std::string>> request(
      const std::string& server, const protocol::Frame& frame
  ) = 0;
  /// A recovery began, ended, or was found to have saved or lost another call.
  virtual void recovery(const recovery::Episode& /*episode*/) {}
};

}  // namespace mooring::upstream
