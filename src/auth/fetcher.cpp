#include "auth/fetcher.hpp"

#include <fmt/format.h>

#include <mooring/version.hpp>

#include "io/resolver.hpp"

namespace mooring::auth {

namespace {

constexpr core::Duration patience = std::chrono::seconds(10);
constexpr std::size_t most_bytes = 256 * 1024;
constexpr int most_redirects = 3;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Reply refused(const Error& error) {
  Reply reply;
  reply.error = error.detail;
  return reply;
}

}  // namespace

HttpFetcher::HttpFetcher(
    io::Worker& worker, io::TlsClientOptions tls, std::shared_ptr<const core::ProxySettings> proxies
)
    : worker_(worker), tls_(std::move(tls)), proxies_(std::move(proxies)) {
  tls_.client_cert.clear();
  tls_.client_key.clear();
}

awaitable<Reply> HttpFetcher::fetch(Request request, FetchPolicy policy, io::AbortSource& abort) {
  io::HttpClientOptions options;
  options.tls = tls_;
  options.max_redirects = 0;
  options.connect_timeout = patience;
  options.admits = [policy](std::string_view address) { return policy.admits(address); };
  if (proxies_) {
    options.proxy_for = [proxies = proxies_](const core::Url& url) {
      return proxies->proxy_for(url);
    };
  }
  io::HttpClient client(worker_, std::move(options));
  for (int hops = 0;; ++hops) {
    if (const auto allowed = policy.check(request.url); !allowed)
      co_return refused(allowed.error());
    auto reply = co_await once(client, request, abort);
    if (request.method != "GET" || !is_redirect(reply.status)) co_return reply;
    if (hops == most_redirects)
      co_return refused({Reason::protocol, request.url.origin() + " redirects without end", {}});
    auto next = request.url.resolve(reply.header("location"));
    if (!next) co_return refused(next.error());
    request.url = std::move(*next);
  }
}

awaitable<Reply> HttpFetcher::once(
    io::HttpClient& client, const Request& request, io::AbortSource& abort
) {
  io::OutgoingHttpRequest out;
  out.method = request.method;
  out.url = request.url;
  out.body = request.body;
  out.headers.push_back({"User-Agent", "mooring/" MOORING_VERSION});
  for (const auto& [name, value] : request.headers) out.headers.push_back({name, value});
  const auto deadline = worker_.timers().now() + patience;
  out.deadline = deadline;
  out.abort = &abort;
  auto answer = co_await client.send(std::move(out));
  Reply reply;
  if (!answer) {
    reply.error = answer.error().message;
    co_return reply;
  }
  auto& response = **answer;
  for (const auto& header : response.headers())
    reply.headers.emplace_back(header.name, header.value);
  auto body = co_await response.read_all(most_bytes, deadline);
  if (!body) {
    reply.error = body.error().message;
    co_return reply;
  }
  reply.status = response.status();
  reply.body = std::move(*body);
  co_return reply;
}

awaitable<std::optional<bool>> HttpFetcher::is_inside(core::Url server) {
  if (server.is_loopback() || core::is_private_address(server.host)) co_return true;
  if (proxies_ && proxies_->proxy_for(server)) co_return false;
  io::Addresses found = io::known_addresses(server.host);
  if (found.empty()) {
    io::Event answered(worker_.executor(), worker_.timers());
    const auto lookup =
        io::Lookup::start(worker_.executor(), server.host, [&](io::Lookup::Answer answer) {
          if (answer) found = std::move(*answer);
          answered.set();
        });
    co_await answered.wait(worker_.timers().now() + patience);
    lookup->cancel();
  }
  if (found.empty()) co_return std::nullopt;
  co_return std::ranges::all_of(found, [](const auto& address) {
    return core::is_private_address(address.to_string());
  });
}

std::function<std::unique_ptr<Fetcher>(io::Worker&, const UpstreamConfig&)> http_fetchers() {
  const auto proxies =
      std::make_shared<const core::ProxySettings>(core::ProxySettings::from_environment());
  return [proxies](io::Worker& home, const UpstreamConfig& config) {
    return std::make_unique<HttpFetcher>(
        home, io::TlsClientOptions{config.ssl_verify, config.ca_file, {}, {}}, proxies
    );
  };
}

}  // namespace mooring::auth
