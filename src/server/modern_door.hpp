#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/timers.hpp"
#include "gateway/front.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"
#include "protocol/frame.hpp"

namespace mooring::server {

/// Streamable HTTP of the modern era (2026-07-28): each POST stands for itself. There are no
/// sessions, no GET stream and nothing to resume; a client that closes the connection has given its
/// request up.
class ModernDoor {
 public:
  /// `boot` names this start of the process; it makes the keys of requests unlike any others.
  ModernDoor(
      io::Worker& worker, gateway::Service& service, io::TaskGroup& tasks, core::Duration keepalive,
      std::string boot
  )
      : worker_(worker),
        service_(service),
        tasks_(tasks),
        keepalive_(keepalive),
        boot_(std::move(boot)),
        listen_ended_(worker.executor(), worker.timers()) {}

  /// True where a POST is of this era: its message says so, or its headers do.
  static bool is_meant(const io::HttpExchange& exchange, const protocol::Frame& frame);
  /// Answers it. Host, Origin, credentials and content type were checked before.
  awaitable<void> post(
      io::HttpExchange& exchange, protocol::Frame frame, std::string endpoint, std::string principal
  );
  /// Ends every `subscriptions/listen`.
  void end_listening();
  /// The same, and waits until their clients were told.
  awaitable<void> stop();

 private:
  void cancel(gateway::ClientSessionPtr session, std::string_view id, std::string_view reason);
  awaitable<void> request(
      io::HttpExchange& exchange, protocol::Frame frame, gateway::ClientSession session
  );

  io::Worker& worker_;
  gateway::Service& service_;
  io::TaskGroup& tasks_;
  core::Duration keepalive_;
  std::string boot_;
  std::uint64_t requests_ = 0;
  std::map<std::string, std::pair<gateway::ClientSessionPtr, std::string>>
      listens_;  ///< session and raw id, by the session's key
  io::Event listen_ended_;
};

}  // namespace mooring::server
