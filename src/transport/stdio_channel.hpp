#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>
#include <string>
#include <string_view>

#include "io/worker.hpp"
#include "transport/process_channel.hpp"

namespace mooring::transport {

/// MCP over stdin and stdout of a child process ("Transports", stdio). The child lives on its home
/// worker; requests, notices and the listener may come from any worker, which gets results and
/// messages back on its own thread, in order.
///
/// Who gets what the server says: see StdioRouter. Messages for the listener wait (bounded) until
/// there is one. When the process ends every open call fails at once: `not_sent` if its bytes were
/// not taken, else `unknown`.
class StdioChannel final : public ProcessChannel {
 public:
  struct Hooks {
    std::function<void(int pid)> on_start;                  ///< before anything is read
    std::function<void(std::string_view bytes)> on_stderr;  ///< on the home worker
    io::AbortSource* abort = nullptr;  ///< of the home worker; ends the attempt to start it
  };

  /// Starts the process with exactly `env`. On any worker's thread.
  static awaitable<Result<std::shared_ptr<StdioChannel>>> open(
      io::Worker& home, UpstreamConfig config, std::map<std::string, std::string> env, Hooks hooks
  );
  static awaitable<Result<std::shared_ptr<StdioChannel>>> open(
      io::Worker& home, UpstreamConfig config
  );
  ~StdioChannel() override;

  awaitable<Outcome> request(OutgoingRequest request, Sink& sink) override;
  awaitable<std::optional<recovery::Failure>> notify(
      std::string bytes, std::shared_ptr<const SessionHeaders> session
  ) override;
  awaitable<ListenEnd> listen(
      std::shared_ptr<const SessionHeaders> session, std::string last_event_id, Sink& sink,
      io::AbortSource& abort
  ) override;
  awaitable<void> end_session(std::shared_ptr<const SessionHeaders> session) override;

  int pid() const override;
  std::string stderr_tail() const override;
  std::string first_noise() const override;
  std::size_t noise_lines() const;
  std::string exit_text() const override;
  awaitable<void> close() override;

 private:
  class Core;
  explicit StdioChannel(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  static awaitable<Result<std::shared_ptr<StdioChannel>>> open_at_home(
      io::Worker& home, UpstreamConfig config, std::map<std::string, std::string> env, Hooks hooks
  );

  std::shared_ptr<Core> core_;
};

}  // namespace mooring::transport
