#include "gateway/upstream_maker.hpp"

#include <fmt/format.h>

#include <mooring/version.hpp>

namespace mooring::gateway {

namespace {

/// What we can bring to some client; a client that cannot take it is declined for.
upstream::ClientIdentity identity_for(const UpstreamConfig& config) {
  upstream::ClientIdentity identity;
  identity.info =
      fmt::format(R"({{"name":"mooring","title":"Mooring","version":"{}"}})", MOORING_VERSION);
  std::string capabilities = R"({"roots":{"listChanged":true})";
  if (config.sampling_enabled) capabilities += R"(,"sampling":{})";
  if (config.elicitation_enabled) capabilities += R"(,"elicitation":{"form":{},"url":{}})";
  identity.capabilities = capabilities + "}";
  return identity;
}

}  // namespace

awaitable<LiveUpstream> UpstreamMaker::make(
    std::shared_ptr<const UpstreamConfig> config, upstream::Observer& observer,
    const LiveUpstream* like
) {
  LiveUpstream made;
  made.home = like != nullptr ? like->home : workers_[next_home_++ % workers_.size()];
  made.supervisor = std::make_shared<upstream::Supervisor>(
      *made.home, config, channels_, random_, identity_for(*config), observer
  );
  if (like != nullptr && like->authenticator) {
    made.credentials = like->credentials;
    made.supervisor->sign_in_with(like->authenticator, made.credentials, false);
  } else if (sign_in_ && !config->url.empty()) {
    made.credentials = std::make_shared<transport::Credentials>(config->headers);
    made.authenticator =
        std::make_shared<auth::Authenticator>(*made.home, config, made.credentials, *sign_in_);
    made.supervisor->sign_in_with(made.authenticator, made.credentials, true);
  }
  std::vector<std::pair<io::Worker*, std::shared_ptr<upstream::Link>>> links;
  for (auto* worker : workers_) {
    auto link = co_await asio::co_spawn(
        worker->executor(), make_link(*worker, config, made.supervisor, made.credentials),
        asio::use_awaitable
    );
    made.links.push_back(link);
    // The supervisor's own requests use its home worker's connections.
    links.insert(worker == made.home ? links.begin() : links.end(), {worker, link});
  }
  made.supervisor->set_links(std::move(links));
  co_return made;
}

/// On the worker's own thread: its connections live there.
awaitable<std::shared_ptr<upstream::Link>> UpstreamMaker::make_link(
    io::Worker& worker, std::shared_ptr<const UpstreamConfig> config,
    std::weak_ptr<upstream::Supervisor> supervisor,
    std::shared_ptr<const transport::Credentials> credentials
) {
  std::shared_ptr<transport::Channel> http;
  if (!config->url.empty()) http = channels_.http(worker, *config, std::move(credentials));
  co_return std::make_shared<upstream::Link>(
      worker, std::move(config), std::move(http), std::move(supervisor),
      static_cast<unsigned>(workers_.size())
  );
}

awaitable<void> UpstreamMaker::end(LiveUpstream upstream) {
  if (!upstream.supervisor) co_return;
  co_await upstream.supervisor->stop();
  for (std::size_t i = 0; i < upstream.links.size(); ++i) {
    // A link and its connections end on their own worker.
    co_await asio::co_spawn(
        workers_[i]->executor(),
        [](std::shared_ptr<upstream::Link> link) -> awaitable<void> {
          co_await link->stop();
        }(std::move(upstream.links[i])),
        asio::use_awaitable
    );
  }
}

}  // namespace mooring::gateway
