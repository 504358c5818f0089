#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <mooring/result.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/timers.hpp"
#include "io/asio.hpp"
#include "io/worker.hpp"

namespace mooring::io {

struct HeaderField {
  std::string_view name;
  std::string_view value;
};

struct HttpServerLimits {
  std::size_t header_bytes = 32 * 1024;  ///< more: 431
  std::size_t body_bytes =
      std::size_t{10}
      << 20;  ///< more: 413, the connection stays usable where the rest can be drained
  std::size_t connections = 10'000;  ///< per worker; more: 503 and close
  core::Duration header_timeout =
      std::chrono::seconds(10);  ///< from the first byte of a request to the end of its headers
  core::Duration body_timeout = std::chrono::seconds(30);   ///< without a byte of the body
  core::Duration idle_timeout = std::chrono::seconds(120);  ///< between requests
  core::Duration write_timeout =
      std::chrono::seconds(30);  ///< a peer that takes nothing for so long is dropped
};

/// One HTTP/1.1 request and the means to answer it. Lives until the handler returns; a handler that
/// returns without an answer makes it a 500. On the worker's thread only.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual std::string_view method() const = 0;
  virtual std::string_view target() const = 0;  ///< as sent, with query
  virtual std::string_view path() const = 0;    ///< target without query, not decoded
  virtual std::string_view query() const = 0;
  /// First value of a header, name case-insensitive, outer blanks removed; empty where absent.
  virtual std::string_view header(std::string_view name) const = 0;
  virtual bool has_header(std::string_view name) const = 0;
  /// Every header as it came, in order; the views live as long as the request. Empty where the
  /// exchange cannot tell.
  virtual std::vector<HeaderField> headers() const { return {}; }
  virtual std::string_view remote_address() const = 0;  ///< "127.0.0.1"
  /// How many requests came on this connection before this one.
  virtual std::size_t served_before() const { return 0; }
  /// The body, whole. May be moved from.
  virtual std::string& body() = 0;

  /// Complete answer in one write. Content-Length is added; so is Date never, Server never. False:
  /// the peer is gone.
  virtual awaitable<bool> respond(
      int status, std::span<const HeaderField> headers, std::string_view body
  ) = 0;
  awaitable<bool> respond(
      int status, std::initializer_list<HeaderField> headers, std::string_view body
  );

  /// A chunked answer: begin, any number of writes (each awaited before the next: this is the
  /// backpressure), end. A stream that the handler leaves without `end_stream` is cut (the peer
  /// sees a broken body).
  virtual awaitable<bool> begin_stream(int status, std::span<const HeaderField> headers) = 0;
  virtual awaitable<bool> write(std::string_view bytes) = 0;
  virtual awaitable<bool> end_stream() = 0;

  /// Closes the connection at once, whatever was promised; everything after it is a no-op.
  virtual void close() = 0;
  /// The same, and the peer is told by a TCP reset.
  virtual void reset() { close(); }

  virtual bool responded() const = 0;  ///< an answer or a stream was begun
  virtual bool peer_gone() const = 0;
  /// `gone` runs once when the peer closes while the handler works or waits; at once if it is gone
  /// already.
  virtual void on_peer_gone(std::function<void()> gone) = 0;
};

using HttpHandler = std::function<awaitable<void>(HttpExchange&)>;

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};

/// HTTP/1.1 front (RFC 9112): keep-alive, pipelined requests in order, `Expect: 100-continue`,
/// chunked and sized bodies. A malformed request gets 400 and its connection is closed; nothing
/// else notices.
class HttpServer {
 public:
  HttpServer(Worker& worker, HttpServerLimits limits, HttpHandler handler);
  ~HttpServer();

  /// Binds with SO_REUSEPORT when `share_port`, so that every worker can listen on one port. Port 0
  /// takes a free one.
  Result<Endpoint> listen(const std::string& host, std::uint16_t port, bool share_port = false);
  /// Stops accepting and closes idle connections; those with a request in hand go on until they
  /// answered.
  void drain();
  /// Closes everything and waits until the handlers are done.
  awaitable<void> stop();
  std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mooring::io
