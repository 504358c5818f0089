#pragma once

#include <atomic>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>

#include "io/async.hpp"
#include "io/worker.hpp"
#include "protocol/sse.hpp"
#include "transport/http_wire.hpp"
#include "transport/pending_call.hpp"
#include "transport/sse_channel.hpp"
#include "transport/switchboard.hpp"

namespace mooring::transport {

/// The part of an SseChannel that lives on the home worker. Everything is called there, except
/// where it says otherwise.
class SseChannel::Core {
 public:
  using Self = std::shared_ptr<Core>;
  using Session = std::shared_ptr<const SessionHeaders>;

  Core(
      io::Worker& home, const UpstreamConfig& config, io::HttpClientOptions options,
      std::shared_ptr<const Credentials> credentials
  );

  /// Opens the stream and learns the endpoint.
  static awaitable<Result<void>> connect(Self self);
  static void start(const Self& self);
  /// Ends the stream, or the attempt to open it.
  void hang_up() { hang_up_.abort(); }

  static void submit(const Self& self, std::shared_ptr<PendingCall> call, Session session);
  /// The caller gave up: what still comes for the call is ignored.
  void forget(PendingCall& call);
  static awaitable<std::optional<recovery::Failure>> notify(
      Self self, std::string bytes, Session session
  );
  void listen(std::shared_ptr<Mailbox> listener);
  void unlisten(const std::shared_ptr<Mailbox>& listener);
  static awaitable<void> close(Self self);

  // On any thread:
  io::Worker& home() const { return home_; }
  std::size_t buffer_bytes() const { return buffer_bytes_; }
  bool closed() const { return closed_; }

 private:
  Result<void> broken_off(const io::HttpFailure& broken) const;
  awaitable<Result<void>> refused();
  awaitable<Result<void>> await_endpoint(core::TimePoint deadline);
  Result<void> use_endpoint(std::string_view uri);
  static awaitable<void> read(Self self);
  void take(protocol::SseEvent event);
  static awaitable<void> post(Self self, std::shared_ptr<PendingCall> call, Session session);
  awaitable<Outcome> exchange(PendingCall& call, const Session& session, io::AbortSource& abort);
  awaitable<Outcome> accepted(HttpWire::Response response, const PendingCall& call);
  void bury(std::string why);
  recovery::Failure failure(recovery::Delivery delivery, std::string_view method) const;
  core::TimePoint after(core::Duration delay) const { return home_.timers().now() + delay; }

  io::Worker& home_;
  std::string name_;
  std::size_t buffer_bytes_;
  core::Duration connect_timeout_, timeout_, timeout_max_;
  std::atomic<bool> closed_ = false;  ///< somebody has begun to close

  HttpWire wire_;
  HttpWire::Response stream_;
  protocol::SseDecoder decoder_;
  Switchboard switchboard_;
  io::AbortSource hang_up_;
  io::AbortSource buried_;  ///< stops every POST that is still under way
  bool dead_ = false;
  std::string why_;  ///< it is dead
  io::Event gone_;   ///< close() is through
  io::TaskGroup tasks_;
};

}  // namespace mooring::transport
