#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/timers.hpp"
#include "gateway/front.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"

namespace mooring::server {

/// The answer to a POST of the modern era: JSON where the response is all there is to say, else
/// server-sent events without ids: what is lost with the connection is lost (2026-07-28
/// "Transports"). Becomes a stream with the first message, or when `keepalive` has passed without
/// one; comments keep it open.
class ModernPost final : public gateway::Responder,
                         public std::enable_shared_from_this<ModernPost> {
 public:
  ModernPost(
      io::Worker& worker, io::TaskGroup& tasks, io::HttpExchange& exchange, core::Duration keepalive
  );
  ~ModernPost() override;

  /// Before the request is handed on.
  void begin() { arm(); }
  /// After it was handled, before the exchange ends: waits for writes under way.
  awaitable<void> close();

  awaitable<void> send(std::string message) override;
  awaitable<void> finish(std::string response) override;
  awaitable<bool> finish_part(std::string_view bytes) override;
  awaitable<void> finish_end(bool ok) override;

 private:
  bool writable() const { return exchange_ != nullptr && !exchange_->peer_gone(); }
  void arm();
  awaitable<void> tick();
  awaitable<void> start();
  awaitable<void> lock();
  void unlock();

  io::Worker& worker_;
  io::TaskGroup& tasks_;
  io::HttpExchange* exchange_;
  core::Duration keepalive_;
  bool streaming_ = false, finished_ = false, in_parts_ = false, writing_ = false;
  core::Timers::Id timer_ = 0;
  io::Event unlocked_;
};

}  // namespace mooring::server
