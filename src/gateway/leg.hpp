#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "gateway/front.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "protocol/frame.hpp"

namespace mooring::gateway {

/// The answer to one request of a modern client, on its way from a call that may run on another
/// worker. Shared by both.
class Leg : public std::enable_shared_from_this<Leg> {
 public:
  /// `log_level`: the least severe that the request wants to hear of; empty: none.
  Leg(io::Worker& worker, const protocol::Frame& request, std::string log_level);

  // From any worker:
  /// A notification of the call, as this request may hear it: progress under its own token, log
  /// messages that it wants.
  void put(const protocol::Frame& notification);
  /// The whole response, whatever id it has. What comes after the first is ignored.
  void end(std::string response);

  /// On its own worker. False: `abort` fired before the response was there.
  awaitable<bool> deliver(Responder& to, io::AbortSource& abort);

 private:
  void put_bytes(std::string message);

  io::Worker& worker_;
  const std::string id_, progress_token_, log_level_;
  // On the worker's thread alone:
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::optional<std::string> response_;
  io::Event arrived_;
};

}  // namespace mooring::gateway
