#pragma once

#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <vector>

#include "auth/authenticator.hpp"
#include "core/random.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"
#include "transport/factory.hpp"
#include "upstream/supervisor.hpp"

namespace mooring::gateway {

/// A Supervisor and every worker's way to its upstream.
struct LiveUpstream {
  std::shared_ptr<upstream::Supervisor> supervisor;
  std::vector<std::shared_ptr<upstream::Link>> links;  ///< by worker index
  // What others of the same server are signed in with:
  io::Worker* home = nullptr;
  std::shared_ptr<transport::Credentials> credentials;
  std::shared_ptr<auth::Authenticator> authenticator;
};

/// Makes Supervisors with their links, each on the thread where it lives, and ends them again. On
/// the control worker.
class UpstreamMaker {
 public:
  UpstreamMaker(
      std::vector<io::Worker*> workers, transport::ChannelFactory& channels, core::Random& random
  )
      : workers_(std::move(workers)), channels_(channels), random_(random) {}

  void sign_in_with(auth::AuthenticatorParts parts) { sign_in_ = std::move(parts); }

  /// Not started. `like`: another of the same server, which keeps the credentials good for both.
  awaitable<LiveUpstream> make(
      std::shared_ptr<const UpstreamConfig> config, upstream::Observer& observer,
      const LiveUpstream* like = nullptr
  );
  /// Its calls end, and it.
  awaitable<void> end(LiveUpstream upstream);

 private:
  awaitable<std::shared_ptr<upstream::Link>> make_link(
      io::Worker& worker, std::shared_ptr<const UpstreamConfig> config,
      std::weak_ptr<upstream::Supervisor> supervisor,
      std::shared_ptr<const transport::Credentials> credentials
  );

  std::vector<io::Worker*> workers_;
  transport::ChannelFactory& channels_;
  core::Random& random_;
  std::optional<auth::AuthenticatorParts> sign_in_;
  unsigned next_home_ = 0;
};

}  // namespace mooring::gateway
