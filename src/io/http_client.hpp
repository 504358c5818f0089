#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/timers.hpp"
#include "core/url.hpp"
#include "io/asio.hpp"
#include "io/async.hpp"
#include "io/worker.hpp"

namespace mooring::io {

struct TlsClientOptions {
  bool verify = true;
  std::string ca_file = {};      ///< PEM, instead of the system's store
  std::string client_cert = {};  ///< PEM
  std::string client_key = {};   ///< PEM; empty: in client_cert
};

struct HttpClientOptions {
  TlsClientOptions tls = {};
  core::Duration connect_timeout =
      std::chrono::seconds(10);  ///< resolve, connect, proxy and TLS together
  /// A pooled connection that was idle for longer is not reused: common servers close at 5 s, and a
  /// request written into a closing connection may or may not have been read.
  core::Duration reuse_idle = std::chrono::seconds(4);
  std::size_t max_idle = 128;
  /// A redirect beyond that, one to nowhere and one from https to http are handed out as they are.
  int max_redirects = 5;
  bool strict_redirect_headers = false;
  std::size_t header_bytes = 64 * 1024;
  /// Names of the environment's proxy settings are read by the caller (core/proxy_env.hpp); empty:
  /// direct.
  std::function<std::optional<core::Url>(const core::Url&)> proxy_for = {};
  /// Which addresses may be connected to, by their literal; empty: all. Not asked where a proxy
  /// connects for us.
  std::function<bool(std::string_view address)> admits = {};
};

/// Where and how an exchange failed. `bytes_sent` counts what the kernel took of this request on
/// the connection that failed.
struct HttpFailure {
  enum class Stage { resolve, connect, tls, proxy, write, headers, body };
  Stage stage = Stage::connect;
  std::size_t bytes_sent = 0;
  bool connection_reused = false;
  bool timed_out = false;
  bool aborted = false;
  std::string message = {};
};

struct HttpHeader {
  std::string name;
  std::string value;
};

struct OutgoingHttpRequest {
  std::string method = "POST";
  core::Url url;
  /// Host, Content-Length and Connection are added. A cross-origin redirect drops Authorization,
  /// Cookie and Proxy-Authorization, and every header marked `configured` when
  /// strict_redirect_headers.
  std::vector<HttpHeader> headers;
  std::size_t configured_headers =
      0;  ///< the first so many of all headers come from the user's configuration
  /// Before `headers`: what many requests have in common is built once and not copied.
  std::shared_ptr<const std::vector<HttpHeader>> shared_headers = {};
  std::string body;
  std::optional<core::TimePoint> deadline;  ///< for the head of the response; the body has its own
  AbortSource* abort = nullptr;             ///< must outlive the exchange
};

/// The head of a response and its body, pulled. The connection goes back to the pool when the body
/// was read to its end and both sides keep it alive; destroying the object earlier closes the
/// connection.
class IncomingHttpResponse {
 public:
  virtual ~IncomingHttpResponse() = default;
  virtual int status() const = 0;
  virtual std::string_view header(std::string_view name
  ) const = 0;  ///< first value, empty where absent
  virtual std::vector<HttpHeader> headers() const = 0;
  virtual std::optional<std::uint64_t> content_length() const = 0;
  virtual const core::Url& url() const = 0;  ///< after redirects
  virtual std::size_t bytes_sent() const = 0;
  virtual bool connection_reused() const = 0;
  /// What `read_some` would give without waiting, where there is something.
  virtual std::optional<std::string_view> read_now() { return std::nullopt; }
  /// The next piece of the body, valid until the next call; empty at the end.
  virtual awaitable<std::expected<std::string_view, HttpFailure>> read_some(
      std::optional<core::TimePoint> deadline = std::nullopt
  ) = 0;
  /// The rest of the body. More than `limit`: a failure at stage body, "response over N bytes".
  virtual awaitable<std::expected<std::string, HttpFailure>> read_all(
      std::size_t limit, std::optional<core::TimePoint> deadline = std::nullopt
  ) = 0;
};

/// HTTP/1.1 client with a keep-alive pool per origin. One per worker and upstream; on the worker's
/// thread only. TCP_NODELAY everywhere; both address families are tried. An idle connection is
/// not reused where the loop has seen its end; a request is repeated by the client itself only if
/// no byte of it was written.
class HttpClient {
 public:
  HttpClient(Worker& worker, HttpClientOptions options);
  ~HttpClient();  ///< exchanges that are still open fail with aborted

  awaitable<std::expected<std::unique_ptr<IncomingHttpResponse>, HttpFailure>> send(
      OutgoingHttpRequest request
  );
  std::size_t idle_connections() const;
  void close_idle();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mooring::io
