#include "transport/factory.hpp"

#include <algorithm>

#include "core/log.hpp"
#include "transport/child_env.hpp"
#include "transport/http_channel.hpp"
#include "transport/sse_channel.hpp"
#include "transport/stderr_log.hpp"
#include "transport/stdio_channel.hpp"

namespace mooring::transport {

SystemChannels::SystemChannels(
    std::filesystem::path state_dir, core::ProxySettings proxies, StderrLog::Echo echo
)
    : state_dir_(std::move(state_dir)),
      proxies_(std::make_shared<const core::ProxySettings>(std::move(proxies))),
      echo_(std::move(echo)) {}

io::HttpClientOptions SystemChannels::client_options(const UpstreamConfig& config) const {
  io::HttpClientOptions options;
  options.tls.verify = config.ssl_verify;
  options.tls.ca_file = config.ca_file;
  options.tls.client_cert = config.client_cert;
  options.tls.client_key = config.client_key;
  options.connect_timeout = std::min(options.connect_timeout, config.connect_timeout);
  options.strict_redirect_headers = config.strict_redirect_headers;
  options.proxy_for = [proxies = proxies_](const core::Url& url) {
    return proxies->proxy_for(url);
  };
  return options;
}

std::unique_ptr<Channel> SystemChannels::http(
    io::Worker& worker, const UpstreamConfig& config, std::shared_ptr<const Credentials> credentials
) {
  return std::make_unique<HttpChannel>(
      worker, config, client_options(config), std::move(credentials)
  );
}

awaitable<Result<std::shared_ptr<ProcessChannel>>> SystemChannels::stdio(
    io::Worker& home, UpstreamConfig config, io::AbortSource& abort
) {
  StdioChannel::Hooks hooks;
  hooks.abort = &abort;
  auto opened = StderrLog::open(state_dir_, config.name);
  if (opened) {
    const std::shared_ptr<StderrLog> log = std::move(*opened);
    log->show_to(echo_);
    hooks.on_start = [log, command = config.command, args = config.args](int pid) {
      log->begin(command, args, pid);
    };
    hooks.on_stderr = [log](std::string_view bytes) { log->write(bytes); };
  } else {
    core::log::warn(
        "transport", "no log for the stderr of {}: {}", config.name, opened.error().detail
    );
  }
  auto env = child_env(config, own_environment());
  auto channel =
      co_await StdioChannel::open(home, std::move(config), std::move(env), std::move(hooks));
  if (!channel) co_return std::unexpected(std::move(channel.error()));
  co_return std::shared_ptr<ProcessChannel>(std::move(*channel));
}

awaitable<Result<std::shared_ptr<ProcessChannel>>> SystemChannels::sse(
    io::Worker& home, UpstreamConfig config, io::AbortSource& abort,
    std::shared_ptr<const Credentials> credentials
) {
  auto options = client_options(config);
  return SseChannel::open(
      home, std::move(config), std::move(options), abort, std::move(credentials)
  );
}

}  // namespace mooring::transport
