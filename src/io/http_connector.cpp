#include "io/http_connector.hpp"

#include <fmt/format.h>

#include "core/base64.hpp"
#include "io/resolver.hpp"

namespace mooring::io {

using Stage = HttpFailure::Stage;

namespace {
constexpr std::size_t first_buffer = 8 * 1024;
constexpr std::size_t largest_step = 64 * 1024;
constexpr std::size_t spare_parsers = 32;
constexpr core::Duration shortest_attempt = std::chrono::milliseconds(250);
}  // namespace

std::span<char> ClientConnection::room() {
  if (begin == end) {
    const bool was_full = end == in.size();
    begin = end = 0;
    if (in.empty()) {
      in.resize(first_buffer);
    } else if (was_full && in.size() < largest_step) {
      in.resize(in.size() * 2);
    }
  } else if (end == in.size()) {
    if (begin > 0) {
      std::copy(in.begin() + static_cast<std::ptrdiff_t>(begin), in.end(), in.begin());
      end -= begin;
      begin = 0;
    } else {
      in.resize(in.size() * 2);  // the parser bounds what it leaves unread
    }
  }
  return {in.data() + end, in.size() - end};
}

HttpFailure explain(const Interrupt& interrupt, Stage stage, std::string message) {
  HttpFailure failure{.stage = stage, .message = std::move(message)};
  failure.aborted = interrupt.aborted();
  failure.timed_out = interrupt.timed_out() && !failure.aborted;
  if (failure.aborted) failure.message = "cancelled";
  if (failure.timed_out) failure.message = "timed out";
  return failure;
}

std::string basic_credentials(const std::string& userinfo) {
  return "Basic " + core::base64_encode(userinfo);
}

namespace {

class Connector {
 public:
  Connector(
      HttpClientState& client, const core::Url& url, const std::optional<core::Url>& proxy,
      Interrupt& interrupt
  )
      : client_(client), url_(url), proxy_(proxy), interrupt_(interrupt) {}

  using Outcome = std::expected<std::unique_ptr<ClientConnection>, HttpFailure>;

  awaitable<Outcome> run(std::optional<core::TimePoint> deadline) {
    auto& timers = client_.worker.timers();
    deadline_ = timers.now() + client_.options.connect_timeout;
    if (deadline && *deadline < deadline_) deadline_ = *deadline;
    if (proxy_ && proxy_->scheme != "http") {
      co_return std::unexpected(failure(Stage::proxy, proxy_->scheme + " proxies are not supported")
      );
    }
    auto addresses = co_await resolve();
    if (!addresses) co_return std::unexpected(std::move(addresses.error()));
    if (const auto& admits = client_.options.admits; admits && !proxy_) {
      std::erase_if(*addresses, [&](const auto& each) { return !admits(each.to_string()); });
      if (addresses->empty()) {
        co_return std::unexpected(failure(
            Stage::connect, fmt::format("host {} has an address that is not allowed", url_.host)
        ));
      }
    }
    if (auto failed = co_await connect(*addresses)) co_return std::unexpected(std::move(*failed));
    if (url_.is_tls()) {
      if (proxy_) {
        if (auto failed = co_await tunnel()) co_return std::unexpected(std::move(*failed));
      }
      if (auto failed = co_await secure()) co_return std::unexpected(std::move(*failed));
    }
    interrupt_.on_fire(nullptr);
    co_return std::move(connection_);
  }

 private:
  const core::Url& next_hop() const { return proxy_ ? *proxy_ : url_; }

  HttpFailure failure(Stage stage, std::string message) const {
    auto made = explain(interrupt_, stage, std::move(message));
    made.message =
        fmt::format("{}{}: {}", proxy_ ? "proxy " : "", next_hop().authority(), made.message);
    return made;
  }

