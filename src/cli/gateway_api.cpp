#include "cli/gateway_api.hpp"

#include <fmt/format.h>

#include "core/url.hpp"
#include "io/http_client.hpp"
#include "io/worker.hpp"
#include "protocol/json_scan.hpp"

namespace mooring::cli {

namespace {

constexpr auto patience = std::chrono::seconds(5);
constexpr std::size_t longest_body = std::size_t{16} << 20;

awaitable<Result<std::string>> exchange(
    io::Worker& worker, std::string method, core::Url url, std::string token
) {
  io::HttpClientOptions options;
  options.connect_timeout = patience;
  io::HttpClient client(worker, std::move(options));
  io::OutgoingHttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.deadline = worker.timers().now() + patience;
  if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
  auto response = co_await client.send(std::move(request));
  if (!response) co_return fail(Reason::unavailable, response.error().message);
  auto body = co_await (*response)->read_all(longest_body, worker.timers().now() + patience);
  if (!body) co_return fail(Reason::unavailable, body.error().message);
  if ((*response)->status() < 200 || (*response)->status() > 299) {
    co_return fail(Reason::rejected, fmt::format("HTTP {}", (*response)->status()));
  }
  co_return std::move(*body);
}

Result<std::string> ask(const GatewayFile& gateway, std::string method, std::string_view path) {
  auto url = core::Url::parse(gateway.url + std::string(path));
  if (!url) return std::unexpected(std::move(url.error()));
  io::Worker worker(0);
  Result<std::string> result = fail(Reason::io, "interrupted");
  asio::co_spawn(
      worker.executor(), exchange(worker, std::move(method), std::move(*url), gateway.token),
      [&](const std::exception_ptr& thrown, Result<std::string> answer) {
        if (!thrown) result = std::move(answer);
        worker.stop();
      }
  );
  worker.run();
  if (!result) {
    result.error().detail =
        fmt::format("the gateway at {} does not answer: {}", gateway.url, result.error().detail);
  }
  return result;
}

}  // namespace

Result<std::string> get(const GatewayFile& gateway, std::string_view path) {
  return ask(gateway, "GET", path);
}

Result<std::string> post(const GatewayFile& gateway, std::string_view path) {
  return ask(gateway, "POST", path);
}

std::vector<ServerStatus> servers_in(std::string_view status) {
  std::vector<ServerStatus> all;
  if (protocol::validate(status)) return all;
  const auto servers = protocol::member(status, "servers");
  if (!servers || !protocol::is_array(*servers)) return all;
  protocol::for_each_element(*servers, [&](std::string_view server) {
    all.push_back(
        {protocol::string_member(server, "name"), protocol::string_member(server, "state"),
         protocol::string_member(server, "reason"), std::string(server)}
    );
    return true;
  });
  return all;
}

}  // namespace mooring::cli
