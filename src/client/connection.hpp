#pragma once

#include <condition_variable>
#include <future>
#include <memory>
#include <mooring/client.hpp>
#include <mutex>
#include <string>
#include <string_view>

#include "io/worker.hpp"
#include "transport/factory.hpp"
#include "upstream/link.hpp"
#include "upstream/observer.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::client {

/// The thread behind a Client: one worker with one Supervisor and one Link. Public functions block
/// and may be called from any thread but the worker's own.
class Connection final : public upstream::Observer {
 public:
  Connection(UpstreamConfig config, ClientOptions options);
  /// Ends the session; waits a few seconds for the server to take note.
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Once, before anything else.
  Result<void> open();
  /// The raw result object. `params` is a JSON object.
  Result<std::string> request(
      std::string_view method, std::string_view params, const CallOptions& options
  );
  /// Last known; stays while the server is away.
  upstream::ServerIdentity server() const;
  const UpstreamConfig& config() const { return *config_; }

  // upstream::Observer, on the worker
  void changed(const std::string& server) override;
  void list_changed(const std::string& server, upstream::ListKind kind) override;
  void notification(const std::string& server, const protocol::Frame& frame) override;
  awaitable<std::optional<std::string>> request(
      const std::string& server, const protocol::Frame& frame
  ) override;

 private:
  struct Call;

  void start();
  awaitable<void> run(std::shared_ptr<Call> call);
  awaitable<void> answer(std::shared_ptr<upstream::Link> link, protocol::Frame request);
  awaitable<void> close();

  std::shared_ptr<const UpstreamConfig> config_;
  ClientOptions options_;
  io::Worker worker_;
  io::TaskGroup tasks_;
  std::unique_ptr<transport::SystemChannels> channels_;
  auth::AuthenticatorParts sign_in_;                  ///< until it is started
  std::shared_ptr<upstream::Supervisor> supervisor_;  ///< this and the link: used on the worker
  std::shared_ptr<upstream::Link> link_;
  std::uint64_t next_id_ = 0;
  std::string log_level_ = "info";

  mutable std::mutex mutex_;
  std::condition_variable told_;
  upstream::State state_ = upstream::State::stopped;  ///< these: what the worker told last
  std::string last_error_, failure_kind_;
  upstream::ServerIdentity server_;
};

}  // namespace mooring::client
