#pragma once

#include <memory>

#include "scripted_upstream.hpp"
#include "transport/factory.hpp"

namespace mooring::simulation {

/// The way to one scripted server, in place of sockets and processes.
class ScriptedChannels final : public transport::ChannelFactory {
 public:
  explicit ScriptedChannels(ScriptedUpstream& server) : server_(server) {}

  std::unique_ptr<transport::Channel> http(
      io::Worker& worker, const UpstreamConfig& config,
      std::shared_ptr<const transport::Credentials> credentials = nullptr
  ) override;
  awaitable<Result<std::shared_ptr<transport::ProcessChannel>>> stdio(
      io::Worker& home, UpstreamConfig config, io::AbortSource& abort
  ) override;
  awaitable<Result<std::shared_ptr<transport::ProcessChannel>>> sse(
      io::Worker& home, UpstreamConfig config, io::AbortSource& abort,
      std::shared_ptr<const transport::Credentials> credentials
  ) override;

  /// Processes that nobody has ended.
  std::size_t open() const;

 private:
  ScriptedUpstream& server_;
  std::vector<std::shared_ptr<Process>> processes_;
};

}  // namespace mooring::simulation
