#pragma once

#include <filesystem>
#include <memory>
#include <mooring/result.hpp>
#include <mooring/upstream_config.hpp>

#include "core/proxy_env.hpp"
#include "io/http_client.hpp"
#include "io/worker.hpp"
#include "transport/channel.hpp"
#include "transport/credentials.hpp"
#include "transport/process_channel.hpp"
#include "transport/stderr_log.hpp"

namespace mooring::transport {

/// Where channels come from, so that a simulation can put its own world behind them. Safe from any
/// worker; a channel is made on the thread of the worker it is for.
class ChannelFactory {
 public:
  virtual ~ChannelFactory() = default;
  /// `credentials`: what requests carry, as it changes; empty: the configured headers.
  virtual std::unique_ptr<Channel> http(
      io::Worker& worker, const UpstreamConfig& config,
      std::shared_ptr<const Credentials> credentials = nullptr
  ) = 0;
  /// Starts the process. Fails at once, and by name, when the command cannot be executed. On the
  /// thread of `home`.
  virtual awaitable<Result<std::shared_ptr<ProcessChannel>>> stdio(
      io::Worker& home, UpstreamConfig config, io::AbortSource& abort
  ) = 0;
  /// Opens the stream of the HTTP+SSE transport (2024-11-05); the stream is the session. On the
  /// thread of `home`.
  virtual awaitable<Result<std::shared_ptr<ProcessChannel>>> sse(
      io::Worker& home, UpstreamConfig config, io::AbortSource& abort,
      std::shared_ptr<const Credentials> credentials = nullptr
  ) = 0;
};

/// Sockets and processes of this machine. A child's stderr goes to STATE/logs/SERVER.log, and to
/// `echo`.
class SystemChannels final : public ChannelFactory {
 public:
  SystemChannels(
      std::filesystem::path state_dir, core::ProxySettings proxies, StderrLog::Echo echo = {}
  );

  std::unique_ptr<Channel> http(
      io::Worker& worker, const UpstreamConfig& config,
      std::shared_ptr<const Credentials> credentials = nullptr
  ) override;
  awaitable<Result<std::shared_ptr<ProcessChannel>>> stdio(
      io::Worker& home, UpstreamConfig config, io::AbortSource& abort
  ) override;
  awaitable<Result<std::shared_ptr<ProcessChannel>>> sse(
      io::Worker& home, UpstreamConfig config, io::AbortSource& abort,
      std::shared_ptr<const Credentials> credentials
  ) override;

 private:
  io::HttpClientOptions client_options(const UpstreamConfig& config) const;

  std::filesystem::path state_dir_;
  std::shared_ptr<const core::ProxySettings> proxies_;
  StderrLog::Echo echo_;
};

}  // namespace mooring::transport
