#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "io/async.hpp"
#include "ledger.hpp"
#include "protocol/frame.hpp"
#include "transport/channel.hpp"
#include "weather.hpp"

namespace mooring::simulation {

struct Process;

/// One message to a server and what comes back. Shared by the channel that waits and the server
/// that works on it, which does not stop when nobody waits any more.
struct Exchange {
  Exchange(asio::any_io_executor executor, core::Timers& timers) : changed(executor, timers) {}

  // What was sent.
  std::string method, id, key, cursor, progress_token;
  bool is_request = false;
  bool from_client = false;
  bool meets = false;  ///< with it a session begins
  std::shared_ptr<const transport::SessionHeaders> headers;
  std::string token;                 ///< access token
  std::uint64_t credentials = 0;     ///< their version
  std::shared_ptr<Session> session;  ///< the one it names
  std::shared_ptr<Process> process;  ///< stdio
  std::size_t attempt = 0;           ///< in the ledger

  // On its way.
  Fault fault = Fault::none;
  bool written = false;   ///< a byte of it left us
  bool given_up = false;  ///< nobody waits
  bool cut = false;       ///< its connection broke
  bool ran = false;

  // What comes back.
  io::Event changed;
  std::deque<protocol::Frame> messages;
  std::optional<transport::Outcome> outcome;  ///< of a notification that was accepted: all empty
};
using ExchangePtr = std::shared_ptr<Exchange>;

/// An event stream of a server, or all that a process says.
struct Stream {
  Stream(asio::any_io_executor executor, core::Timers& timers) : changed(executor, timers) {}

  std::shared_ptr<Session> session;
  std::shared_ptr<Process> process;
  io::Event changed;
  std::deque<protocol::Frame> messages;
  std::optional<transport::ListenEnd> end;
};
using StreamPtr = std::shared_ptr<Stream>;

/// A child as its server sees it.
struct Process {
  int pid = 0;
  bool alive = true;
  bool closed = false;  ///< we have ended it
};

}  // namespace mooring::simulation
