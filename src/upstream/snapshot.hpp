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
  ClientIdentity client;  ///< modern: what every request says of us
  /// The server has answered something else than `initialize` on it.
  std::shared_ptr<std::atomic<bool>> proven = std::make_shared<std::atomic<bool>>(false);
  /// It has answered a request of a client.
  std::shared_ptr<std::atomic<bool>> served = std::make_shared<std::atomic<bool>>(false);
};

/// One worker's use of an upstream: written by its Link, read by the Supervisor.
struct Activity {
  std::atomic<std::uint32_t> in_flight{0};  ///< calls sent and not ended
  std::atomic<std::uint32_t> tasks{0};      ///< calls that became a task, and wait for its end
  std::atomic<core::TimePoint> last_used{core::TimePoint{}};
};

/// What a worker knows of an upstream: posted by the Supervisor whenever it changes, never shared
/// while it changes.
struct Snapshot {
  State state = State::stopped;
  std::shared_ptr<const SessionView> session;  ///< empty unless ready
  ServerIdentity server;                       ///< last known; stays while the server is away
  CataloguePtr catalogue;                      ///< last known good; empty before the first connect
  std::string last_error;
  std::string failure_kind;  ///< of the last failure, a word of recovery::Kind
  std::string login;         ///< the command that signs in to this server; empty: nobody can
  std::optional<core::TimePoint> next_probe;
  std::string recovery_id;  ///< of the recovery that runs, or the last one
  std::uint64_t ended_generation =
      0;  ///< up to it sessions were ended on purpose: calls on them end, too
  bool draining =
      false;  ///< the Supervisor waits for the calls in flight: tell it when none is left
  bool asks_clients = false;    ///< the server has asked a client something (Supervisor::has_asked)
  bool breaker_counts = false;  ///< a success would change the breaker
  std::optional<core::TimePoint> breaker_open_until;  ///< calls are refused until then
};

}  // namespace mooring::upstream
