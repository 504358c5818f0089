#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/http_client.hpp"
#include "io/http_response_parser.hpp"
#include "io/interrupt.hpp"
#include "io/net_stream.hpp"

namespace mooring::io {

/// A connection of the client: in use by one exchange, or idle in the pool.
struct ClientConnection {
  explicit ClientConnection(Poller& poller) : stream(poller) {}

  /// Makes room behind `end`; what was handed out before is invalid afterwards.
  std::span<char> room();
  std::string_view unread() const { return {in.data() + begin, end - begin}; }

  NetStream stream;
  std::string pool_key;
  core::TimePoint idle_since{};
  std::vector<char> in;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What all exchanges of one client share.
struct HttpClientState {
  HttpClientState(Worker& w, HttpClientOptions o) : worker(w), options(std::move(o)) {}

  std::expected<std::shared_ptr<TlsContext>, std::string> tls_context();
  std::unique_ptr<ClientConnection> take_idle(const std::string& key);
  void put_idle(std::unique_ptr<ClientConnection> connection);
  void close_idle();
  void arm_purge();
  /// What is asked of the same URL once a call.
  struct Origin {
    core::Url url;
    std::string origin, authority;
  };
  std::shared_ptr<const Origin> known(const core::Url& url);
  std::unique_ptr<HttpResponseParser> take_parser();
  void give_parser(std::unique_ptr<HttpResponseParser> parser);

  Worker& worker;
  HttpClientOptions options;
  AbortSource ended;
  std::shared_ptr<TlsContext> tls;
  std::map<std::string, std::vector<std::unique_ptr<ClientConnection>>>
      idle;  ///< the freshest last; an origin without any is forgotten by the purge
  std::size_t idle_count = 0;
  core::Timers::Id purge = 0;
  std::shared_ptr<const Origin> last_origin;
  std::string proxied_key;  ///< of the last request that went through a proxy
  std::vector<std::unique_ptr<HttpResponseParser>> parsers;  ///< spare, for their memory
  /// Of the last request that had any, found sound, and what they are on the wire.
  std::shared_ptr<const std::vector<HttpHeader>> shared_headers;
  std::string shared_text;
  std::weak_ptr<HttpClientState> self;
};

/// The failure that `interrupt` explains, else the one at hand.
HttpFailure explain(const Interrupt& interrupt, HttpFailure::Stage stage, std::string message);

/// Resolve, connect, proxy and TLS within the connect timeout. `proxy` empty: straight to the
/// origin.
awaitable<std::expected<std::unique_ptr<ClientConnection>, HttpFailure>> open_connection(
    HttpClientState& client, const core::Url& url, const std::optional<core::Url>& proxy,
    std::optional<core::TimePoint> deadline, Interrupt& interrupt
);

/// "Basic …" of "user:password".
std::string basic_credentials(const std::string& userinfo);

}  // namespace mooring::io
