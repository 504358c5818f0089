#pragma once

#include <functional>
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
  /// When the requests in hand take longer than `patience` after the last line was read, `give_up`
  /// is called once: it ends them. Without, they take what they take.
  void limit_drain(core::Duration patience, std::function<void()> give_up);
  /// Runs until stdin ends or `stop`; returns after the requests in hand were answered.
  awaitable<void> run();
  void stop();
  bool draining() const;  ///< nothing is read any more

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mooring::server
