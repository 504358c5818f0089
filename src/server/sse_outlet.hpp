#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"
#include "io/worker.hpp"

namespace mooring::server {

/// The one event stream of an HTTP+SSE client: what waits to be written, and the loop that writes
/// it. What belongs to a request waits for room, which is the backpressure; what belongs to none
/// does not wait, and cuts the stream when too much of it is unread. Nothing is kept for
/// resumption. On its worker's thread.
class SseOutlet : public std::enable_shared_from_this<SseOutlet> {
 public:
  /// `max_bytes`: what may be unread, of either sort; a single message may be larger.
  SseOutlet(io::Worker& worker, std::size_t max_bytes);
  SseOutlet(const SseOutlet&) = delete;
  SseOutlet& operator=(const SseOutlet&) = delete;

  /// Answers a GET: writes `first`, then every message as it comes, and a comment whenever there
  /// was nothing for so long. Returns when the stream has ended, however it did.
  awaitable<void> run(io::HttpExchange& exchange, std::string first, core::Duration comment_after);

  /// A message that belongs to a request. Returns when it is queued, or nobody reads any more.
  /// First come, first served.
  awaitable<void> say(std::string_view message);
  /// A message that belongs to none. False: it was one too many, and the stream is cut.
  bool tell(std::string_view message);

  void hurry();  ///< nobody waits for room any more
  void end();    ///< takes nothing more; what is queued still goes out
  void cut();    ///< at once
  bool is_open() const { return !closed_ && !ending_; }

 private:
  struct Piece {
    std::string bytes;
    bool told = false;
  };
  bool fits(std::size_t unread, std::size_t size) const {
    return unread == 0 || unread + size <= max_bytes_;
  }
  void push(std::string wire, bool told);
  awaitable<bool> write_next();
  void close();

  io::Worker& worker_;
  std::size_t max_bytes_;
  io::HttpExchange* exchange_ = nullptr;
  std::deque<Piece> queue_;
  std::size_t said_ = 0, told_ = 0;  ///< bytes that are not written yet
  std::uint64_t last_turn_ = 0, turn_ = 0;
  bool hurried_ = false, ending_ = false, closed_ = false;
  io::Event changed_;  ///< something for the loop
  io::Event room_;     ///< something was written
};

}  // namespace mooring::server
