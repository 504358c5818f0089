#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "gateway/front.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"

namespace mooring::gateway {

/// The answer to one request of a modern client, on its way from a call that may run on another
/// worker. Shared by both.
class Leg : public std::enable_shared_from_this<Leg> {
 public:
  /// `id` raw, of the request.
  Leg(io::Worker& worker, std::string id);

  // From any worker:
  void put(std::string message);
  /// The whole response, whatever id it has. What comes after the first is ignored.
  void end(std::string response);

  /// On its own worker. False: `abort` fired before the response was there.
  awaitable<bool> deliver(Responder& to, io::AbortSource& abort);

 private:
  io::Worker& worker_;
  std::string id_;
  // On the worker's thread alone:
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::optional<std::string> response_;
  io::Event arrived_;
};

}  // namespace mooring::gateway
