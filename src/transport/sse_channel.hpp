#pragma once

#include <memory>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <string>

#include "io/http_client.hpp"
#include "io/worker.hpp"
#include "transport/credentials.hpp"
#include "transport/process_channel.hpp"

namespace mooring::transport {

/// Client side of the deprecated HTTP+SSE transport (2024-11-05): everything the server says comes
/// on one event stream, everything for the server is posted to the endpoint which the stream names
/// first. The stream is the session: when it ends, every open call ends with it (`not_sent` when
/// not a byte of its POST was taken, else `unknown`), and there is nothing to resume.
///
/// Stream and connections live on the home worker; requests, notices and the listener may come from
/// any. Who gets what: see StdioRouter. An event over `config.buffer_bytes` ends the stream.
class SseChannel final : public ProcessChannel {
 public:
  /// Opens the stream and waits for its endpoint, at most `config.connect_timeout`. On the home
  /// worker's thread; `abort` is needed no longer than that. Reason::io is worth another try;
  /// login_needed: 401, 403 or 407; protocol: there is no such transport at this URL.
  static awaitable<Result<std::shared_ptr<ProcessChannel>>> open(
      io::Worker& home, UpstreamConfig config, io::HttpClientOptions options,
      io::AbortSource& abort, std::shared_ptr<const Credentials> credentials = nullptr
  );
  ~SseChannel() override;

  awaitable<Outcome> request(OutgoingRequest request, Sink& sink) override;
  awaitable<std::optional<recovery::Failure>> notify(
      std::string bytes, std::shared_ptr<const SessionHeaders> session
  ) override;
  awaitable<ListenEnd> listen(
      std::shared_ptr<const SessionHeaders> session, std::string last_event_id, Sink& sink,
      io::AbortSource& abort
  ) override;
  /// There is no word for it on the wire: closes the stream.
  awaitable<void> end_session(std::shared_ptr<const SessionHeaders> session) override;

  int pid() const override { return 0; }
  std::string stderr_tail() const override { return {}; }
  std::string first_noise() const override { return {}; }
  std::string exit_text() const override { return {}; }
  awaitable<void> close() override;

 private:
  class Core;
  explicit SseChannel(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
};

}  // namespace mooring::transport
