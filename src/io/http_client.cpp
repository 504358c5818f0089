#include "io/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "io/http_fields.hpp"
#include "io/http_head.hpp"
#include "io/http_response.hpp"

namespace mooring::io {

namespace {

constexpr std::size_t joined_body = 64 * 1024;  // up to here head and body go out in one write

using Response = std::expected<std::unique_ptr<HttpResponse>, HttpFailure>;

bool is_framing(std::string_view name) {
  return equals_ignoring_case(name, "host") || equals_ignoring_case(name, "content-length") ||
         equals_ignoring_case(name, "transfer-encoding") ||
         equals_ignoring_case(name, "connection");
}

bool is_credential(std::string_view name) {
  return equals_ignoring_case(name, "authorization") || equals_ignoring_case(name, "cookie") ||
         equals_ignoring_case(name, "proxy-authorization");
}

std::span<const HttpHeader> shared_headers(const OutgoingHttpRequest& request) {
  if (!request.shared_headers) return {};
  return *request.shared_headers;
}

bool has_header(const OutgoingHttpRequest& request, std::string_view name) {
  const auto is_it = [&](const HttpHeader& header) {
    return equals_ignoring_case(header.name, name);
  };
  return std::ranges::any_of(shared_headers(request), is_it) ||
         std::ranges::any_of(request.headers, is_it);
}

std::string unsendable(const HttpHeader& header) {
  if (!is_token(header.name)) return fmt::format("header name \"{}\" is not a token", header.name);
  if (!is_safe_header_value(header.value))
    return fmt::format("header {} has a line break in its value", header.name);
  return {};
}

void append_header(std::string& out, const HttpHeader& header) {
  if (is_framing(header.name)) return;
  out.append(header.name).append(": ").append(header.value).append("\r\n");
}

/// What would break the message apart on the wire. Empty: nothing. Shared headers are looked at
/// once, as long as they are the same.
std::string unsendable(const HttpClientState& client, const OutgoingHttpRequest& request) {
  if (!is_token(request.method)) return "the method is not a token";
  if (request.shared_headers != client.shared_headers) {
    for (const auto& header : shared_headers(request)) {
      if (auto problem = unsendable(header); !problem.empty()) return problem;
    }
  }
  for (const auto& header : request.headers) {
    if (auto problem = unsendable(header); !problem.empty()) return problem;
  }
  const auto forbidden = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (std::any_of(request.url.target.begin(), request.url.target.end(), forbidden)) {
    return "the URL's path has a blank or control character";
  }
  return {};
}

/// The shared headers as they go out: written down once, as long as they are the same.
std::string_view shared_text(HttpClientState& client, const OutgoingHttpRequest& request) {
  if (!request.shared_headers) return {};
  if (request.shared_headers != client.shared_headers) {
    client.shared_text.clear();
    for (const auto& header : *request.shared_headers) append_header(client.shared_text, header);
    client.shared_headers = request.shared_headers;
  }
  return client.shared_text;
}

std::string build_head(
    HttpClientState& client, const OutgoingHttpRequest& request, std::string_view authority,
    const std::optional<core::Url>& proxy
) {
  const auto& url = request.url;
  const bool absolute = proxy && !url.is_tls();
  std::string out;
  out.reserve(512 + (request.body.size() <= joined_body ? request.body.size() : 0));
  out.append(request.method).append(" ");
  if (absolute) out.append("http://").append(url.authority());
  out.append(url.target).append(" HTTP/1.1\r\nHost: ").append(authority);
  out.append("\r\n");
  out.append(shared_text(client, request));
  for (const auto& header : request.headers) append_header(out, header);
  if (!url.userinfo.empty() && !has_header(request, "authorization")) {
    out.append("Authorization: ").append(basic_credentials(url.userinfo)).append("\r\n");
  }
  if (absolute && !proxy->userinfo.empty()) {
    out.append("Proxy-Authorization: ").append(basic_credentials(proxy->userinfo)).append("\r\n");
  }
  const bool may_have_body =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (!request.body.empty() || may_have_body) {
    const fmt::format_int digits(request.body.size());
    out.append("Content-Length: ").append(digits.data(), digits.size()).append("\r\n");
  }
  out.append("\r\n");
  return out;
}

/// Valid until it is asked for the next time.
const std::string& pool_key(
    HttpClientState& client, const std::string& origin, const std::optional<core::Url>& proxy
) {
  if (!proxy) return origin;
  client.proxied_key = origin;
  client.proxied_key.append(" via ").append(proxy->userinfo).append("@");
  return client.proxied_key.append(proxy->authority());
}

/// One hop, repeated at most once: when a pooled connection turned out dead before it took a byte.
awaitable<Response> attempt(
    std::shared_ptr<HttpClientState> client, const OutgoingHttpRequest& request
) {
  if (client->worker.has_company()) co_await client->worker.enter(Worker::Stage::sends);
  std::optional<core::Url> proxy;
  if (client->options.proxy_for) proxy = client->options.proxy_for(request.url);
  const auto to = client->known(request.url);
  std::string head = build_head(*client, request, to->authority, proxy);
  std::string_view body = request.body;
  if (body.size() <= joined_body) {
    head.append(body);
    body = {};
  }
  client->worker.poller().look_once();  // has the pooled one ended?
  for (bool fresh = false;; fresh = true) {
    auto response =
        std::make_unique<HttpResponse>(client, to, request.abort, request.method == "HEAD");
    std::unique_ptr<ClientConnection> connection;
    if (!fresh) connection = client->take_idle(pool_key(*client, to->origin, proxy));
    const bool reused = connection != nullptr;
    if (!reused) {
      auto opened = co_await open_connection(
          *client, request.url, proxy, request.deadline, response->interrupt()
      );
      if (!opened) co_return std::unexpected(std::move(opened.error()));
      connection = std::move(*opened);
      connection->pool_key = pool_key(*client, to->origin, proxy);
    }
    response->adopt(std::move(connection), reused);
    auto failed = co_await response->perform(head, body, request.deadline);
    if (!failed) co_return response;
    if (!reused || failed->bytes_sent > 0 || failed->aborted || failed->timed_out) {
      co_return std::unexpected(std::move(*failed));
    }
  }
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Where to go next; empty where the response is better handed out as it is.
std::optional<core::Url> redirect_target(
    const IncomingHttpResponse& response, const core::Url& from
) {
  const auto location = response.header("location");
  if (!is_redirect(response.status()) || location.empty()) return std::nullopt;
  auto to = from.resolve(location);
  if (!to || (from.is_tls() && !to->is_tls())) return std::nullopt;
  to->userinfo = to->same_origin(from) ? from.userinfo : std::string();
  return std::move(*to);
}

void drop_headers(
    OutgoingHttpRequest& request, const std::function<bool(std::size_t, std::string_view)>& drop
) {
  const auto shared = shared_headers(request);
  request.headers.insert(request.headers.begin(), shared.begin(), shared.end());
  request.shared_headers.reset();
  std::vector<HttpHeader> kept;
  std::size_t configured = 0;
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    if (drop(i, request.headers[i].name)) continue;
    if (i < request.configured_headers) ++configured;
    kept.push_back(std::move(request.headers[i]));
  }
  request.headers = std::move(kept);
  request.configured_headers = configured;
}

void follow(OutgoingHttpRequest& request, int status, core::Url to, bool strict) {
  if (!to.same_origin(request.url)) {
    drop_headers(request, [&](std::size_t i, std::string_view name) {
      return is_credential(name) || (strict && i < request.configured_headers);
    });
  }
  if (status == 303 && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
    drop_headers(request, [](std::size_t, std::string_view name) {
      return name.size() > 8 && equals_ignoring_case(name.substr(0, 8), "content-");
    });
  }
  request.url = std::move(to);
}

}  // namespace

struct HttpClient::Impl {
  std::shared_ptr<HttpClientState> state;
};

HttpClient::HttpClient(Worker& worker, HttpClientOptions options)
    : impl_(std::make_shared<Impl>()) {
  impl_->state = std::make_shared<HttpClientState>(worker, std::move(options));
  impl_->state->self = impl_->state;
}

HttpClient::~HttpClient() {
  auto& state = *impl_->state;
  state.ended.abort();
  state.close_idle();
  state.worker.timers().cancel(state.purge);
}

awaitable<std::expected<std::unique_ptr<IncomingHttpResponse>, HttpFailure>> HttpClient::send(
    OutgoingHttpRequest request
) {
  const auto client = impl_->state;  // the HttpClient may go away meanwhile
  if (auto problem = unsendable(*client, request); !problem.empty()) {
    co_return std::unexpected(
        HttpFailure{.stage = HttpFailure::Stage::connect, .message = std::move(problem)}
    );
  }
  // With 303 the request has been acted upon, whatever becomes of the page that tells about it (RFC
  // 9110 §15.4.4).
  std::size_t acted_upon = 0;
  for (int redirects = 0;; ++redirects) {
    auto response = co_await attempt(client, request);
    if (!response) {
      response.error().bytes_sent += acted_upon;
      co_return std::unexpected(std::move(response.error()));
    }
    std::optional<core::Url> next;
    if (redirects < client->options.max_redirects) next = redirect_target(**response, request.url);
    if (!next) co_return std::move(*response);
    const int status = (*response)->status();
    if (status == 303) acted_upon += (*response)->bytes_sent();
    co_await (*response)->discard();
    response->reset();
    follow(request, status, std::move(*next), client->options.strict_redirect_headers);
  }
}

std::size_t HttpClient::idle_connections() const { return impl_->state->idle_count; }

void HttpClient::close_idle() { impl_->state->close_idle(); }

}  // namespace mooring::io
