#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/random.hpp"
#include "core/timers.hpp"
#include "everything/ledger.hpp"
#include "everything/options.hpp"
#include "everything/session.hpp"
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

  asio::any_io_executor executor;
  core::Timers& timers;
  Options options;
  Sessions sessions;
  Toolbox tools;
  std::map<std::string, std::uint64_t> counters;  ///< of the count tools
  Ledger ledger;                                  ///< of the same
  std::map<std::string, std::uint64_t> touched;   ///< how often, by URI
  std::uint64_t last_ask = 0;
  std::function<void()> crash;  ///< what the crash tool does
};

}  // namespace mooring::everything
