#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "core/random.hpp"
#include "core/seal.hpp"
#include "core/timers.hpp"
#include "everything/ledger.hpp"
#include "everything/options.hpp"
#include "everything/session.hpp"
#include "everything/tasks.hpp"
#include "everything/toolbox.hpp"
#include "io/asio.hpp"

namespace mooring::everything {

/// Everything that outlives a session. One per process, on the worker's thread only.
struct World {
  World(asio::any_io_executor on, core::Timers& clock, core::Random& random, Options given);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// To every client that listens.
  void broadcast(const std::string& message);
  /// A resource changed: tells its subscribers.
  void touch(const std::string& uri);
  /// What a request runs: a tool that the client can see, or a prompt that asks it first. Null:
  /// nothing.
  const Tool* runs(const gateway::ClientSession& client, const protocol::Frame& request) const;

  asio::any_io_executor executor;
  core::Timers& timers;
  core::Random& random;
  Options options;
  Sessions sessions;
  std::set<SessionPtr> listens;  ///< of modern clients, for as long as their streams stand
  Tasks tasks;                   ///< of modern clients
  Toolbox tools;
  Toolbox asking_prompts;
  std::map<std::string, std::uint64_t> counters;  ///< of the count tools
  Ledger ledger;                                  ///< of the same
  std::map<std::string, std::uint64_t> touched;   ///< how often, by URI
  bool dynamic_prompt = false;                    ///< there is one more than usual
  std::uint64_t last_ask = 0;
  core::Sealer sealer;          ///< of the state of modern calls
  std::function<void()> crash;  ///< what the crash tool does
};

}  // namespace mooring::everything
