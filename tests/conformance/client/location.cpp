#include "conformance/client/location.hpp"

#include <fmt/format.h>

#include <future>

#include "io/http_client.hpp"
#include "io/worker.hpp"

namespace conformance {

namespace {

using mooring::awaitable;
using mooring::Reason;
using mooring::Result;

awaitable<Result<std::string>> ask(mooring::io::Worker& worker, mooring::core::Url url) {
  mooring::io::HttpClientOptions options;
  options.max_redirects = 0;
  mooring::io::HttpClient client(worker, std::move(options));
  mooring::io::OutgoingHttpRequest request;
  request.method = "GET";
  request.url = std::move(url);
  auto response = co_await client.send(std::move(request));
  if (!response) co_return mooring::fail(Reason::io, response.error().message);
  std::string location((*response)->header("location"));
  if (location.empty())
    co_return mooring::fail(Reason::protocol, fmt::format("HTTP {}", (*response)->status()));
  co_return location;
}

}  // namespace

Result<std::string> location_of(std::string page) {
  auto url = mooring::core::Url::parse(page);
  if (!url) return std::unexpected(url.error());
  mooring::io::Worker worker(0);
  worker.start();
  std::promise<Result<std::string>> asked;
  mooring::asio::co_spawn(
      worker.executor(), ask(worker, *url),
      [&asked](const std::exception_ptr&, Result<std::string> found) {
        asked.set_value(std::move(found));
      }
  );
  auto location = asked.get_future().get();
  worker.stop();
  worker.join();
  return location;
}

}  // namespace conformance
