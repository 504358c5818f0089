#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "transport/channel.hpp"
#include "upstream/catalogue.hpp"
#include "upstream/handshake.hpp"
#include "upstream/state.hpp"

namespace mooring::upstream {

/// One standing session with an upstream. Immutable; every worker sends with it.
struct SessionView {
  std::uint64_t generation = 0;  ///< grows with every rebuild
  std::shared_ptr<const transport::SessionHeaders> headers;
  std::shared_ptr<transport::Channel>
      process;  ///< stdio: the one channel for all workers; empty for HTTP
  ServerIdentity server;
  /// The server has answered something else than `initialize` on it.
  std::shared_ptr<std::atomic<bool>> proven = std::make_shared<std::atomic<bool>>(false);
};

/// What a worker knows of an upstream: posted by the Supervisor whenever it changes, never shared
/// while it changes.
struct Snapshot {
  State state = State::stopped;
  std::shared_ptr<const SessionView> session;  ///< empty unless ready
  ServerIdentity server;                       ///< last known; stays while the server is away
  CataloguePtr catalogue;                      ///< last known good; empty before the first connect
  std::string last_error;
  std::optional<core::TimePoint> next_probe;
};

}  // namespace mooring::upstream
