#pragma once

#include <memory>
#include <mooring/upstream_config.hpp>

#include "io/http_client.hpp"
#include "io/worker.hpp"
#include "transport/channel.hpp"
#include "transport/credentials.hpp"

namespace mooring::transport {

/// Client side of Streamable HTTP up to 2025-11-25 ("Transports"). One per worker and upstream, on
/// the worker's thread alone; it owns the connections. Calls that are still open when it is
/// destroyed end as aborted.
///
/// Headers: the configured ones first; they win over ours, except Accept, Content-Type and those of
/// session and framing. Whatever is held whole is at most `config.buffer_bytes`.
class HttpChannel final : public Channel {
 public:
  HttpChannel(
      io::Worker& worker, const UpstreamConfig& config, io::HttpClientOptions options,
      std::shared_ptr<const Credentials> credentials = nullptr
  );
  ~HttpChannel() override;

  awaitable<Outcome> request(OutgoingRequest request, Sink& sink) override;
  awaitable<std::optional<recovery::Failure>> notify(
      std::string bytes, std::shared_ptr<const SessionHeaders> session
  ) override;
  awaitable<ListenEnd> listen(
      std::shared_ptr<const SessionHeaders> session, std::string last_event_id, Sink& sink,
      io::AbortSource& abort
  ) override;
  awaitable<void> end_session(std::shared_ptr<const SessionHeaders> session) override;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mooring::transport