  awaitable<std::expected<Addresses, HttpFailure>> resolve() {
    const std::string& host = next_hop().host;
    auto known = known_addresses(host);
    if (!known.empty()) co_return known;
    interrupt_.until(deadline_);
    Event answered(client_.worker.executor(), client_.worker.timers());
    Lookup::Answer answer = std::unexpected(std::string());
    auto lookup = Lookup::start(client_.worker.executor(), host, [&](Lookup::Answer found) {
      answer = std::move(found);
      answered.set();
    });
    interrupt_.on_fire([&] {
      lookup->cancel();
      answered.set();
    });
    co_await answered.wait();
    interrupt_.on_fire(nullptr);
    lookup->cancel();
    if (answer) co_return std::move(*answer);
    auto failed = explain(interrupt_, Stage::resolve, answer.error());
    failed.message = fmt::format("no address for host {}: {}", host, failed.message);
    co_return std::unexpected(std::move(failed));
  }

  /// Each address in turn, each with its share of the time that is left.
  awaitable<std::optional<HttpFailure>> connect(const Addresses& addresses) {
    auto& timers = client_.worker.timers();
    std::string error = "no address";
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      const auto now = timers.now();
      const auto left = std::chrono::duration_cast<core::Duration>(deadline_ - now);
      const auto share = std::max(left / static_cast<int>(addresses.size() - i), shortest_attempt);
      connection_ = std::make_unique<ClientConnection>(client_.worker.poller());
      interrupt_.on_fire([stream = &connection_->stream] { stream->close(); });
      interrupt_.until(std::min(now + share, deadline_));
      auto refused = co_await connection_->stream.connect({addresses[i], next_hop().port});
      if (refused.empty()) {
        interrupt_.until(deadline_);
        if (interrupt_.fired()) break;
        co_return std::nullopt;
      }
      // The first reason says most: a later one is often just "network unreachable" of the other
      // address family.
      if (i == 0 || interrupt_.timed_out()) error = interrupt_.timed_out() ? "timed out" : refused;
      if (interrupt_.aborted() || timers.now() >= deadline_) break;
    }
    auto failed = failure(Stage::connect, error);
    interrupt_.on_fire(nullptr);
    connection_.reset();
    co_return failed;
  }

  awaitable<std::optional<HttpFailure>> tunnel() {
    auto& stream = connection_->stream;
    const std::string target = fmt::format(
        "{}:{}", url_.host.find(':') == std::string::npos ? url_.host : "[" + url_.host + "]",
        url_.port
    );
    std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
    if (!proxy_->userinfo.empty()) {
      request += fmt::format("Proxy-Authorization: {}\r\n", basic_credentials(proxy_->userinfo));
    }
    request += "\r\n";
    if (stream.try_write(request).count != request.size()) {  // the first bytes on an empty socket
      co_return failure(Stage::proxy, "connection closed");
    }
    // A successful answer to CONNECT has no body whatever its headers say (RFC 9110 §9.3.6).
    std::optional<HttpResponseParser> parser;
    parser.emplace(client_.options.header_bytes, true);
    while (parser->state() != HttpResponseParser::State::done) {
      const auto unread = connection_->unread();
      const auto taken = parser->feed(unread);
      connection_->begin += taken;
      if (parser->state() == HttpResponseParser::State::failed) {
        co_return failure(Stage::proxy, parser->error());
      }
      if (parser->state() == HttpResponseParser::State::done) {
        if (!parser->informational()) break;
        parser.emplace(client_.options.header_bytes, true);
        continue;
      }
      if (taken > 0) continue;
      const auto room = connection_->room();
      const auto io = co_await stream.read_some(room);
      if (io.status != NetStream::Status::ok) {
        co_return failure(Stage::proxy, io.error.empty() ? "connection closed" : io.error);
      }
      connection_->end += io.count;
    }
    if (parser->status() / 100 == 2 && connection_->unread().empty()) co_return std::nullopt;
    co_return failure(
        Stage::proxy, fmt::format("answered CONNECT {} with status {}", target, parser->status())
    );
  }

