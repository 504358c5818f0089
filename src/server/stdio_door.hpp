#pragma once

#include <memory>
#include <string>

#include "gateway/front.hpp"
#include "io/worker.hpp"

namespace mooring::server {

/// MCP over stdin and stdout, the server's side: one message a line, one session for the life of
/// the process. `initialize` opens it on `endpoint`; whatever comes before gets −32600 ("not
/// initialized"), ping excepted; what comes before its answer waits for it.
class StdioDoor {
 public:
  StdioDoor(
      io::Worker& worker, gateway::Service& service, std::string endpoint,
      std::size_t max_line_bytes
  );
  ~StdioDoor();
  /// Runs until stdin ends or `stop`; returns after the requests in hand were answered.
  awaitable<void> run();
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mooring::server
