#pragma once

#include <functional>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>

#include "auth/exchange.hpp"
#include "auth/fetch_policy.hpp"
#include "core/proxy_env.hpp"
#include "io/asio.hpp"
#include "io/async.hpp"
#include "io/http_client.hpp"
#include "io/worker.hpp"

namespace mooring::auth {

/// Sends what the state machines of this room ask for. On its worker's thread alone.
class Fetcher {
 public:
  virtual ~Fetcher() = default;
  /// Never throws; `Request::after` was waited for by the caller. Ends early when `abort` fires.
  virtual awaitable<Reply> fetch(Request request, FetchPolicy policy, io::AbortSource& abort) = 0;
  /// The server is on this machine or on a private network, so that its authorization server may
  /// be there, too. Empty: its name has no address just now.
  virtual awaitable<std::optional<bool>> is_inside(core::Url server) = 0;
};

/// Over HTTP: 10 s and 256 KiB an answer, 3 redirects of a GET and none of a POST, each hop checked
/// like the first.
class HttpFetcher final : public Fetcher {
 public:
  /// `tls`: how the MCP server's certificate is checked; its client certificate is not shown.
  HttpFetcher(
      io::Worker& worker, io::TlsClientOptions tls,
      std::shared_ptr<const core::ProxySettings> proxies
  );

  awaitable<Reply> fetch(Request request, FetchPolicy policy, io::AbortSource& abort) override;
  awaitable<std::optional<bool>> is_inside(core::Url server) override;

 private:
  awaitable<Reply> once(io::HttpClient& client, const Request& request, io::AbortSource& abort);

  io::Worker& worker_;
  io::TlsClientOptions tls_;
  std::shared_ptr<const core::ProxySettings> proxies_;
};

/// Makes one for each server, with the proxies of the environment.
std::function<std::unique_ptr<Fetcher>(io::Worker&, const UpstreamConfig&)> http_fetchers();

/// Drives a state machine that asks with `next()` and is told with `take()`.
template <class Machine>
awaitable<void> drive(
    Machine& machine, Fetcher& fetcher, FetchPolicy policy, io::AbortSource& abort
) {
  while (auto request = machine.next()) {
    if (abort.aborted()) co_return;
    // Named before it is awaited: it has to outlive what it is handed to.
    auto reply = co_await fetcher.fetch(std::move(*request), policy, abort);
    machine.take(reply);
  }
}

}  // namespace mooring::auth