  awaitable<std::optional<HttpFailure>> secure() {
    auto context = client_.tls_context();
    if (!context) co_return failure(Stage::tls, context.error());
    auto error = co_await connection_->stream.start_tls(std::move(*context), url_.host);
    if (error.empty()) co_return std::nullopt;
    auto failed = explain(interrupt_, Stage::tls, std::move(error));
    failed.message = fmt::format("{}: {}", url_.authority(), failed.message);
    co_return failed;
  }

  HttpClientState& client_;
  const core::Url& url_;
  const std::optional<core::Url>& proxy_;
  Interrupt& interrupt_;
  core::TimePoint deadline_{};
  std::unique_ptr<ClientConnection> connection_;
};

}  // namespace

awaitable<std::expected<std::unique_ptr<ClientConnection>, HttpFailure>> open_connection(
    HttpClientState& client, const core::Url& url, const std::optional<core::Url>& proxy,
    std::optional<core::TimePoint> deadline, Interrupt& interrupt
) {
  Connector connector(client, url, proxy, interrupt);
  auto outcome = co_await connector.run(deadline);
  if (!outcome) interrupt.on_fire(nullptr);  // it would close a connection that is gone
  co_return outcome;
}

// ---- the pool

std::expected<std::shared_ptr<TlsContext>, std::string> HttpClientState::tls_context() {
  if (!tls) {
    auto made = TlsContext::make(options.tls);
    if (!made) return made;
    tls = std::move(*made);
  }
  return tls;
}

std::unique_ptr<ClientConnection> HttpClientState::take_idle(const std::string& key) {
  const auto found = idle.find(key);
  if (found == idle.end()) return nullptr;
  auto& list = found->second;
  const auto oldest = worker.timers().now() - options.reuse_idle;
  std::unique_ptr<ClientConnection> taken;
  while (!list.empty() && !taken) {
    taken = std::move(list.back());
    list.pop_back();
    --idle_count;
    if (taken->idle_since < oldest || !taken->stream.quiet()) taken.reset();
  }
  return taken;
}

void HttpClientState::put_idle(std::unique_ptr<ClientConnection> connection) {
  if (ended.aborted() || idle_count >= options.max_idle || connection->stream.closed()) return;
  connection->idle_since = worker.timers().now();
  if (connection->in.size() > largest_step / 4) connection->in = std::vector<char>(first_buffer);
  connection->begin = connection->end = 0;
  idle[connection->pool_key].push_back(std::move(connection));
  ++idle_count;
  arm_purge();
}

void HttpClientState::close_idle() {
  idle.clear();
  idle_count = 0;
}

void HttpClientState::arm_purge() {
  if (purge != 0) return;
  purge = worker.timers().arm_after(options.reuse_idle, [weak = self] {
    const auto client = weak.lock();
    if (!client) return;
    client->purge = 0;
    const auto oldest = client->worker.timers().now() - client->options.reuse_idle;
    const auto stale = [&](const auto& connection) { return connection->idle_since <= oldest; };
    for (auto origin = client->idle.begin(); origin != client->idle.end();) {
      client->idle_count -= std::erase_if(origin->second, stale);
      origin = origin->second.empty() ? client->idle.erase(origin) : std::next(origin);
    }
    if (client->idle_count > 0) client->arm_purge();
  });
}

std::shared_ptr<const HttpClientState::Origin> HttpClientState::known(const core::Url& url) {
  if (!last_origin || last_origin->url != url) {
    last_origin = std::make_shared<const Origin>(Origin{url, url.origin(), url.authority()});
  }
  return last_origin;
}

std::unique_ptr<HttpResponseParser> HttpClientState::take_parser() {
  if (parsers.empty()) return std::make_unique<HttpResponseParser>(options.header_bytes, false);
  auto parser = std::move(parsers.back());
  parsers.pop_back();
  return parser;
}

void HttpClientState::give_parser(std::unique_ptr<HttpResponseParser> parser) {
  if (parsers.size() < spare_parsers) parsers.push_back(std::move(parser));
}

}  // namespace mooring::io
