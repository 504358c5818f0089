#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/front.hpp"
#include "io/async.hpp"
#include "io/http_server.hpp"
#include "server/event_stream.hpp"
#include "server/http_door.hpp"

namespace mooring::server {

/// The answer to one POST: a JSON body where the response is all there is to say, an SSE stream
/// otherwise. Becomes a stream with the first message before the response, after `stream_after`, or
/// at once (`always_stream`). A client that goes away does not end the request; what it missed
/// waits in the event stream.
class PostStream final : public gateway::Responder,
                         public std::enable_shared_from_this<PostStream> {
 public:
  PostStream(
      io::Worker& worker, const HttpDoorOptions& options, EventStreams& streams,
      io::TaskGroup& tasks, io::HttpExchange& exchange, gateway::ClientSessionPtr session,
      std::string request_id
  );
  ~PostStream() override;

  /// Before the request is handed on: starts the clocks.
  void begin(bool accepts_stream);
  /// After `begin`, where a stream is wanted at once.
  awaitable<void> open();
  /// After the request was handled and before the exchange ends: waits for writes under way.
  awaitable<void> close();
  /// The same where there is nothing to wait for. False: there is.
  bool close_now();

  awaitable<void> send(std::string message) override;
  awaitable<void> finish(std::string response) override;
  awaitable<bool> finish_part(std::string_view bytes) override;
  awaitable<void> finish_end(bool ok) override;
  void disconnect() override;
  bool can_send() const override { return accepts_stream_; }

 private:
  bool writable() const { return exchange_ != nullptr && !exchange_->peer_gone() && !detached_; }
  void arm(core::Duration delay);
  awaitable<void> tick(std::shared_ptr<PostStream> self);
  awaitable<void> start();
  awaitable<void> flush();
  bool try_lock() { return !std::exchange(writing_, true); }
  awaitable<void> lock();  ///< after try_lock said no
  void unlock();
  awaitable<void> detach();

  io::Worker& worker_;
  const HttpDoorOptions& options_;
  EventStreams& streams_;
  io::TaskGroup& tasks_;
  io::HttpExchange* exchange_;
  gateway::ClientSessionPtr session_;
  std::string request_id_;
  std::shared_ptr<EventStream> stream_;  ///< set once it is a stream
  std::uint64_t written_ = 0;            ///< place in stream_ up to which the client has it
  bool accepts_stream_ = true;
  bool finished_ = false, detached_ = false, in_parts_ = false;
  bool keeps_parts_ = false;  ///< the parts of the response go to `parts_`, not to the client
  std::string parts_;
  bool writing_ = false;
  core::Timers::Id timer_ = 0;
  std::optional<io::Event> unlocked_;  ///< made by the first who has to wait
};

}  // namespace mooring::server
